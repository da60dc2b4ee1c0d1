//! Metrics of predicted quantities.

use crate::metrics::MetricError;

/// The mean absolute error, `Σ|yᵢ − ŷᵢ| / n`, in the targets' unit: 0 is perfect.
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
/// When the lengths differ, there are no rows, or a number is not finite.
pub fn mean_absolute_error<Y, P>(targets: &[Y], predictions: &[P]) -> Result<f64, MetricError>
where
    Y: Copy + Into<f64>,
    P: Copy + Into<f64>,
{
    check_pairs("mean_absolute_error", 1, targets, predictions)?;
    let total: f64 = differences(targets, predictions).map(f64::abs).sum();
    Ok(total / targets.len() as f64)
}

/// The root of the mean squared error, `√(Σ(yᵢ − ŷᵢ)² / n)`, in the targets' unit: 0 is perfect, and large errors weigh
/// more than in the [mean absolute error](mean_absolute_error).
///
/// As scikit-learn's `root_mean_squared_error`.
///
/// # Errors
///
/// When the lengths differ, there are no rows, or a number is not finite.
pub fn root_mean_squared_error<Y, P>(targets: &[Y], predictions: &[P]) -> Result<f64, MetricError>
where
    Y: Copy + Into<f64>,
    P: Copy + Into<f64>,
{
    check_pairs("root_mean_squared_error", 1, targets, predictions)?;
    let total: f64 = differences(targets, predictions).map(|difference| difference * difference).sum();
    Ok((total / targets.len() as f64).sqrt())
}

/// The coefficient of determination R², `1 − Σ(yᵢ − ŷᵢ)² / Σ(yᵢ − ȳ)²`, without unit: 1 is perfect, 0 is as good as
/// always predicting the mean target `ȳ`, and below 0 is worse than that.
///
/// As scikit-learn's `r2_score`: where all targets are equal, and the fraction has no meaning, it is 1 for perfect
/// predictions and 0 for others.
///
/// # Errors
///
/// When the lengths differ, there are fewer than two rows, or a number is not finite.
pub fn r_squared<Y, P>(targets: &[Y], predictions: &[P]) -> Result<f64, MetricError>
where
    Y: Copy + Into<f64>,
    P: Copy + Into<f64>,
{
    check_pairs("r_squared", 2, targets, predictions)?;
    let unexplained: f64 = differences(targets, predictions).map(|difference| difference * difference).sum();
    let mean = targets.iter().map(|&target| target.into()).sum::<f64>() / targets.len() as f64;
    let total: f64 = targets.iter().map(|&target| (target.into() - mean) * (target.into() - mean)).sum();
    Ok(match (unexplained == 0.0, total == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => 1.0 - unexplained / total,
    })
}

fn differences<Y, P>(targets: &[Y], predictions: &[P]) -> impl Iterator<Item = f64>
where
    Y: Copy + Into<f64>,
    P: Copy + Into<f64>,
{
    targets.iter().zip(predictions).map(|(&target, &prediction)| target.into() - prediction.into())
}

fn check_pairs<Y, P>(
    metric: &'static str,
    needed: usize,
    targets: &[Y],
    predictions: &[P],
) -> Result<(), MetricError>
where
    Y: Copy + Into<f64>,
    P: Copy + Into<f64>,
{
    let rows = targets.len();
    if rows != predictions.len() {
        return Err(MetricError::LengthMismatch { targets: rows, predictions: predictions.len() });
    }
    if rows < needed {
        return Err(MetricError::TooFewRows { metric, needed, rows });
    }
    check_finite("target", targets)?;
    check_finite("prediction", predictions)
}

fn check_finite<T: Copy + Into<f64>>(value: &'static str, numbers: &[T]) -> Result<(), MetricError> {
    match numbers.iter().position(|&number| !number.into().is_finite()) {
        Some(row) => Err(MetricError::NotFinite { value, row }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(targets: &[f64], predictions: &[f64], expected: &[Result<f64, MetricError>; 3]) {
        let found = [
            mean_absolute_error(targets, predictions),
            root_mean_squared_error(targets, predictions),
            r_squared(targets, predictions),
        ];
        assert_eq!(found, *expected, "{targets:?} {predictions:?}");
    }

    #[test]
    fn metrics_follow_their_formulas() {
        check(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], &[Ok(0.0), Ok(0.0), Ok(1.0)]);
        check(&[0.0, 4.0], &[2.0, 2.0], &[Ok(2.0), Ok(2.0), Ok(0.0)]);
        check(&[0.0, 4.0], &[4.0, 0.0], &[Ok(4.0), Ok(4.0), Ok(-3.0)]);
        check(&[5.0, 5.0], &[5.0, 5.0], &[Ok(0.0), Ok(0.0), Ok(1.0)]);
        check(&[5.0, 5.0], &[4.0, 6.0], &[Ok(1.0), Ok(1.0), Ok(0.0)]);
    }

    #[test]
    fn what_has_no_value_is_an_error() {
        let too_few = |metric, needed, rows| Err(MetricError::TooFewRows { metric, needed, rows });
        check(
            &[],
            &[],
            &[
                too_few("mean_absolute_error", 1, 0),
                too_few("root_mean_squared_error", 1, 0),
                too_few("r_squared", 2, 0),
            ],
        );
        check(&[1.0], &[2.0], &[Ok(1.0), Ok(1.0), too_few("r_squared", 2, 1)]);
        let everywhere = |error: MetricError| [Err(error.clone()), Err(error.clone()), Err(error)];
        check(&[1.0, 2.0], &[1.0], &everywhere(MetricError::LengthMismatch { targets: 2, predictions: 1 }));
        check(&[1.0, f64::NAN], &[1.0, 1.0], &everywhere(MetricError::NotFinite { value: "target", row: 1 }));
        check(
            &[1.0, 2.0],
            &[f64::INFINITY, 1.0],
            &everywhere(MetricError::NotFinite { value: "prediction", row: 0 }),
        );
    }
}
