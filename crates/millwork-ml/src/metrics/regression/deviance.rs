//! Deviances: how unlikely the targets are where the predictions are the means of a distribution.

use crate::metrics::rows::{Row, Rows};
use crate::metrics::{MetricError, Number, Targets};

/// The mean Poisson deviance, `2 Σ wᵢ(yᵢ ln(yᵢ/ŷᵢ) − yᵢ + ŷᵢ) / Σ wᵢ`, for counts: 0 is perfect, and an error weighs less
/// where more is expected.
///
/// As scikit-learn's `mean_poisson_deviance`; the [Tweedie deviance](mean_tweedie_deviance) of power 1.
///
/// # Errors
///
/// As [`mean_tweedie_deviance`].
pub fn mean_poisson_deviance(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    deviance("mean_poisson_deviance", &targets, predictions, 1.0)
}

/// The mean gamma deviance, `2 Σ wᵢ(ln(ŷᵢ/yᵢ) + yᵢ/ŷᵢ − 1) / Σ wᵢ`, for positive amounts: 0 is perfect, and only the
/// factor between target and prediction matters.
///
/// As scikit-learn's `mean_gamma_deviance`; the [Tweedie deviance](mean_tweedie_deviance) of power 2.
///
/// # Errors
///
/// As [`mean_tweedie_deviance`].
pub fn mean_gamma_deviance(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    deviance("mean_gamma_deviance", &targets, predictions, 2.0)
}

/// The mean Tweedie deviance of a variance power `p` (Jørgensen, "Exponential dispersion models", JRSS B 1987), as
/// scikit-learn's `mean_tweedie_deviance`: 0 is perfect.
///
/// | power | targets | predictions | deviance of a row |
/// |---|---|---|---|
/// | below 0 | any | above 0 | the last row's with `max(y, 0)` in the first term |
/// | 0 | any | any | `(y − ŷ)²` |
/// | 1 | 0 or more | above 0 | `2 (y ln(y/ŷ) − y + ŷ)`, [Poisson](mean_poisson_deviance) |
/// | between 1 and 2 | 0 or more | above 0 | the last row's |
/// | 2 | above 0 | above 0 | `2 (ln(ŷ/y) + y/ŷ − 1)`, [gamma](mean_gamma_deviance) |
/// | above 2 | above 0 | above 0 | `2 (y²⁻ᵖ/((1−p)(2−p)) − y ŷ¹⁻ᵖ/(1−p) + ŷ²⁻ᵖ/(2−p))` |
///
/// Where targets and predictions differ by little next to their size, the terms cancel and few digits are left, as there.
///
/// # Errors
///
/// As [`mean_absolute_error`](crate::metrics::mean_absolute_error); when a target or prediction is not as the table says,
/// the power is between 0 and 1 (there is no such distribution) or not finite, or the value overflows.
pub fn mean_tweedie_deviance(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
    power: f64,
) -> Result<f64, MetricError> {
    deviance("mean_tweedie_deviance", &targets, predictions, power)
}

fn deviance(
    metric: &'static str,
    targets: &impl Targets<Target: Number>,
    predictions: &[impl Number],
    power: f64,
) -> Result<f64, MetricError> {
    if !power.is_finite() || (0.0 < power && power < 1.0) {
        let needed = "0 or below, or 1 or above";
        return Err(MetricError::Parameter { metric, parameter: "power", number: power, needed });
    }
    let rows = Rows::read(metric, 1, targets, predictions)?;
    if power >= 2.0 {
        rows.require("target", "numbers above 0", |row| row.target, |number| number > 0.0)?;
    } else if power >= 1.0 {
        rows.require("target", "numbers of 0 or more", |row| row.target, |number| number >= 0.0)?;
    }
    if power != 0.0 {
        rows.require("prediction", "numbers above 0", |row| row.prediction, |number| number > 0.0)?;
    }
    rows.value(rows.mean(|row| unit_deviance(row, power)))
}

fn unit_deviance(row: &Row, power: f64) -> f64 {
    let (target, prediction) = (row.target, row.prediction);
    if power == 0.0 {
        (target - prediction).powi(2)
    } else if power == 1.0 {
        let logarithm = if target == 0.0 { 0.0 } else { target * (target / prediction).ln() };
        2.0 * (logarithm - target + prediction)
    } else if power == 2.0 {
        2.0 * ((prediction / target).ln() + target / prediction - 1.0)
    } else {
        let (one, two) = (1.0 - power, 2.0 - power);
        let own = target.max(if power < 0.0 { 0.0 } else { target }).powf(two) / (one * two);
        2.0 * (own - target * prediction.powf(one) / one + prediction.powf(two) / two)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(power: f64, target: f64, prediction: f64, expected: Result<f64, &str>) {
        let found = mean_tweedie_deviance(&[target], &[prediction], power).map_err(|error| error.to_string());
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert!((found - expected).abs() < 1e-14, "{found} {expected}"),
            (found, expected) => assert_eq!(*found, expected.map_err(str::to_owned)),
        }
    }

    #[test]
    fn deviances_follow_their_formulas() {
        check(0.0, -3.0, 1.0, Ok(16.0));
        check(1.0, 0.0, 1.5, Ok(3.0));
        check(1.0, 2.0, 1.0, Ok(2.0 * (2.0 * 2_f64.ln() - 1.0)));
        check(2.0, 1.0, 2.0, Ok(2.0 * (2_f64.ln() - 0.5)));
        check(3.0, 1.0, 2.0, Ok(0.25));
        check(-1.0, -1.0, 1.0, Ok(2.0 * (0.5 + 1.0 / 3.0)));
        for power in [-2.0, 0.0, 1.0, 1.5, 2.0, 3.5] {
            check(power, 1.25, 1.25, Ok(0.0));
        }
    }

    #[test]
    fn numbers_outside_of_the_distribution_are_errors() {
        let text = |what: &str, needed: &str| {
            format!("the {what} of row 0 is 0, and `mean_tweedie_deviance` needs {needed}")
        };
        check(2.0, 0.0, 1.0, Err(&text("target", "numbers above 0")));
        check(1.5, 1.0, 0.0, Err(&text("prediction", "numbers above 0")));
        check(-1.0, 1.0, 0.0, Err(&text("prediction", "numbers above 0")));
        let text = "the target of row 0 is -1, and `mean_tweedie_deviance` needs numbers of 0 or more";
        check(1.0, -1.0, 1.0, Err(text));
        let text = "the power of `mean_tweedie_deviance` is 0.5, and must be 0 or below, or 1 or above";
        check(0.5, 1.0, 1.0, Err(text));
    }
}
