//! Precision, recall and what is between them: of one class, or averaged over all.

use crate::metrics::classification::tally::{Numbered, Tally, ratio};
use crate::metrics::{Label, MetricError, Targets};

/// How a metric of one class becomes a number for all classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average<L> {
    /// No average: the metric of this class alone, as scikit-learn's `binary` with this `pos_label`.
    Class(L),
    /// The mean over the classes, each counting once.
    Macro,
    /// The metric of the sums over the classes: each row counts once.
    Micro,
    /// The mean over the classes, weighted by the targets of each.
    Weighted,
}

/// The precision, `TP / (TP + FP)`: which share of the rows that are predicted to be of a class are of it. 1 is perfect,
/// 0 the worst.
///
/// As scikit-learn's `precision_score`. A class that is never predicted has a precision of 0 (there, too, with a
/// warning): the worst value, so that nobody passes a gate by predicting nothing.
///
/// ```
/// use millwork_ml::metrics::{Average, precision};
///
/// let (spam, flagged) = ([true, true, false, false], [true, false, true, false]);
/// assert_eq!(precision(&spam, &flagged, Average::Class(true))?, 0.5);
///
/// let (kinds, guesses) = (["ask", "show", "ask"], ["ask", "ask", "ask"]);
/// assert_eq!(precision(&kinds, &guesses, Average::Macro)?, 1.0 / 3.0);
/// # Ok::<(), millwork_ml::metrics::MetricError>(())
/// ```
///
/// # Errors
///
/// When the lengths differ, there are no rows, a [weight](crate::metrics::Weighted) is wrong, or the class asked for is
/// no row's although there are two others (with fewer, its rows may just be missing, and the value is 0).
pub fn precision<L: Label>(
    targets: impl Targets<Target = L>,
    predictions: &[L],
    average: Average<L>,
) -> Result<f64, MetricError> {
    averaged("precision", &targets, predictions, average, Tally::precision)
}

/// The recall, `TP / (TP + FN)`: which share of the rows of a class are predicted to be of it. 1 is perfect, 0 the worst.
///
/// As scikit-learn's `recall_score`; a class without rows has a recall of 0.
///
/// # Errors
///
/// As [`precision`].
pub fn recall<L: Label>(
    targets: impl Targets<Target = L>,
    predictions: &[L],
    average: Average<L>,
) -> Result<f64, MetricError> {
    averaged("recall", &targets, predictions, average, Tally::recall)
}

/// The harmonic mean of precision and recall, `2 TP / (2 TP + FP + FN)`: 1 is perfect, 0 the worst.
///
/// As scikit-learn's `f1_score`; a class that is neither target nor predicted has 0.
///
/// # Errors
///
/// As [`precision`].
pub fn f1<L: Label>(
    targets: impl Targets<Target = L>,
    predictions: &[L],
    average: Average<L>,
) -> Result<f64, MetricError> {
    averaged("f1", &targets, predictions, average, |tally| tally.f_beta(1.0))
}

/// The mean of precision and recall in which recall counts `beta` times as much, `(1 + β²) TP / ((1 + β²) TP + β² FN +
/// FP)` (van Rijsbergen, "Information retrieval", 1979): 1 is perfect, 0 the worst.
///
/// As scikit-learn's `fbeta_score`: precision for 0, recall for infinity.
///
/// # Errors
///
/// As [`precision`], and when `beta` is negative or not a number.
pub fn f_beta<L: Label>(
    targets: impl Targets<Target = L>,
    predictions: &[L],
    beta: f64,
    average: Average<L>,
) -> Result<f64, MetricError> {
    if beta.is_nan() || beta < 0.0 {
        let (metric, parameter, needed) = ("f_beta", "beta", "0 or more");
        return Err(MetricError::Parameter { metric, parameter, number: beta, needed });
    }
    averaged("f_beta", &targets, predictions, average, |tally| tally.f_beta(beta))
}

fn averaged<L: Label>(
    metric: &'static str,
    targets: &impl Targets<Target = L>,
    predictions: &[L],
    average: Average<L>,
    of_class: impl Fn(Tally) -> f64,
) -> Result<f64, MetricError> {
    let numbered = Numbered::read(metric, targets, predictions)?;
    let tallies = numbered.tallies();
    let classes = tallies.iter().map(|&tally| of_class(tally));
    Ok(match average {
        Average::Class(label) => match numbered.labels.binary_search(&label) {
            Ok(class) => of_class(tallies[class]),
            Err(_) if numbered.labels.len() < 2 => of_class(Tally::default()),
            Err(_) => return Err(MetricError::UnknownClass { metric }),
        },
        Average::Macro => classes.sum::<f64>() / tallies.len() as f64,
        Average::Micro => of_class(tallies.iter().fold(Tally::default(), |sum, &tally| sum.plus(tally))),
        Average::Weighted => {
            let weights = tallies.iter().map(|tally| tally.actual);
            ratio(classes.zip(weights.clone()).map(|(value, weight)| value * weight).sum(), weights.sum())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [&str; 6] = ["ask", "ask", "show", "show", "show", "job"];
    const GUESSES: [&str; 6] = ["ask", "show", "show", "show", "ask", "ask"];

    fn check(average: Average<&str>, expected: [f64; 3]) {
        let found = [
            precision(&KINDS, &GUESSES, average),
            recall(&KINDS, &GUESSES, average),
            f1(&KINDS, &GUESSES, average),
        ];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found.expect("a value") - expected).abs() < 1e-15, "{average:?}");
        }
    }

    #[test]
    fn averages_follow_their_formulas() {
        check(Average::Class("ask"), [1.0 / 3.0, 0.5, 0.4]);
        check(Average::Class("show"), [2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0]);
        check(Average::Class("job"), [0.0, 0.0, 0.0]);
        check(Average::Macro, [1.0 / 3.0, 7.0 / 18.0, (0.4 + 2.0 / 3.0) / 3.0]);
        check(Average::Micro, [0.5, 0.5, 0.5]);
        check(Average::Weighted, [4.0 / 9.0, 0.5, (0.8 + 2.0) / 6.0]);
    }

    #[test]
    fn beta_moves_between_precision_and_recall() {
        let f = |beta| f_beta(&KINDS, &GUESSES, beta, Average::Class("ask"));
        assert_eq!(f(0.0), precision(&KINDS, &GUESSES, Average::Class("ask")));
        assert_eq!(f(f64::INFINITY), recall(&KINDS, &GUESSES, Average::Class("ask")));
        assert_eq!(f(1.0), f1(&KINDS, &GUESSES, Average::Class("ask")));
        let error = f(-1.0).expect_err("a negative beta").to_string();
        assert_eq!(error, "the beta of `f_beta` is -1, and must be 0 or more");
    }

    #[test]
    fn a_class_without_rows_is_an_error_where_two_others_have_some() {
        let unknown = Err(MetricError::UnknownClass { metric: "f1" });
        assert_eq!(f1(&KINDS, &GUESSES, Average::Class("Ask")), unknown);
        assert_eq!(f1(&[false, false], &[false, false], Average::Class(true)), Ok(0.0));
    }
}
