//! Which terms stay where only so many may: the most frequent, and of equally frequent ones those that NumPy picks.

use crate::text::counting::portable_sort::argsort;

/// The `limit` numbers with the largest totals, in the order in which they are given.
///
/// scikit-learn takes the first `limit` of `numpy.argsort(-totals)`, which does not keep the order of equal totals: which
/// of them are taken follows from the steps of NumPy's sort. Those are repeated here, of the sort that NumPy has on
/// every machine; on processors with AVX2 or AVX-512 it uses others, which differ from it and from each other in that
/// (set `NPY_DISABLE_CPU_FEATURES` to compare).
pub(super) fn most_frequent(numbers: &[u32], totals: &[u64], limit: usize) -> Vec<u32> {
    let total = |position: u32| totals[numbers[position as usize] as usize];
    let order = argsort(numbers.len(), |left, right| total(left) > total(right));
    let mut positions = order[..limit].to_vec();
    positions.sort_unstable();
    positions.into_iter().map(|position| numbers[position as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_order() {
        let check = |limit: usize, expected: &[u32]| {
            assert_eq!(most_frequent(&[3, 0, 2, 1], &[5, 1, 4, 9], limit), expected, "{limit}");
        };
        check(1, &[3]);
        check(2, &[3, 0]);
        check(3, &[3, 0, 2]);
    }
}
