//! The Brier score.

use crate::metrics::probability::{BinaryRows, ClassProbabilities};
use crate::metrics::sum::compensated;
use crate::metrics::{Binary, Label, MetricError, Number, Targets};

/// The Brier score of predicted probabilities of the positive class, `Σ wᵢ(pᵢ − yᵢ)² / Σ wᵢ`: 0 is perfect, and 0.25 is
/// always saying one half (Brier, "Verification of forecasts expressed in terms of probability", 1950).
///
/// As scikit-learn's `brier_score_loss`.
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target is neither 0 nor 1, a prediction is not from 0 to 1, or a
/// [weight](crate::metrics::Weighted) is wrong.
pub fn brier_score(
    targets: impl Targets<Target: Binary>,
    probabilities: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = BinaryRows::read_probabilities("brier_score", &targets, probabilities)?;
    Ok(rows.mean(|row| (row.score - f64::from(u8::from(row.positive))).powi(2)))
}

/// The Brier score of predicted probabilities of several classes, `Σ wᵢ Σₖ (pᵢₖ − [yᵢ = k])² / Σ wᵢ`: 0 is perfect, 2 the
/// worst.
///
/// As scikit-learn's `brier_score_loss` with `scale_by_half=False`, so for two classes it is twice [`brier_score`].
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target has no column, or a [weight](crate::metrics::Weighted) is wrong.
pub fn multiclass_brier_score<L: Label>(
    targets: impl Targets<Target = L>,
    probabilities: &ClassProbabilities<'_, L>,
) -> Result<f64, MetricError> {
    let targets = probabilities.columns_and_weights("multiclass_brier_score", &targets)?;
    let of_row = |((target, weight), row): (&(usize, f64), &[f64])| {
        let squares = row.iter().enumerate().map(|(column, &number)| {
            let expected = f64::from(u8::from(column == *target));
            (number - expected).powi(2)
        });
        weight * squares.sum::<f64>()
    };
    let total = compensated(targets.iter().zip(probabilities.rows()).map(of_row));
    Ok(total / compensated(targets.iter().map(|&(_, weight)| weight)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(targets: &[u8], probabilities: &[f64], expected: f64) {
        assert_eq!(brier_score(targets, probabilities), Ok(expected), "{targets:?} {probabilities:?}");
        let both: Vec<f64> = probabilities.iter().flat_map(|&number| [1.0 - number, number]).collect();
        let both = ClassProbabilities::new(&[0, 1], &both).expect("probabilities");
        assert_eq!(multiclass_brier_score(targets, &both), Ok(2.0 * expected));
    }

    #[test]
    fn squares_are_averaged() {
        check(&[1, 0], &[1.0, 0.0], 0.0);
        check(&[1, 0], &[0.5, 0.5], 0.25);
        check(&[1, 0], &[0.0, 1.0], 1.0);
        check(&[1, 1], &[0.75, 0.25], 0.3125);
    }
}
