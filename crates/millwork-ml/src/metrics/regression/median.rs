//! The error that half of the rows stay below.

use crate::metrics::rows::Rows;
use crate::metrics::{MetricError, Number, Targets};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Weighted;

    fn check(targets: impl Targets<Target = f64>, expected: f64) {
        let predictions = vec![0.0; targets.targets().len()];
        assert_eq!(median_absolute_error(&targets, &predictions), Ok(expected), "{:?}", targets.targets());
    }

    #[test]
    fn without_weights_the_middle_two_are_averaged() {
        check(&[1.0], 1.0);
        check(&[-9.0, 1.0, 2.0], 2.0);
        check(&[-9.0, 1.0, 2.0, 4.0], 3.0);
    }

    #[test]
    fn with_weights_half_of_the_weight_is_reached() {
        check(Weighted::new(&[9.0, 1.0, 2.0, 4.0], &[1, 1, 1, 1]), 2.0);
        check(Weighted::new(&[9.0, 1.0, 2.0, 4.0], &[3, 1, 0, 1]), 9.0);
        check(Weighted::new(&[9.0, 1.0], &[0, 1]), 1.0);
        check(Weighted::new(&[9.0, 1.0], &[1, 0]), 9.0);
    }
}
