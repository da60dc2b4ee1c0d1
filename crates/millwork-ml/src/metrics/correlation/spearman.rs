//! Spearman's rank correlation.

use crate::metrics::correlation::rank::varying_pairs;
use crate::metrics::sum::compensated;
use crate::metrics::{MetricError, Number};

/// Spearman's rank correlation ρ, from −1 (the opposite order) to 1 (the same order): the linear correlation of the
/// ranks of targets and predictions, where equal values share their mean rank (Spearman, 1904).
///
/// As SciPy's `spearmanr`. It takes no weights, for which there is no agreed definition. O(n log n).
///
/// ```
/// use millwork_ml::metrics::spearman_correlation;
///
/// assert_eq!(spearman_correlation(&[1, 2, 3], &[0.1, 10.0, 11.0])?, 1.0);
/// # Ok::<(), millwork_ml::metrics::MetricError>(())
/// ```
///
/// # Errors
///
/// When the lengths differ, there are fewer than two rows, a number is not finite, or all targets or all predictions
/// are equal (SciPy warns and returns NaN).
pub fn spearman_correlation(
    targets: &[impl Number],
    predictions: &[impl Number],
) -> Result<f64, MetricError> {
    let pairs = varying_pairs("spearman_correlation", targets, predictions)?;
    let left = centred_ranks(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>());
    let right = centred_ranks(&pairs.iter().map(|pair| pair.1).collect::<Vec<_>>());
    let product = |left: &[f64], right: &[f64]| compensated(left.iter().zip(right).map(|(l, r)| l * r));
    let (variance, other) = (product(&left, &left), product(&right, &right));
    // In this order, equal ranks give exactly 1.
    Ok((product(&left, &right) / variance / (other / variance).sqrt()).clamp(-1.0, 1.0))
}

/// Ranks less their mean: halves, so that every value is exact.
fn centred_ranks(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_unstable_by(|&left, &right| numbers[left].total_cmp(&numbers[right]));
    let mut ranks = vec![0.0; numbers.len()];
    let mut before = 0;
    for ties in order.chunk_by(|&left, &right| numbers[left] == numbers[right]) {
        let twice_mean = 2 * before + ties.len() - 1;
        for &row in ties {
            ranks[row] = (twice_mean as f64 - (numbers.len() - 1) as f64) / 2.0;
        }
        before += ties.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(targets: &[f64], predictions: &[f64], expected: &Result<f64, MetricError>) {
        assert_eq!(spearman_correlation(targets, predictions), *expected, "{targets:?} {predictions:?}");
    }

    #[test]
    fn only_the_order_matters() {
        check(&[1.0, 2.0, 3.0], &[-1.0, 0.0, 1e9], &Ok(1.0));
        check(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], &Ok(-1.0));
        check(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0], &Ok(0.8));
        check(&[0.0, -0.0, 1.0], &[5.0, 5.0, 6.0], &Ok(1.0));
    }

    #[test]
    fn ranks_of_ties_are_averaged() {
        assert_eq!(centred_ranks(&[7.0, 5.0, 7.0, 9.0]), [0.0, -1.5, 0.0, 1.5]);
        assert_eq!(centred_ranks(&[2.0, 2.0, 1.0]), [0.5, 0.5, -1.0]);
    }

    #[test]
    fn what_does_not_vary_has_no_order() {
        let metric = "spearman_correlation";
        check(&[1.0, 1.0], &[1.0, 2.0], &Err(MetricError::Constant { metric, values: "targets" }));
        check(&[1.0, 2.0], &[1.0, 1.0], &Err(MetricError::Constant { metric, values: "predictions" }));
        check(&[1.0], &[1.0], &Err(MetricError::TooFewRows { metric, needed: 2, rows: 1 }));
    }
}
