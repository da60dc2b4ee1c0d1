//! How much of the targets' variance the predictions explain.

use crate::metrics::rows::Rows;
use crate::metrics::{MetricError, Number, Targets};

/// The coefficient of determination R², `1 − Σ wᵢ(yᵢ − ŷᵢ)² / Σ wᵢ(yᵢ − ȳ)²`, without unit: 1 is perfect, 0 is as good
/// as always predicting the mean target `ȳ`, and below 0 is worse than that.
///
/// As scikit-learn's `r2_score`: where all targets are equal, and the fraction has no meaning, it is 1 for perfect
/// predictions and 0 for others. (There, rounding can make equal targets seem to vary, and the value a huge negative
/// number; here, equal is equal.)
///
/// # Errors
///
/// When the lengths differ, there are fewer than two rows, a number is not finite, a
/// [weight](crate::metrics::Weighted) is wrong, or the value overflows.
pub fn r_squared(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = Rows::read("r_squared", 2, &targets, predictions)?;
    let unexplained = rows.mean(|row| (row.target - row.prediction).powi(2));
    rows.value(explained(unexplained, rows.variance(|row| row.target)))
}

/// The explained variance, `1 − Var(y − ŷ) / Var(y)`, without unit: like [`r_squared`], except that predictions which
/// are all too high or too low by the same amount are perfect.
///
/// As scikit-learn's `explained_variance_score`: where all targets are equal, it is 1 if all errors are, and 0 otherwise.
///
/// # Errors
///
/// As [`r_squared`], but one row is enough.
pub fn explained_variance(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = Rows::read("explained_variance", 1, &targets, predictions)?;
    let unexplained = rows.variance(|row| row.target - row.prediction);
    rows.value(explained(unexplained, rows.variance(|row| row.target)))
}

fn explained(unexplained: f64, total: f64) -> f64 {
    match (unexplained == 0.0, total == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => 1.0 - unexplained / total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Weighted;

    fn check(
        targets: impl Targets<Target = f64>,
        predictions: &[f64],
        expected: &[Result<f64, MetricError>; 2],
    ) {
        let found = [r_squared(&targets, predictions), explained_variance(&targets, predictions)];
        assert_eq!(found, *expected, "{:?} {predictions:?}", targets.targets());
    }

    #[test]
    fn metrics_follow_their_formulas() {
        check(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], &[Ok(1.0), Ok(1.0)]);
        check(&[0.0, 4.0], &[2.0, 2.0], &[Ok(0.0), Ok(0.0)]);
        check(&[0.0, 4.0], &[4.0, 0.0], &[Ok(-3.0), Ok(-3.0)]);
        check(&[0.0, 4.0], &[1.0, 5.0], &[Ok(0.75), Ok(1.0)]);
        check(Weighted::new(&[0.0, 4.0, 8.0], &[1, 1, 0]), &[1.0, 5.0, 0.0], &[Ok(0.75), Ok(1.0)]);
    }

    #[test]
    fn equal_targets_do_not_vary() {
        check(&[5.0, 5.0], &[5.0, 5.0], &[Ok(1.0), Ok(1.0)]);
        check(&[5.0, 5.0], &[4.0, 6.0], &[Ok(0.0), Ok(0.0)]);
        check(&[5.0, 5.0], &[4.0, 4.0], &[Ok(0.0), Ok(1.0)]);
        check(&[0.1; 7], &[0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], &[Ok(0.0), Ok(0.0)]);
    }

    #[test]
    fn what_has_no_value_is_an_error() {
        let too_few = |metric, needed, rows| Err(MetricError::TooFewRows { metric, needed, rows });
        check(&[], &[], &[too_few("r_squared", 2, 0), too_few("explained_variance", 1, 0)]);
        check(&[1.0], &[2.0], &[too_few("r_squared", 2, 1), Ok(1.0)]);
        let overflow = |metric| Err(MetricError::Overflow { metric });
        check(&[1e200, -1e200], &[0.0, 1.0], &[overflow("r_squared"), overflow("explained_variance")]);
    }
}
