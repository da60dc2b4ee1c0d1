//! The random order of a split: the same for a seed forever, on every platform.

use millwork_boost::random::SplitMix64;

/// The numbers of `rows` rows in a random order.
pub(super) fn shuffled_rows(rows: usize, seed: u64) -> Vec<usize> {
    let mut shuffled: Vec<usize> = (0..rows).collect();
    SplitMix64::new(seed).shuffle(&mut shuffled);
    shuffled
}
