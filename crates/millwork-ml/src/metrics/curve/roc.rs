//! The receiver operating characteristic.

use millwork_core::{MetadataValue, Series};
use serde::{Deserialize, Serialize};

use crate::metrics::curve::threshold::{Above, above_thresholds};
use crate::metrics::probability::BinaryRows;
use crate::metrics::sum::compensated;
use crate::metrics::{Binary, MetricError, Number, Targets};

/// Which shares of the positive and of the negative rows are found positive, threshold by threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RocCurve {
    /// The points, from (0, 0) at the highest threshold to (1, 1).
    pub points: Vec<RocPoint>,
}

/// One point of a [`RocCurve`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Rows with this score or a higher one are found positive; `None` is above all scores.
    pub threshold: Option<f64>,
    /// The share of negative rows that are found positive.
    pub false_positive_rate: f64,
    /// The share of positive rows that are found positive: the recall.
    pub true_positive_rate: f64,
}

impl RocCurve {
    /// The area under the curve, by trapezoids.
    pub fn area(&self) -> f64 {
        compensated(self.points.windows(2).map(|pair| {
            let width = pair[1].false_positive_rate - pair[0].false_positive_rate;
            width * f64::midpoint(pair[0].true_positive_rate, pair[1].true_positive_rate)
        }))
    }
}

/// The receiver operating characteristic of scores, of which higher ones mean positive. Any scores will do:
/// probabilities, margins, distances. O(n log n).
///
/// As scikit-learn's `roc_curve`: points in the middle of a straight line are left out.
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target is neither 0 nor 1, a score is not finite, a
/// [weight](crate::metrics::Weighted) is wrong, or there are no positive or no negative rows that count (scikit-learn
/// warns and returns NaN).
pub fn roc_curve(
    targets: impl Targets<Target: Binary>,
    scores: &[impl Number],
) -> Result<RocCurve, MetricError> {
    curve(&BinaryRows::read("roc_curve", &targets, scores)?)
}

/// The area under the receiver operating characteristic: how likely a positive row has a higher score than a negative one
/// (half for equal scores). 1 is perfect, 0.5 is chance (Hanley and McNeil, 1982).
///
/// As scikit-learn's `roc_auc_score`. O(n log n).
///
/// ```
/// use millwork_ml::metrics::roc_auc;
///
/// assert_eq!(roc_auc(&[0, 0, 1, 1], &[0.1_f32, 0.4, 0.35, 0.8])?, 0.75);
/// # Ok::<(), millwork_ml::metrics::MetricError>(())
/// ```
///
/// # Errors
///
/// As [`roc_curve`].
pub fn roc_auc(targets: impl Targets<Target: Binary>, scores: &[impl Number]) -> Result<f64, MetricError> {
    area_of(&BinaryRows::read("roc_auc", &targets, scores)?)
}

pub(super) fn area_of(rows: &BinaryRows) -> Result<f64, MetricError> {
    Ok(curve(rows)?.area())
}

fn curve(rows: &BinaryRows) -> Result<RocCurve, MetricError> {
    let above = above_thresholds(rows);
    let all = above[above.len() - 1];
    for (class, weight) in [("positive", all.positive), ("negative", all.negative)] {
        if weight == 0.0 {
            return Err(MetricError::MissingClass { metric: rows.metric, class: class.to_owned() });
        }
    }
    let first = RocPoint { threshold: None, false_positive_rate: 0.0, true_positive_rate: 0.0 };
    let point = |above: &Above| RocPoint {
        threshold: Some(above.threshold),
        false_positive_rate: above.negative / all.negative,
        true_positive_rate: above.positive / all.positive,
    };
    Ok(RocCurve { points: [first].into_iter().chain(corners(&above).map(point)).collect() })
}

/// The thresholds at which the curve begins, turns or ends.
fn corners(above: &[Above]) -> impl Iterator<Item = &Above> {
    let turns = |place: usize| match above.get(place.wrapping_sub(1)..=place + 1) {
        Some([before, here, after]) => {
            let bend =
                |number: fn(&Above) -> f64| (number(after) - number(here)) - (number(here) - number(before));
            bend(|above| above.negative) != 0.0 || bend(|above| above.positive) != 0.0
        }
        _ => true,
    };
    above.iter().enumerate().filter(move |(place, _)| turns(*place)).map(|(_, above)| above)
}

/// The share of positive rows by the share of negative ones.
impl From<&RocCurve> for MetadataValue {
    fn from(curve: &RocCurve) -> Self {
        let numbers = |number: fn(&RocPoint) -> f64| curve.points.iter().map(number).collect();
        Self::Series(Series {
            x_label: "false positive rate".to_owned(),
            x: numbers(|point| point.false_positive_rate),
            y: [("true positive rate".to_owned(), numbers(|point| point.true_positive_rate))].into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Weighted;

    fn check(targets: impl Targets<Target = u8>, scores: &[f64], expected: &[[f64; 2]], area: f64) {
        let curve = roc_curve(&targets, scores).expect("a curve");
        let points = curve.points.iter().map(|point| [point.false_positive_rate, point.true_positive_rate]);
        assert_eq!(points.collect::<Vec<_>>(), expected, "{:?} {scores:?}", targets.targets());
        assert_eq!(roc_auc(&targets, scores), Ok(area));
        let thresholds: Vec<_> = curve.points.iter().map(|point| point.threshold).collect();
        assert!(
            thresholds[0].is_none() && thresholds.is_sorted_by(|left, right| left.is_none() || left > right)
        );
    }

    #[test]
    fn points_are_corners() {
        check(&[0, 0, 1, 1], &[0.1, 0.2, 0.3, 0.4], &[[0.0, 0.0], [0.0, 0.5], [0.0, 1.0], [1.0, 1.0]], 1.0);
        check(&[1, 1, 0, 0], &[0.1, 0.2, 0.3, 0.4], &[[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [1.0, 1.0]], 0.0);
        check(&[0, 1, 0, 1], &[-0.0, 0.0, 0.0, 0.0], &[[0.0, 0.0], [1.0, 1.0]], 0.5);
        let weighted = Weighted::new(&[0, 1, 1], &[1.0, 3.0, 1.0]);
        check(weighted, &[0.5, 0.9, 0.1], &[[0.0, 0.0], [0.0, 0.75], [1.0, 0.75], [1.0, 1.0]], 0.75);
    }

    #[test]
    fn both_classes_are_needed() {
        let missing = |class: &str| MetricError::MissingClass { metric: "roc_auc", class: class.to_owned() };
        assert_eq!(roc_auc(&[true, true], &[0.1, 0.2]), Err(missing("negative")));
        assert_eq!(roc_auc(Weighted::new(&[0.0, 1.0], &[1, 0]), &[0.1, 0.2]), Err(missing("positive")));
        let error = roc_auc(&[0, 2], &[0.1, 0.2]).expect_err("no class");
        assert_eq!(error, MetricError::NotBinary { row: 1 });
    }

    #[test]
    fn it_is_a_series_of_metadata_and_comes_back_from_json() {
        let curve = roc_curve(&[0, 1], &[0.25, 0.75]).expect("a curve");
        let MetadataValue::Series(series) = MetadataValue::from(&curve) else { panic!("no series") };
        assert_eq!(series.x.len(), series.y["true positive rate"].len());
        let json = serde_json::to_string(&curve).expect("JSON");
        assert_eq!(serde_json::from_str::<RocCurve>(&json).expect("a curve"), curve);
    }
}
