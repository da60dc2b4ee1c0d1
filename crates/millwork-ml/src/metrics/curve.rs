//! Metrics of scores that order rows of two classes, their curves, and the same for several classes: each against all others.

use millwork_core::{MetadataValue, Series};
use serde::{Deserialize, Serialize};

use crate::metrics::rows::{BinaryRow, BinaryRows, compensated};
use crate::metrics::{Average, Binary, ClassProbabilities, Label, MetricError, Number, Targets};

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
    roc_of(&BinaryRows::read("roc_curve", &targets, scores)?)
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

fn area_of(rows: &BinaryRows) -> Result<f64, MetricError> {
    Ok(roc_of(rows)?.area())
}

fn roc_of(rows: &BinaryRows) -> Result<RocCurve, MetricError> {
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
    precision_recall_of(&BinaryRows::read("precision_recall_curve", &targets, scores)?)
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

fn average_precision_of(rows: &BinaryRows) -> Result<f64, MetricError> {
    Ok(precision_recall_of(rows)?.average_precision())
}

fn precision_recall_of(rows: &BinaryRows) -> Result<PrecisionRecallCurve, MetricError> {
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

/// The area under the receiver operating characteristic of each class against the rest, averaged over the classes.
///
/// As scikit-learn's `roc_auc_score` with `multi_class="ovr"`. [`Average::Micro`] takes every probability of every row as
/// a row of its own. O(k n log n) for `k` classes.
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target has no column, a [weight](crate::metrics::Weighted) is wrong, the
/// class asked for has no column, or a class has no rows that count (or no others have): scikit-learn warns and
/// returns NaN. In [`Average::Weighted`], classes without rows don't count.
pub fn roc_auc_one_vs_rest<L: Label>(
    targets: impl Targets<Target = L>,
    probabilities: &ClassProbabilities<'_, L>,
    average: Average<L>,
) -> Result<f64, MetricError> {
    one_vs_rest("roc_auc_one_vs_rest", &targets, probabilities, average, area_of)
}

/// The average precision of each class against the rest, averaged over the classes.
///
/// As scikit-learn's `average_precision_score` of several classes. [`Average::Micro`] takes every probability of every
/// row as a row of its own. O(k n log n) for `k` classes.
///
/// # Errors
///
/// As [`roc_auc_one_vs_rest`], but a class may have all rows.
pub fn average_precision_one_vs_rest<L: Label>(
    targets: impl Targets<Target = L>,
    probabilities: &ClassProbabilities<'_, L>,
    average: Average<L>,
) -> Result<f64, MetricError> {
    one_vs_rest("average_precision_one_vs_rest", &targets, probabilities, average, average_precision_of)
}

fn one_vs_rest<L: Label>(
    metric: &'static str,
    targets: &impl Targets<Target = L>,
    probabilities: &ClassProbabilities<'_, L>,
    average: Average<L>,
    of_rows: fn(&BinaryRows) -> Result<f64, MetricError>,
) -> Result<f64, MetricError> {
    let targets = probabilities.columns_and_weights(metric, targets)?;
    let of_class = |class: usize| {
        let rows = targets.iter().zip(probabilities.rows());
        let rows = rows.map(|(&target, row)| binary_row(target, class, row[class])).collect();
        of_rows(&BinaryRows { metric, rows }).map_err(|error| naming(class, error))
    };
    let classes = 0..probabilities.labels().len();
    match average {
        Average::Class(label) => match probabilities.column(&label) {
            Some(class) => of_class(class),
            None => Err(MetricError::UnknownClass { metric }),
        },
        Average::Macro => {
            let values: Vec<f64> = classes.map(of_class).collect::<Result<_, _>>()?;
            Ok(compensated(values.iter().copied()) / values.len() as f64)
        }
        Average::Weighted => {
            let mut weights = vec![0.0; classes.len()];
            for &(target, weight) in &targets {
                weights[target] += weight;
            }
            let present = classes.filter(|&class| weights[class] > 0.0);
            let values = present.map(|class| Ok(weights[class] * of_class(class)?));
            let values: Vec<f64> = values.collect::<Result<_, MetricError>>()?;
            Ok(compensated(values) / compensated(weights))
        }
        Average::Micro => {
            let cells = targets.iter().zip(probabilities.rows()).flat_map(|(&target, row)| {
                row.iter().enumerate().map(move |(class, &score)| binary_row(target, class, score))
            });
            of_rows(&BinaryRows { metric, rows: cells.collect() })
        }
    }
}

fn binary_row((target, weight): (usize, f64), class: usize, score: f64) -> BinaryRow {
    BinaryRow { positive: target == class, score, weight }
}

/// Reports the class without rows by the number of its column, as labels needn't be printable.
fn naming(class: usize, error: MetricError) -> MetricError {
    let MetricError::MissingClass { metric, class: side } = error else { return error };
    MetricError::MissingClass { metric, class: format!("{side} for column {class} of the classes") }
}

/// The weights at or above a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Above {
    threshold: f64,
    positive: f64,
    negative: f64,
}

/// The weights at or above each different score, from the highest score down. O(n log n).
///
/// Rows of weight 0 don't count. Weights are added up one by one and equal scores from the last row to the first, as
/// scikit-learn does, because the last bit decides whether three points are in a line.
fn above_thresholds(rows: &BinaryRows) -> Vec<Above> {
    let mut counted: Vec<&BinaryRow> = rows.rows.iter().filter(|row| row.weight > 0.0).collect();
    counted.sort_by(|left, right| left.score.total_cmp(&right.score));
    counted.reverse();
    let (mut positive, mut negative) = (0.0, 0.0);
    let ties = counted.chunk_by(|left, right| left.score == right.score);
    ties.map(|ties| {
        for row in ties {
            let sum = if row.positive { &mut positive } else { &mut negative };
            *sum += row.weight;
        }
        Above { threshold: ties[0].score, positive, negative }
    })
    .collect()
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

    fn check_precision_recall(
        targets: impl Targets<Target = u8>,
        scores: &[f64],
        expected: &[[f64; 2]],
        average: f64,
    ) {
        let curve = precision_recall_curve(&targets, scores).expect("a curve");
        let points: Vec<_> = curve.points.iter().map(|point| [point.recall, point.precision]).collect();
        assert_eq!(points, expected, "{:?} {scores:?}", targets.targets());
        assert_eq!(average_precision(&targets, scores), Ok(average));
    }

    #[test]
    fn points_are_the_ends_of_each_recall() {
        let third = 1.0 / 3.0;
        check_precision_recall(
            &[1, 0, 0, 0],
            &[0.9, 0.5, 0.4, 0.1],
            &[[0.0, 1.0], [1.0, 1.0], [1.0, 0.25]],
            1.0,
        );
        check_precision_recall(
            &[0, 0, 1],
            &[0.9, 0.5, 0.1],
            &[[0.0, 1.0], [0.0, 0.0], [0.0, 0.0], [1.0, third]],
            third,
        );
        check_precision_recall(&[1, 0], &[0.5, 0.5], &[[0.0, 1.0], [1.0, 0.5]], 0.5);
        check_precision_recall(&[1, 1], &[0.5, 0.25], &[[0.0, 1.0], [0.5, 1.0], [1.0, 1.0]], 1.0);
        let weighted = Weighted::new(&[0, 1, 1], &[1.0, 3.0, 0.0]);
        check_precision_recall(weighted, &[0.5, 0.5, 0.9], &[[0.0, 1.0], [1.0, 0.75]], 0.75);
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

    const PROBABILITIES: [f64; 9] = [0.5, 0.25, 0.25, 0.25, 0.5, 0.25, 0.5, 0.5, 0.0];

    fn check_one_vs_rest(
        targets: impl Targets<Target = char>,
        average: Average<char>,
        expected: Result<f64, &str>,
    ) {
        let probabilities = ClassProbabilities::new(&['a', 'b', 'c'], &PROBABILITIES).expect("probabilities");
        let found = roc_auc_one_vs_rest(&targets, &probabilities, average).map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{:?} {average:?}", targets.targets());
    }

    #[test]
    fn classes_are_averaged() {
        check_one_vs_rest(&['a', 'b', 'c'], Average::Class('a'), Ok(0.75));
        check_one_vs_rest(&['a', 'b', 'c'], Average::Class('c'), Ok(0.0));
        check_one_vs_rest(&['a', 'b', 'c'], Average::Macro, Ok(0.5));
        check_one_vs_rest(&['a', 'b', 'c'], Average::Weighted, Ok(0.5));
        check_one_vs_rest(
            Weighted::new(&['a', 'b', 'c'], &[2, 1, 1]),
            Average::Weighted,
            Ok((1.5 + 2.5 / 3.0) / 4.0),
        );
    }

    #[test]
    fn a_class_without_rows_counts_where_it_has_weight_only() {
        let text = "`roc_auc_one_vs_rest` has no value, because no row that counts is positive for column 2 of the \
                    classes";
        check_one_vs_rest(&['a', 'b', 'a'], Average::Macro, Err(text));
        check_one_vs_rest(&['a', 'b', 'a'], Average::Weighted, Ok((2.0 * 1.0 + 0.75) / 3.0));
        let text = "no row has the class that `roc_auc_one_vs_rest` is asked for";
        check_one_vs_rest(&['a', 'b', 'a'], Average::Class('x'), Err(text));
    }

    #[test]
    fn equal_scores_share_a_threshold() {
        let targets = Weighted::new(&[1, 0, 1, 0, 1], &[1.0, 2.0, 0.5, 1.0, 0.0]);
        let rows = BinaryRows::read("test", &targets, &[0.5, 0.5, 0.9, 0.0, 0.7]).expect("rows");
        let above = |threshold, positive, negative| Above { threshold, positive, negative };
        let expected = [above(0.9, 0.5, 0.0), above(0.5, 1.5, 2.0), above(0.0, 1.5, 3.0)];
        assert_eq!(above_thresholds(&rows), expected);
    }
}
