//! Metrics of two classes, for several: each class against all others.

use crate::metrics::curve::precision_recall::average_precision_of;
use crate::metrics::curve::roc::area_of;
use crate::metrics::probability::{BinaryRow, BinaryRows};
use crate::metrics::sum::compensated;
use crate::metrics::{Average, ClassProbabilities, Label, MetricError, Targets};

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

/// Says of which class a column has no rows, by its number, as labels needn't be printable.
fn naming(class: usize, error: MetricError) -> MetricError {
    match error {
        MetricError::MissingClass { metric, class: side } => {
            MetricError::MissingClass { metric, class: format!("{side} for column {class} of the classes") }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Weighted;

    const PROBABILITIES: [f64; 9] = [0.5, 0.25, 0.25, 0.25, 0.5, 0.25, 0.5, 0.5, 0.0];

    fn check(targets: impl Targets<Target = char>, average: Average<char>, expected: Result<f64, &str>) {
        let probabilities = ClassProbabilities::new(&['a', 'b', 'c'], &PROBABILITIES).expect("probabilities");
        let found = roc_auc_one_vs_rest(&targets, &probabilities, average).map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{:?} {average:?}", targets.targets());
    }

    #[test]
    fn classes_are_averaged() {
        check(&['a', 'b', 'c'], Average::Class('a'), Ok(0.75));
        check(&['a', 'b', 'c'], Average::Class('c'), Ok(0.0));
        check(&['a', 'b', 'c'], Average::Macro, Ok(0.5));
        check(&['a', 'b', 'c'], Average::Weighted, Ok(0.5));
        check(Weighted::new(&['a', 'b', 'c'], &[2, 1, 1]), Average::Weighted, Ok((1.5 + 2.5 / 3.0) / 4.0));
    }

    #[test]
    fn a_class_without_rows_counts_where_it_has_weight_only() {
        let text = "`roc_auc_one_vs_rest` has no value, because no row that counts is positive for column 2 of the \
                    classes";
        check(&['a', 'b', 'a'], Average::Macro, Err(text));
        check(&['a', 'b', 'a'], Average::Weighted, Ok((2.0 * 1.0 + 0.75) / 3.0));
        let text = "the class that `roc_auc_one_vs_rest` is asked for is no row's";
        check(&['a', 'b', 'a'], Average::Class('x'), Err(text));
    }
}
