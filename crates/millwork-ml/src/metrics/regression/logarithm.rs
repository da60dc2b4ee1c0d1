//! Errors of quantities that grow by factors: differences of logarithms.

use crate::metrics::rows::{Row, Rows};
use crate::metrics::{MetricError, Number, Targets};

/// The mean squared error of the logarithms, `Σ wᵢ(ln(1 + yᵢ) − ln(1 + ŷᵢ))² / Σ wᵢ`, without unit: 0 is perfect, and
/// being off by a factor costs the same for small and large targets.
///
/// As scikit-learn's `mean_squared_log_error`.
///
/// # Errors
///
/// As [`mean_absolute_error`](crate::metrics::mean_absolute_error), and when a target or prediction is −1 or less.
pub fn mean_squared_log_error(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = read("mean_squared_log_error", &targets, predictions)?;
    rows.value(rows.mean(squared_difference))
}

/// The root of the [mean squared error of the logarithms](mean_squared_log_error).
///
/// As scikit-learn's `root_mean_squared_log_error`.
///
/// # Errors
///
/// As [`mean_squared_log_error`].
pub fn root_mean_squared_log_error(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = read("root_mean_squared_log_error", &targets, predictions)?;
    rows.value(rows.mean(squared_difference).sqrt())
}

fn squared_difference(row: &Row) -> f64 {
    (row.target.ln_1p() - row.prediction.ln_1p()).powi(2)
}

fn read(
    metric: &'static str,
    targets: &impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<Rows, MetricError> {
    let rows = Rows::read(metric, 1, targets, predictions)?;
    rows.require("target", "numbers above -1", |row| row.target, |number| number > -1.0)?;
    rows.require("prediction", "numbers above -1", |row| row.prediction, |number| number > -1.0)?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(targets: &[f64], predictions: &[f64], expected: Result<f64, &str>) {
        let found = root_mean_squared_log_error(targets, predictions);
        assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
        let squared = mean_squared_log_error(targets, predictions);
        assert_eq!(squared.ok().map(f64::sqrt), expected.ok());
    }

    #[test]
    fn a_factor_costs_the_same_everywhere() {
        let factor = 2_f64.ln();
        check(&[0.0], &[1.0], Ok(factor));
        check(&[3.0], &[7.0], Ok(8_f64.ln() - 4_f64.ln()));
        check(&[1.0, 2.0], &[1.0, 2.0], Ok(0.0));
    }

    #[test]
    fn logarithms_need_numbers_above_minus_1() {
        let text = "is -1, and `root_mean_squared_log_error` needs numbers above -1";
        check(&[0.0, -1.0], &[0.0, 0.0], Err(&format!("the target of row 1 {text}")));
        check(&[0.0, 0.0], &[-1.0, 0.0], Err(&format!("the prediction of row 0 {text}")));
    }
}
