//! How far predicted classes agree with the targets, in one number for all classes.

use crate::metrics::classification::tally::{Numbered, Tally};
use crate::metrics::sum::compensated;
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

/// What is counted of each class and of all.
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
}
