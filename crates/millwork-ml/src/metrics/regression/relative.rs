//! Absolute errors that weigh differently: by the target's size, or by their sign.

use crate::metrics::rows::Rows;
use crate::metrics::{MetricError, Number, Targets};

/// The mean absolute percentage error, `Σ wᵢ |yᵢ − ŷᵢ| / max(|yᵢ|, ε) / Σ wᵢ`, a proportion rather than a percentage: 0
/// is perfect, and 0.1 is off by a tenth.
///
/// As scikit-learn's `mean_absolute_percentage_error`, with its `ε` of 2⁻⁵²: a target of 0 that is not met makes the
/// value huge, so use another metric where targets may be 0.
///
/// # Errors
///
/// As [`mean_absolute_error`](crate::metrics::mean_absolute_error), and when the value overflows.
pub fn mean_absolute_percentage_error(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = Rows::read("mean_absolute_percentage_error", 1, &targets, predictions)?;
    rows.value(rows.mean(|row| (row.prediction - row.target).abs() / row.target.abs().max(f64::EPSILON)))
}

/// The mean pinball loss of predicted `quantile`s, in the targets' unit: 0 is perfect. A target above its prediction
/// costs `quantile · (yᵢ − ŷᵢ)`, one below it `(1 − quantile) · (ŷᵢ − yᵢ)`, so the prediction that is exceeded by
/// a share of `1 − quantile` of the targets is the cheapest.
///
/// As scikit-learn's `mean_pinball_loss`, whose `alpha` is the quantile. For 0.5 it is half the mean absolute error.
///
/// # Errors
///
/// As [`mean_absolute_error`](crate::metrics::mean_absolute_error), and when the quantile is not from 0 to 1.
pub fn mean_pinball_loss(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
    quantile: f64,
) -> Result<f64, MetricError> {
    const METRIC: &str = "mean_pinball_loss";
    if !(0.0..=1.0).contains(&quantile) {
        let (parameter, needed) = ("quantile", "from 0 to 1");
        return Err(MetricError::Parameter { metric: METRIC, parameter, number: quantile, needed });
    }
    let rows = Rows::read(METRIC, 1, &targets, predictions)?;
    rows.value(rows.mean(|row| match row.target - row.prediction {
        above if above >= 0.0 => quantile * above,
        below => (quantile - 1.0) * below,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(targets: &[f64], predictions: &[f64], quantile: f64, expected: [Option<f64>; 2]) {
        let found = [
            mean_absolute_percentage_error(targets, predictions),
            mean_pinball_loss(targets, predictions, quantile),
        ];
        assert_eq!(found.map(Result::ok), expected, "{targets:?} {predictions:?} {quantile}");
    }

    #[test]
    fn metrics_follow_their_formulas() {
        check(&[1.0, 2.0], &[1.0, 2.0], 0.5, [Some(0.0), Some(0.0)]);
        check(&[2.0, -4.0], &[1.0, -3.0], 0.5, [Some(0.375), Some(0.5)]);
        check(&[2.0, 4.0], &[1.0, 8.0], 0.75, [Some(0.75), Some(0.875)]);
        check(&[0.0], &[0.0], 1.0, [Some(0.0), Some(0.0)]);
        check(&[0.0], &[1.0], 1.0, [Some(1.0 / f64::EPSILON), Some(0.0)]);
    }

    #[test]
    fn a_quantile_is_from_0_to_1() {
        check(&[1.0], &[2.0], -0.1, [Some(1.0), None]);
        check(&[1.0], &[2.0], f64::NAN, [Some(1.0), None]);
        let error = mean_pinball_loss(&[1.0], &[2.0], 50.0).expect_err("no quantile");
        assert_eq!(error.to_string(), "the quantile of `mean_pinball_loss` is 50, and must be from 0 to 1");
    }
}
