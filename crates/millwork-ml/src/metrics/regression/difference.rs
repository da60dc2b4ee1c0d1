//! How large the differences of predictions and targets are, in the targets' unit.

use crate::metrics::rows::Rows;
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
}
