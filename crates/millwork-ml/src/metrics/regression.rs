//! Metrics of predicted quantities.

use crate::metrics::rows::{Row, Rows};
use crate::metrics::{MetricError, Number, Targets};

/// The mean absolute error, `Σ wᵢ|yᵢ − ŷᵢ| / Σ wᵢ`, in the targets' unit: 0 is perfect.
///
/// As scikit-learn's `mean_absolute_error`.
///
/// ```
/// use millwork_ml::metrics::mean_absolute_error;
///
/// assert_eq!(mean_absolute_error(&[3, 5], &[2.5_f32, 5.0])?, 0.25);
/// # Ok::<(), millwork_ml::metrics::MetricError>(())
/// ```
///
/// # Errors
///
/// When the lengths differ, there are no rows, a number is not finite, or a [weight](crate::metrics::Weighted) is wrong.
pub fn mean_absolute_error(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = Rows::read("mean_absolute_error", 1, &targets, predictions)?;
    rows.value(rows.mean(|row| (row.target - row.prediction).abs()))
}

/// The mean squared error, `Σ wᵢ(yᵢ − ŷᵢ)² / Σ wᵢ`, in the square of the targets' unit: 0 is perfect.
///
/// As scikit-learn's `mean_squared_error`.
///
/// # Errors
///
/// As [`mean_absolute_error`], and when the value overflows.
pub fn mean_squared_error(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = Rows::read("mean_squared_error", 1, &targets, predictions)?;
    rows.value(rows.mean(|row| (row.target - row.prediction).powi(2)))
}

/// The root of the [mean squared error](mean_squared_error), in the targets' unit: 0 is perfect, and large errors weigh
/// more than in the [mean absolute error](mean_absolute_error).
///
/// As scikit-learn's `root_mean_squared_error`.
///
/// # Errors
///
/// As [`mean_squared_error`].
pub fn root_mean_squared_error(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = Rows::read("root_mean_squared_error", 1, &targets, predictions)?;
    rows.value(rows.mean(|row| (row.target - row.prediction).powi(2)).sqrt())
}

/// The largest error, `max |yᵢ − ŷᵢ|`, in the targets' unit: 0 is perfect. Rows of weight 0 don't count, and other
/// weights make no difference.
///
/// As scikit-learn's `max_error`, which takes no weights.
///
/// # Errors
///
/// As [`mean_absolute_error`].
pub fn max_error(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = Rows::read("max_error", 1, &targets, predictions)?;
    let counted = rows.iter().filter(|row| row.weight > 0.0);
    rows.value(counted.map(|row| (row.target - row.prediction).abs()).fold(0.0, f64::max))
}

/// The median absolute error, in the targets' unit: 0 is perfect, and a few large errors don't matter.
///
/// As scikit-learn's `median_absolute_error`: without weights the median of `|yᵢ − ŷᵢ|`, for an even number of rows the
/// mean of the middle two. With weights it is the lower weighted median, the smallest error such that the rows up to
/// it have half of the weight or more; so for an even number of rows, equal weights need not give the same as none.
/// scikit-learn does the same up to version 1.8; from 1.9 on it takes the mean of the lower and the upper weighted median,
/// which differ where the rows up to an error have exactly half of the weight.
///
/// # Errors
///
/// As [`mean_absolute_error`](crate::metrics::mean_absolute_error).
pub fn median_absolute_error(
    targets: impl Targets<Target: Number>,
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = Rows::read("median_absolute_error", 1, &targets, predictions)?;
    let mut errors: Vec<(f64, f64)> =
        rows.iter().map(|row| ((row.target - row.prediction).abs(), row.weight)).collect();
    errors.sort_by(|left, right| left.0.total_cmp(&right.0));
    rows.value(match targets.weights() {
        None => middle(&errors),
        Some(_) => lower_weighted(&errors),
    })
}

fn middle(ascending: &[(f64, f64)]) -> f64 {
    let half = ascending.len() / 2;
    match ascending.len() % 2 {
        0 => f64::midpoint(ascending[half - 1].0, ascending[half].0),
        _ => ascending[half].0,
    }
}

/// The weights are added up in the plain way, as scikit-learn does, because the last bit decides where half is reached.
fn lower_weighted(ascending: &[(f64, f64)]) -> f64 {
    let total: f64 = ascending.iter().map(|(_, weight)| weight).sum();
    let mut sum = 0.0;
    let reached = ascending.iter().find(|(_, weight)| {
        sum += weight;
        sum > 0.0 && sum >= 0.5 * total
    });
    reached.unwrap_or(&ascending[ascending.len() - 1]).0
}

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

fn read<'a, T: Number, P: Number>(
    metric: &'static str,
    targets: &'a impl Targets<Target = T>,
    predictions: &'a [P],
) -> Result<Rows<'a, T, P>, MetricError> {
    let rows = Rows::read(metric, 1, targets, predictions)?;
    rows.require("target", "numbers above -1", |row| row.target, |number| number > -1.0)?;
    rows.require("prediction", "numbers above -1", |row| row.prediction, |number| number > -1.0)?;
    Ok(rows)
}

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
/// As [`mean_absolute_error`](crate::metrics::mean_absolute_error); when a target or prediction is not as in the table,
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
    use crate::metrics::Weighted;

    fn check(
        targets: impl Targets<Target = f64>,
        predictions: &[f64],
        expected: &[Result<f64, MetricError>; 3],
    ) {
        let found = [
            mean_absolute_error(&targets, predictions),
            mean_squared_error(&targets, predictions),
            max_error(&targets, predictions),
        ];
        assert_eq!(found, *expected, "{:?} {predictions:?}", targets.targets());
        let root = root_mean_squared_error(&targets, predictions);
        assert_eq!(root.ok(), expected[1].as_ref().ok().map(|square| square.sqrt()));
    }

    #[test]
    fn metrics_follow_their_formulas() {
        check(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], &[Ok(0.0), Ok(0.0), Ok(0.0)]);
        check(&[0.0, 4.0], &[2.0, 2.0], &[Ok(2.0), Ok(4.0), Ok(2.0)]);
        check(&[1.0], &[2.0], &[Ok(1.0), Ok(1.0), Ok(1.0)]);
        let targets = vec![0.0, 4.0, 9.0];
        check(Weighted::new(&targets, &[1, 3, 0]), &[2.0, 8.0, 0.0], &[Ok(3.5), Ok(13.0), Ok(4.0)]);
        check(Weighted::new(&targets, &[0.5_f32, 1.5, 0.0]), &[2.0, 8.0, 0.0], &[Ok(3.5), Ok(13.0), Ok(4.0)]);
    }

    fn check_error(targets: impl Targets<Target = f64>, predictions: &[f64], expected: &str) {
        let error = mean_absolute_error(&targets, predictions).expect_err("no value").to_string();
        assert_eq!(error.split(';').next(), Some(expected), "{:?} {predictions:?}", targets.targets());
    }

    #[test]
    fn what_has_no_value_is_an_error() {
        check_error(&[], &[], "`mean_absolute_error` needs 1 rows or more and got 0");
        check_error(&[1.0, 2.0], &[1.0], "2 targets were given for 1 predictions");
        check_error(&[1.0, f64::NAN], &[1.0, 1.0], "the target of row 1 is not finite");
        check_error(&[1.0, 2.0], &[f64::INFINITY, 1.0], "the prediction of row 0 is not finite");
        check_error(&[1e308], &[-1e308], "`mean_absolute_error` is too large a number");
    }

    #[test]
    fn weights_are_checked() {
        let weighted = |weights: &[f64], expected| {
            check_error(Weighted::new(&[1.0, 2.0], weights), &[1.0, 1.0], expected);
        };
        weighted(&[1.0], "2 targets were given for 1 weights");
        weighted(&[1.0, f64::NAN], "the weight of row 1 is not finite");
        weighted(&[1.0, -0.5], "the weight of row 1 is -0.5");
        weighted(&[0.0, -0.0], "the weights of all rows are 0, so none counts");
    }

    fn check_median(targets: impl Targets<Target = f64>, expected: f64) {
        let predictions = vec![0.0; targets.targets().len()];
        assert_eq!(median_absolute_error(&targets, &predictions), Ok(expected), "{:?}", targets.targets());
    }

    #[test]
    fn without_weights_the_middle_two_are_averaged() {
        check_median(&[1.0], 1.0);
        check_median(&[-9.0, 1.0, 2.0], 2.0);
        check_median(&[-9.0, 1.0, 2.0, 4.0], 3.0);
    }

    #[test]
    fn with_weights_half_of_the_weight_is_reached() {
        check_median(Weighted::new(&[9.0, 1.0, 2.0, 4.0], &[1, 1, 1, 1]), 2.0);
        check_median(Weighted::new(&[9.0, 1.0, 2.0, 4.0], &[3, 1, 0, 1]), 9.0);
        check_median(Weighted::new(&[9.0, 1.0], &[0, 1]), 1.0);
        check_median(Weighted::new(&[9.0, 1.0], &[1, 0]), 9.0);
    }

    fn check_relative(targets: &[f64], predictions: &[f64], quantile: f64, expected: [Option<f64>; 2]) {
        let found = [
            mean_absolute_percentage_error(targets, predictions),
            mean_pinball_loss(targets, predictions, quantile),
        ];
        assert_eq!(found.map(Result::ok), expected, "{targets:?} {predictions:?} {quantile}");
    }

    #[test]
    fn relative_errors_follow_their_formulas() {
        check_relative(&[1.0, 2.0], &[1.0, 2.0], 0.5, [Some(0.0), Some(0.0)]);
        check_relative(&[2.0, -4.0], &[1.0, -3.0], 0.5, [Some(0.375), Some(0.5)]);
        check_relative(&[2.0, 4.0], &[1.0, 8.0], 0.75, [Some(0.75), Some(0.875)]);
        check_relative(&[0.0], &[0.0], 1.0, [Some(0.0), Some(0.0)]);
        check_relative(&[0.0], &[1.0], 1.0, [Some(1.0 / f64::EPSILON), Some(0.0)]);
    }

    #[test]
    fn a_quantile_is_from_0_to_1() {
        check_relative(&[1.0], &[2.0], -0.1, [Some(1.0), None]);
        check_relative(&[1.0], &[2.0], f64::NAN, [Some(1.0), None]);
        let error = mean_pinball_loss(&[1.0], &[2.0], 50.0).expect_err("no quantile");
        assert_eq!(error.to_string(), "the quantile of `mean_pinball_loss` is 50, and must be from 0 to 1");
    }

    fn check_logarithm(targets: &[f64], predictions: &[f64], expected: Result<f64, &str>) {
        let found = root_mean_squared_log_error(targets, predictions);
        assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
        let squared = mean_squared_log_error(targets, predictions);
        assert_eq!(squared.ok().map(f64::sqrt), expected.ok());
    }

    #[test]
    fn a_factor_costs_the_same_everywhere() {
        let factor = 2_f64.ln();
        check_logarithm(&[0.0], &[1.0], Ok(factor));
        check_logarithm(&[3.0], &[7.0], Ok(8_f64.ln() - 4_f64.ln()));
        check_logarithm(&[1.0, 2.0], &[1.0, 2.0], Ok(0.0));
    }

    #[test]
    fn logarithms_need_numbers_above_minus_1() {
        let text = "is -1, and `root_mean_squared_log_error` needs numbers above -1";
        check_logarithm(&[0.0, -1.0], &[0.0, 0.0], Err(&format!("the target of row 1 {text}")));
        check_logarithm(&[0.0, 0.0], &[-1.0, 0.0], Err(&format!("the prediction of row 0 {text}")));
    }

    fn check_variance(
        targets: impl Targets<Target = f64>,
        predictions: &[f64],
        expected: &[Result<f64, MetricError>; 2],
    ) {
        let found = [r_squared(&targets, predictions), explained_variance(&targets, predictions)];
        assert_eq!(found, *expected, "{:?} {predictions:?}", targets.targets());
    }

    #[test]
    fn explained_shares_follow_their_formulas() {
        check_variance(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], &[Ok(1.0), Ok(1.0)]);
        check_variance(&[0.0, 4.0], &[2.0, 2.0], &[Ok(0.0), Ok(0.0)]);
        check_variance(&[0.0, 4.0], &[4.0, 0.0], &[Ok(-3.0), Ok(-3.0)]);
        check_variance(&[0.0, 4.0], &[1.0, 5.0], &[Ok(0.75), Ok(1.0)]);
        check_variance(Weighted::new(&[0.0, 4.0, 8.0], &[1, 1, 0]), &[1.0, 5.0, 0.0], &[Ok(0.75), Ok(1.0)]);
    }

    #[test]
    fn equal_targets_do_not_vary() {
        check_variance(&[5.0, 5.0], &[5.0, 5.0], &[Ok(1.0), Ok(1.0)]);
        check_variance(&[5.0, 5.0], &[4.0, 6.0], &[Ok(0.0), Ok(0.0)]);
        check_variance(&[5.0, 5.0], &[4.0, 4.0], &[Ok(0.0), Ok(1.0)]);
        check_variance(&[0.1; 7], &[0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], &[Ok(0.0), Ok(0.0)]);
    }

    #[test]
    fn an_explained_share_without_a_value_is_an_error() {
        let too_few = |metric, needed, rows| Err(MetricError::TooFewRows { metric, needed, rows });
        check_variance(&[], &[], &[too_few("r_squared", 2, 0), too_few("explained_variance", 1, 0)]);
        check_variance(&[1.0], &[2.0], &[too_few("r_squared", 2, 1), Ok(1.0)]);
        let overflow = |metric| Err(MetricError::Overflow { metric });
        check_variance(
            &[1e200, -1e200],
            &[0.0, 1.0],
            &[overflow("r_squared"), overflow("explained_variance")],
        );
    }

    fn check_deviance(power: f64, target: f64, prediction: f64, expected: Result<f64, &str>) {
        let found = mean_tweedie_deviance(&[target], &[prediction], power).map_err(|error| error.to_string());
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert!((found - expected).abs() < 1e-14, "{found} {expected}"),
            (found, expected) => assert_eq!(*found, expected.map_err(str::to_owned)),
        }
    }

    #[test]
    fn deviances_follow_their_formulas() {
        check_deviance(0.0, -3.0, 1.0, Ok(16.0));
        check_deviance(1.0, 0.0, 1.5, Ok(3.0));
        check_deviance(1.0, 2.0, 1.0, Ok(2.0 * (2.0 * 2_f64.ln() - 1.0)));
        check_deviance(2.0, 1.0, 2.0, Ok(2.0 * (2_f64.ln() - 0.5)));
        check_deviance(3.0, 1.0, 2.0, Ok(0.25));
        check_deviance(-1.0, -1.0, 1.0, Ok(2.0 * (0.5 + 1.0 / 3.0)));
        for power in [-2.0, 0.0, 1.0, 1.5, 2.0, 3.5] {
            check_deviance(power, 1.25, 1.25, Ok(0.0));
        }
    }

    #[test]
    fn numbers_outside_of_the_distribution_are_errors() {
        let text = |what: &str, needed: &str| {
            format!("the {what} of row 0 is 0, and `mean_tweedie_deviance` needs {needed}")
        };
        check_deviance(2.0, 0.0, 1.0, Err(&text("target", "numbers above 0")));
        check_deviance(1.5, 1.0, 0.0, Err(&text("prediction", "numbers above 0")));
        check_deviance(-1.0, 1.0, 0.0, Err(&text("prediction", "numbers above 0")));
        let text = "the target of row 0 is -1, and `mean_tweedie_deviance` needs numbers of 0 or more";
        check_deviance(1.0, -1.0, 1.0, Err(text));
        let text = "the power of `mean_tweedie_deviance` is 0.5, and must be 0 or below, or 1 or above";
        check_deviance(0.5, 1.0, 1.0, Err(text));
    }
}
