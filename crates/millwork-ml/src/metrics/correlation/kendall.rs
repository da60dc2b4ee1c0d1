//! Kendall's rank correlation.

use crate::metrics::correlation::rank::varying_pairs;
use crate::metrics::{MetricError, Number};

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(targets: &[f64], predictions: &[f64], expected: &Result<f64, MetricError>) {
        assert_eq!(kendall_tau(targets, predictions), *expected, "{targets:?} {predictions:?}");
    }

    #[test]
    fn pairs_are_counted() {
        check(&[1.0, 2.0, 3.0], &[-1.0, 0.0, 1e9], &Ok(1.0));
        check(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], &Ok(-1.0));
        check(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0], &Ok(4.0 / 6.0));
        check(&[0.0, -0.0, 1.0], &[5.0, 5.0, 6.0], &Ok(1.0));
        let metric = "kendall_tau";
        check(&[1.0, 1.0], &[1.0, 2.0], &Err(MetricError::Constant { metric, values: "targets" }));
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
