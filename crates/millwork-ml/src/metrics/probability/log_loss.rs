//! The logarithmic loss.

use crate::metrics::probability::{BinaryRows, ClassProbabilities, Probability};
use crate::metrics::sum::compensated;
use crate::metrics::{Binary, Label, MetricError, Targets};

/// The logarithmic loss of predicted probabilities of the positive class, `−Σ wᵢ (yᵢ ln pᵢ + (1 − yᵢ) ln(1 − pᵢ)) / Σ
/// wᵢ`, in nats: 0 is perfect, and `ln 2` is always saying one half.
///
/// As scikit-learn's `log_loss` with `labels=[0, 1]`. Probabilities are kept at least ε away from 0 and 1, where ε is
/// that of their type (2⁻⁵² for `f64`, 2⁻²³ for `f32`), so that one wrong certainty costs much but not everything. The
/// sum is taken in double precision also for `f32`.
///
/// ```
/// use millwork_ml::metrics::log_loss;
///
/// assert_eq!(log_loss(&[true, false], &[0.5_f32, 0.5])?, 2_f64.ln());
/// # Ok::<(), millwork_ml::metrics::MetricError>(())
/// ```
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target is neither 0 nor 1, a prediction is not from 0 to 1, or a
/// [weight](crate::metrics::Weighted) is wrong.
pub fn log_loss<P: Probability>(
    targets: impl Targets<Target: Binary>,
    probabilities: &[P],
) -> Result<f64, MetricError> {
    let rows = BinaryRows::read_probabilities("log_loss", &targets, probabilities)?;
    Ok(rows.mean(|row| {
        let of_target = if row.positive { row.score } else { 1.0 - row.score };
        surprise(of_target, P::EPSILON)
    }))
}

/// The logarithmic loss of predicted probabilities of several classes, `−Σ wᵢ ln pᵢ(yᵢ) / Σ wᵢ`, in nats: 0 is perfect,
/// and `ln k` is always saying that `k` classes are equally likely.
///
/// As scikit-learn's `log_loss`, and with the same ε as [`log_loss`].
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target has no column, or a [weight](crate::metrics::Weighted) is wrong.
pub fn multiclass_log_loss<L: Label>(
    targets: impl Targets<Target = L>,
    probabilities: &ClassProbabilities<'_, L>,
) -> Result<f64, MetricError> {
    let targets = probabilities.columns_and_weights("multiclass_log_loss", &targets)?;
    let loss = |((column, weight), row): (&(usize, f64), &[f64])| {
        weight * surprise(row[*column], probabilities.epsilon())
    };
    let total = compensated(targets.iter().zip(probabilities.rows()).map(loss));
    Ok(total / compensated(targets.iter().map(|&(_, weight)| weight)))
}

/// The loss of one row; adding 0 makes −0 of a perfect row 0.
fn surprise(probability: f64, epsilon: f64) -> f64 {
    -probability.clamp(epsilon, 1.0 - epsilon).ln() + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<P: Probability>(target: bool, probability: P, expected: f64) {
        let found = log_loss(&[target], &[probability]).expect("a value");
        assert!((found - expected).abs() < 1e-15, "{found} {expected}");
    }

    #[test]
    fn certainty_is_limited_by_the_type() {
        check(true, 0.25, 4_f64.ln());
        check(false, 0.75, 4_f64.ln());
        check(true, 1.0, 0.0);
        check(true, 0.0, 52.0 * 2_f64.ln());
        check(false, 1.0, 52.0 * 2_f64.ln());
        check(true, 0.0_f32, 23.0 * 2_f64.ln());
    }

    #[test]
    fn what_is_no_probability_is_an_error() {
        let error = |targets: [u8; 2], predictions| {
            log_loss(&targets, predictions).expect_err("no value").to_string()
        };
        let text = "the prediction of row 1 is 1.5, and `log_loss` needs probabilities from 0 to 1";
        assert_eq!(error([0, 1], &[0.5, 1.5]), text);
        let text = "the target of row 0 is neither 0 nor 1";
        assert!(error([2, 1], &[0.5, 0.5]).starts_with(text));
    }

    #[test]
    fn targets_are_found_by_their_label() {
        let probabilities = ClassProbabilities::new(&['b', 'a'], &[0.25, 0.75, 0.5, 0.5]).expect("rows");
        assert_eq!(
            multiclass_log_loss(&['a', 'b'], &probabilities),
            Ok((-(0.75_f64.ln()) - 0.5_f64.ln()) / 2.0)
        );
        assert_eq!(multiclass_log_loss(&['a', 'c'], &probabilities), Err(MetricError::NoColumn { row: 1 }));
        let mismatch = MetricError::LengthMismatch { targets: 1, values: "predictions", count: 2 };
        assert_eq!(multiclass_log_loss(&['a'], &probabilities), Err(mismatch));
    }
}
