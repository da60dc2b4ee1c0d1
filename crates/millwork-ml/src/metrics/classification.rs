//! Metrics of predicted classes: how far they agree with the targets in one number, and of one class or averaged over all.
//!
//! What they all need of each class is counted once, in O(n log n), however many classes there are.

use std::collections::BTreeSet;

use crate::metrics::rows::{checked_weights, compensated};
use crate::metrics::{Label, MetricError, Targets};

/// The accuracy, `Σ wᵢ [yᵢ = ŷᵢ] / Σ wᵢ`: the share of rows that are predicted right.
///
/// As scikit-learn's `accuracy_score`. Labels are anything with a total order:
///
/// ```
/// use millwork_ml::metrics::accuracy;
///
/// assert_eq!(accuracy(&["ask", "show"], &["ask", "ask"])?, 0.5);
/// # Ok::<(), millwork_ml::metrics::MetricError>(())
/// ```
///
/// # Errors
///
/// When the lengths differ, there are no rows, or a [weight](crate::metrics::Weighted) is wrong.
pub fn accuracy<L: Label>(targets: impl Targets<Target = L>, predictions: &[L]) -> Result<f64, MetricError> {
    let counts = Counts::read("accuracy", &targets, predictions)?;
    Ok(counts.correct / counts.rows)
}

/// The balanced accuracy: the mean recall of the classes that targets have, so that rare classes count as much as
/// frequent ones. 1 is perfect, and always predicting the same of `k` classes gives `1/k`.
///
/// As scikit-learn's `balanced_accuracy_score` (which warns where classes are predicted that no target has).
///
/// # Errors
///
/// As [`accuracy`].
pub fn balanced_accuracy<L: Label>(
    targets: impl Targets<Target = L>,
    predictions: &[L],
) -> Result<f64, MetricError> {
    let counts = Counts::read("balanced_accuracy", &targets, predictions)?;
    let actual = counts.tallies.iter().filter(|tally| tally.actual > 0.0);
    Ok(actual.clone().map(|tally| tally.recall()).sum::<f64>() / actual.count() as f64)
}

/// Matthews' correlation coefficient, from −1 to 1: 1 is perfect, and 0 is what constant or random predictions reach,
/// however unbalanced the classes are. For several classes it is `(c s − Σ tₖpₖ) / √((s² − Σ pₖ²)(s² − Σ tₖ²))` with the
/// weight `s` of all rows, `c` of the right ones, `tₖ` of the targets and `pₖ` of the predictions of a class (Gorodkin,
/// "Comparing two K-category assignments by a K-category correlation coefficient", 2004).
///
/// As scikit-learn's `matthews_corrcoef`: 0 where all targets or all predictions are of one class.
///
/// # Errors
///
/// As [`accuracy`].
pub fn matthews_correlation<L: Label>(
    targets: impl Targets<Target = L>,
    predictions: &[L],
) -> Result<f64, MetricError> {
    let counts = Counts::read("matthews_correlation", &targets, predictions)?;
    let covariance = |left: fn(&Tally) -> f64, right: fn(&Tally) -> f64| {
        compensated(counts.tallies.iter().map(|tally| left(tally) * (counts.rows - right(tally))))
    };
    if counts.classes(|tally| tally.predicted) == 1 || counts.classes(|tally| tally.actual) == 1 {
        return Ok(0.0);
    }
    let predicted = covariance(|tally| tally.predicted, |tally| tally.predicted);
    let actual = covariance(|tally| tally.actual, |tally| tally.actual);
    let wrong = counts.rows - counts.correct;
    let both = covariance(|tally| tally.actual, |tally| tally.predicted) - wrong * counts.rows;
    // In this order, full agreement is exactly 1.
    Ok(both / actual / (predicted / actual).sqrt())
}

/// Cohen's kappa, `(p − e) / (1 − e)`: how much of the agreement that chance doesn't explain is reached, with the
/// accuracy `p` and the agreement `e` of random labels in the same proportions (Cohen, "A coefficient of agreement for
/// nominal scales", 1960). 1 is perfect, 0 is chance.
///
/// As scikit-learn's `cohen_kappa_score` without weights of classes.
///
/// # Errors
///
/// As [`accuracy`], and when all targets and predictions are of one class (scikit-learn warns and returns NaN).
pub fn cohen_kappa<L: Label>(
    targets: impl Targets<Target = L>,
    predictions: &[L],
) -> Result<f64, MetricError> {
    const METRIC: &str = "cohen_kappa";
    let counts = Counts::read(METRIC, &targets, predictions)?;
    if counts.classes(|tally| tally.actual + tally.predicted) == 1 {
        return Err(MetricError::OneClass { metric: METRIC });
    }
    let by_chance = counts.tallies.iter().map(|tally| tally.actual * (counts.rows - tally.predicted));
    Ok(1.0 - (counts.rows - counts.correct) * counts.rows / compensated(by_chance))
}

/// The counts of each class and of all classes.
struct Counts {
    tallies: Vec<Tally>,
    rows: f64,
    correct: f64,
}

impl Counts {
    fn read<L: Label>(
        metric: &'static str,
        targets: &impl Targets<Target = L>,
        predictions: &[L],
    ) -> Result<Self, MetricError> {
        let tallies = Numbered::read(metric, targets, predictions)?.tallies();
        let rows = compensated(tallies.iter().map(|tally| tally.actual));
        let correct = compensated(tallies.iter().map(|tally| tally.correct));
        Ok(Self { tallies, rows, correct })
    }

    /// How many classes have some weight: exactly, whatever the weights' last bits.
    fn classes(&self, weight: impl Fn(&Tally) -> f64) -> usize {
        self.tallies.iter().filter(|tally| weight(tally) > 0.0).count()
    }
}

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
/// warning): the worst value, so that a model that predicts no positive row passes no gate.
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

/// How much weight one class has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    /// In rows that are of the class and predicted so.
    pub(super) correct: f64,
    /// In rows that are predicted to be of the class.
    pub(super) predicted: f64,
    /// In rows that are of the class.
    pub(super) actual: f64,
}

impl Tally {
    pub(super) fn precision(self) -> f64 {
        ratio(self.correct, self.predicted)
    }

    pub(super) fn recall(self) -> f64 {
        ratio(self.correct, self.actual)
    }

    pub(super) fn f_beta(self, beta: f64) -> f64 {
        if beta.is_infinite() {
            return self.recall();
        }
        let square = beta * beta;
        ratio((1.0 + square) * self.correct, square * self.actual + self.predicted)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            correct: self.correct + other.correct,
            predicted: self.predicted + other.predicted,
            actual: self.actual + other.actual,
        }
    }
}

/// A share, which is 0 where there is nothing to have a share of.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

/// Rows whose labels are numbered in ascending order.
pub(super) struct Numbered<L> {
    /// The labels of targets and predictions, ascending, each once.
    pub(super) labels: Vec<L>,
    /// The number of the target's label, that of the prediction's, and the weight of each row.
    pub(super) rows: Vec<(usize, usize, f64)>,
}

impl<L: Label> Numbered<L> {
    pub(super) fn read(
        metric: &'static str,
        targets: &impl Targets<Target = L>,
        predictions: &[L],
    ) -> Result<Self, MetricError> {
        let weights = checked_weights(metric, 1, targets, predictions.len())?;
        // One by one, because labels are few: to sort all rows would take longer, and more memory.
        let mut labels = BTreeSet::new();
        labels.extend(targets.targets().iter().chain(predictions));
        let labels: Vec<&L> = labels.into_iter().collect();
        let number = |label| labels.binary_search(&label).expect("every label is listed");
        let pairs = targets.targets().iter().zip(predictions).zip(weights);
        let rows = pairs.map(|((target, prediction), weight)| (number(target), number(prediction), weight));
        let rows = rows.collect();
        Ok(Self { labels: labels.into_iter().cloned().collect(), rows })
    }

    /// The counts of each class, in the order of the labels.
    fn tallies(&self) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); self.labels.len()];
        for &(target, prediction, weight) in &self.rows {
            tallies[target].actual += weight;
            tallies[prediction].predicted += weight;
            if target == prediction {
                tallies[target].correct += weight;
            }
        }
        tallies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(targets: &[u32], predictions: &[u32], expected: [Option<f64>; 4]) {
        let found = [
            accuracy(targets, predictions),
            balanced_accuracy(targets, predictions),
            matthews_correlation(targets, predictions),
            cohen_kappa(targets, predictions),
        ];
        assert_eq!(found.map(Result::ok), expected, "{targets:?} {predictions:?}");
    }

    #[test]
    fn metrics_follow_their_formulas() {
        check(&[0, 1, 2], &[0, 1, 2], [Some(1.0); 4]);
        check(&[0, 1], &[1, 0], [Some(0.0), Some(0.0), Some(-1.0), Some(-1.0)]);
        check(&[0, 0, 0, 1], &[0, 0, 0, 0], [Some(0.75), Some(0.5), Some(0.0), Some(0.0)]);
        check(&[7, 7], &[7, 7], [Some(1.0), Some(1.0), Some(0.0), None]);
        check(&[7, 7], &[8, 8], [Some(0.0), Some(0.0), Some(0.0), Some(0.0)]);
    }

    #[test]
    fn labels_are_anything_with_an_order() {
        let (titles, guesses) = (vec!["a".to_owned()], ["a".to_owned()]);
        assert_eq!(accuracy(&titles, &guesses), Ok(1.0));
        assert_eq!(accuracy(&[true, false], &[true, true]), Ok(0.5));
        assert_eq!(accuracy(&['x'], &['y']), Ok(0.0));
        let none: [u8; 0] = [];
        assert!(accuracy(&none, &none).is_err());
    }

    const KINDS: [&str; 6] = ["ask", "ask", "show", "show", "show", "job"];
    const GUESSES: [&str; 6] = ["ask", "show", "show", "show", "ask", "ask"];

    fn check_average(average: Average<&str>, expected: [f64; 3]) {
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
        check_average(Average::Class("ask"), [1.0 / 3.0, 0.5, 0.4]);
        check_average(Average::Class("show"), [2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0]);
        check_average(Average::Class("job"), [0.0, 0.0, 0.0]);
        check_average(Average::Macro, [1.0 / 3.0, 7.0 / 18.0, (0.4 + 2.0 / 3.0) / 3.0]);
        check_average(Average::Micro, [0.5, 0.5, 0.5]);
        check_average(Average::Weighted, [4.0 / 9.0, 0.5, (0.8 + 2.0) / 6.0]);
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
