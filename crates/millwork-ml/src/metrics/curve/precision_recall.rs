//! The precision-recall curve.

use millwork_core::{MetadataValue, Series};
use serde::{Deserialize, Serialize};

use crate::metrics::curve::threshold::{Above, above_thresholds};
use crate::metrics::probability::BinaryRows;
use crate::metrics::sum::compensated;
use crate::metrics::{Binary, MetricError, Number, Targets};

/// Precision and recall of the positive class, threshold by threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecallCurve {
    /// The points, from recall 0 at the highest threshold to recall 1.
    pub points: Vec<PrecisionRecallPoint>,
}

/// One point of a [`PrecisionRecallCurve`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecallPoint {
    /// Rows with this score or a higher one are found positive; `None` is above all scores.
    pub threshold: Option<f64>,
    /// The share of positive rows among those found positive; 1 where none is found.
    pub precision: f64,
    /// The share of positive rows that are found positive.
    pub recall: f64,
}

impl PrecisionRecallCurve {
    /// The average precision, `Σ (Rₙ − Rₙ₋₁) Pₙ`: the area under the curve by steps, because a straight line between two
    /// points promises more than can be reached (Davis and Goadrich, "The relationship between precision-recall and
    /// ROC curves", ICML 2006).
    pub fn average_precision(&self) -> f64 {
        let steps = self.points.windows(2);
        compensated(steps.map(|pair| (pair[1].recall - pair[0].recall) * pair[1].precision))
    }
}

/// The precision-recall curve of scores, of which higher ones mean positive. O(n log n).
///
/// As scikit-learn's `precision_recall_curve` with `drop_intermediate=True`, in the opposite order: of several thresholds
/// with the same recall only the first and the last are points.
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target is neither 0 nor 1, a score is not finite, a
/// [weight](crate::metrics::Weighted) is wrong, or there are no positive rows that count (scikit-learn warns and takes
/// every recall as 1).
pub fn precision_recall_curve(
    targets: impl Targets<Target: Binary>,
    scores: &[impl Number],
) -> Result<PrecisionRecallCurve, MetricError> {
    curve(&BinaryRows::read("precision_recall_curve", &targets, scores)?)
}

/// The average precision of scores, also known as the area under the precision-recall curve
/// ([by steps](PrecisionRecallCurve::average_precision)): 1 is perfect, and chance reaches the share of positive rows.
///
/// As scikit-learn's `average_precision_score`. O(n log n).
///
/// # Errors
///
/// As [`precision_recall_curve`] (where there are no positive rows, scikit-learn warns and returns 0).
pub fn average_precision(
    targets: impl Targets<Target: Binary>,
    scores: &[impl Number],
) -> Result<f64, MetricError> {
    average_precision_of(&BinaryRows::read("average_precision", &targets, scores)?)
}

pub(super) fn average_precision_of(rows: &BinaryRows) -> Result<f64, MetricError> {
    Ok(curve(rows)?.average_precision())
}

fn curve(rows: &BinaryRows) -> Result<PrecisionRecallCurve, MetricError> {
    let above = above_thresholds(rows);
    let all = above[above.len() - 1].positive;
    if all == 0.0 {
        return Err(MetricError::MissingClass { metric: rows.metric, class: "positive".to_owned() });
    }
    let first = PrecisionRecallPoint { threshold: None, precision: 1.0, recall: 0.0 };
    let point = |above: &Above| PrecisionRecallPoint {
        threshold: Some(above.threshold),
        precision: above.positive / (above.positive + above.negative),
        recall: above.positive / all,
    };
    Ok(PrecisionRecallCurve { points: [first].into_iter().chain(ends(&above).map(point)).collect() })
}

/// The first and the last threshold of each recall.
fn ends(above: &[Above]) -> impl Iterator<Item = &Above> {
    let is_end = |place: usize| match above.get(place.wrapping_sub(1)..=place + 1) {
        Some([before, here, after]) => before.positive != here.positive || here.positive != after.positive,
        _ => true,
    };
    above.iter().enumerate().filter(move |(place, _)| is_end(*place)).map(|(_, above)| above)
}

/// Precision by recall.
impl From<&PrecisionRecallCurve> for MetadataValue {
    fn from(curve: &PrecisionRecallCurve) -> Self {
        let numbers = |number: fn(&PrecisionRecallPoint) -> f64| curve.points.iter().map(number).collect();
        Self::Series(Series {
            x_label: "recall".to_owned(),
            x: numbers(|point| point.recall),
            y: [("precision".to_owned(), numbers(|point| point.precision))].into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Weighted;

    fn check(targets: impl Targets<Target = u8>, scores: &[f64], expected: &[[f64; 2]], average: f64) {
        let curve = precision_recall_curve(&targets, scores).expect("a curve");
        let points: Vec<_> = curve.points.iter().map(|point| [point.recall, point.precision]).collect();
        assert_eq!(points, expected, "{:?} {scores:?}", targets.targets());
        assert_eq!(average_precision(&targets, scores), Ok(average));
    }

    #[test]
    fn points_are_the_ends_of_each_recall() {
        let third = 1.0 / 3.0;
        check(&[1, 0, 0, 0], &[0.9, 0.5, 0.4, 0.1], &[[0.0, 1.0], [1.0, 1.0], [1.0, 0.25]], 1.0);
        check(&[0, 0, 1], &[0.9, 0.5, 0.1], &[[0.0, 1.0], [0.0, 0.0], [0.0, 0.0], [1.0, third]], third);
        check(&[1, 0], &[0.5, 0.5], &[[0.0, 1.0], [1.0, 0.5]], 0.5);
        check(&[1, 1], &[0.5, 0.25], &[[0.0, 1.0], [0.5, 1.0], [1.0, 1.0]], 1.0);
        let weighted = Weighted::new(&[0, 1, 1], &[1.0, 3.0, 0.0]);
        check(weighted, &[0.5, 0.5, 0.9], &[[0.0, 1.0], [1.0, 0.75]], 0.75);
    }

    #[test]
    fn a_positive_row_is_needed() {
        let missing = MetricError::MissingClass { metric: "average_precision", class: "positive".to_owned() };
        assert_eq!(average_precision(&[false, false], &[0.1, 0.2]), Err(missing));
    }

    #[test]
    fn it_is_a_series_of_metadata() {
        let curve = precision_recall_curve(&[0, 1], &[0.25, 0.75]).expect("a curve");
        let MetadataValue::Series(series) = MetadataValue::from(&curve) else { panic!("no series") };
        assert_eq!((series.x[0], series.y["precision"][0]), (0.0, 1.0));
    }
}
