//! Rank correlations: whether predictions order rows as the targets do.

use crate::metrics::rows::{Rows, compensated};
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

/// Kendall's rank correlation τ-b, from −1 (the opposite order) to 1 (the same order): `(C − D) / √((C + D + T)(C + D +
/// U))` over the pairs of rows, of which `C` are ordered alike by targets and predictions, `D` the other way round, `T`
/// tied in the targets alone and `U` tied in the predictions alone (Kendall, "The treatment of ties in ranking
/// problems", Biometrika 1945).
///
/// As SciPy's `kendalltau`. It takes no weights, for which there is no agreed definition. O(n log n): the pairs that are
/// ordered differently are the exchanges of a merge sort (Knight, "A computer method for calculating Kendall's tau with
/// ungrouped data", JASA 1966).
///
/// # Errors
///
/// When the lengths differ, there are fewer than two rows, a number is not finite, or all targets or all predictions
/// are equal (SciPy returns NaN).
pub fn kendall_tau(targets: &[impl Number], predictions: &[impl Number]) -> Result<f64, MetricError> {
    let mut pairs = varying_pairs("kendall_tau", targets, predictions)?;
    pairs.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
    let all = pairs_among(pairs.len());
    let tied_in_targets = tied_pairs(&pairs, |left, right| left.0 == right.0);
    let tied_in_both = tied_pairs(&pairs, |left, right| left == right);

    let mut predictions: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    let discordant = sort_counting_exchanges(&mut predictions);
    let tied_in_predictions = tied_pairs(&predictions, |left, right| left == right);

    let ordered = (all - tied_in_targets - tied_in_predictions + tied_in_both) as i128;
    let difference = ordered - 2 * discordant as i128;
    let (untied, other) = ((all - tied_in_targets) as f64, (all - tied_in_predictions) as f64);
    // In this order, the same order gives exactly 1.
    Ok((difference as f64 / untied / (other / untied).sqrt()).clamp(-1.0, 1.0))
}

fn pairs_among(rows: usize) -> u128 {
    (rows as u128 * (rows as u128).saturating_sub(1)) / 2
}

fn tied_pairs<T>(sorted: &[T], tied: impl FnMut(&T, &T) -> bool) -> u128 {
    sorted.chunk_by(tied).map(|ties| pairs_among(ties.len())).sum()
}

/// Sorts, and counts the pairs that stood in the wrong order.
fn sort_counting_exchanges(numbers: &mut [f64]) -> u128 {
    let mut merged = numbers.to_vec();
    let mut exchanges = 0;
    let mut width = 1;
    while width < numbers.len() {
        for (run, merged) in numbers.chunks(2 * width).zip(merged.chunks_mut(2 * width)) {
            let (left, right) = run.split_at(width.min(run.len()));
            exchanges += merge(left, right, merged);
        }
        numbers.copy_from_slice(&merged);
        width *= 2;
    }
    exchanges
}

fn merge(left: &[f64], right: &[f64], merged: &mut [f64]) -> u128 {
    let (mut from_left, mut from_right, mut exchanges) = (0, 0, 0);
    for place in merged {
        if from_left < left.len() && (from_right == right.len() || left[from_left] <= right[from_right]) {
            *place = left[from_left];
            from_left += 1;
        } else {
            *place = right[from_right];
            from_right += 1;
            exchanges += (left.len() - from_left) as u128;
        }
    }
    exchanges
}

/// Reads pairs of target and prediction, neither of which is the same in all rows.
fn varying_pairs(
    metric: &'static str,
    targets: &[impl Number],
    predictions: &[impl Number],
) -> Result<Vec<(f64, f64)>, MetricError> {
    let rows = Rows::read(metric, 2, &targets, predictions)?;
    let pairs: Vec<_> = rows.iter().map(|row| (row.target, row.prediction)).collect();
    if pairs.iter().all(|pair| pair.0 == pairs[0].0) {
        return Err(MetricError::Constant { metric, values: "targets" });
    }
    if pairs.iter().all(|pair| pair.1 == pairs[0].1) {
        return Err(MetricError::Constant { metric, values: "predictions" });
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    fn check_kendall(targets: &[f64], predictions: &[f64], expected: &Result<f64, MetricError>) {
        assert_eq!(kendall_tau(targets, predictions), *expected, "{targets:?} {predictions:?}");
    }

    #[test]
    fn pairs_are_counted() {
        check_kendall(&[1.0, 2.0, 3.0], &[-1.0, 0.0, 1e9], &Ok(1.0));
        check_kendall(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], &Ok(-1.0));
        check_kendall(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0], &Ok(4.0 / 6.0));
        check_kendall(&[0.0, -0.0, 1.0], &[5.0, 5.0, 6.0], &Ok(1.0));
        let metric = "kendall_tau";
        check_kendall(&[1.0, 1.0], &[1.0, 2.0], &Err(MetricError::Constant { metric, values: "targets" }));
    }

    proptest! {
        #[test]
        fn a_merge_sort_counts_what_a_double_loop_counts(numbers in proptest::collection::vec(0_u8..20, 0..60)) {
            let numbers: Vec<f64> = numbers.into_iter().map(f64::from).collect();
            let pairs = (0..numbers.len()).flat_map(|later| (0..later).map(move |earlier| (earlier, later)));
            let expected = pairs.filter(|&(earlier, later)| numbers[earlier] > numbers[later]).count();
            let mut sorted = numbers;
            prop_assert_eq!(sort_counting_exchanges(&mut sorted), expected as u128);
            prop_assert!(sorted.is_sorted());
        }
    }
}
