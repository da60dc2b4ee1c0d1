//! Which columns a tree sees, and a level of it.

use crate::split::SplitMix64;

/// The share of `columns` (a proportion above 0 and at most 1) that is drawn, at least one, in ascending order.
pub(super) fn drawn<T: Copy + Ord>(columns: &[T], share: f64, generator: &mut SplitMix64) -> Vec<T> {
    if share >= 1.0 {
        return columns.to_vec();
    }
    let count = ((columns.len() as f64 * share) as usize).max(1).min(columns.len());
    let mut drawn = columns.to_vec();
    generator.shuffle(&mut drawn);
    drawn.truncate(count);
    drawn.sort_unstable();
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: &[u32], share: f64, expected: usize) {
        let drawn = drawn(columns, share, &mut SplitMix64::new(7));
        assert_eq!(drawn.len(), expected, "{share} of {columns:?}");
        assert!(drawn.is_sorted() && drawn.iter().all(|column| columns.contains(column)));
    }

    #[test]
    fn a_share_of_the_columns_is_drawn_and_at_least_one() {
        check(&[1, 3, 4, 8], 1.0, 4);
        check(&[1, 3, 4, 8], 0.5, 2);
        check(&[1, 3, 4, 8], 0.01, 1);
        check(&[], 0.5, 0);
    }
}
