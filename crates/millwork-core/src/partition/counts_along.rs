//! How many keys of a set lie where along one of its dimensions.

use std::ops::RangeInclusive;

use super::{IndexSet, KeySet};

impl IndexSet {
    /// Its indexes in order, cut into ranges with the same number of them, `most` at most: the last may have fewer. The ranges cover it and
    /// begin and end with one of its indexes.
    pub fn ranges(&self, most: u64) -> Vec<RangeInclusive<i64>> {
        let each = self.count().div_ceil(most.max(1)).max(1);
        let mut ranges: Vec<RangeInclusive<i64>> = Vec::new();
        let mut left = 0;
        for run in self.runs() {
            let mut first = *run.start();
            loop {
                let length = run.end().abs_diff(first).saturating_add(1);
                let taken = if left == 0 { each.min(length) } else { left.min(length) };
                // At most as long as the run.
                let last = first + (taken - 1) as i64;
                match ranges.last_mut().filter(|_| left > 0) {
                    Some(range) => *range = *range.start()..=last,
                    None => ranges.push(first..=last),
                }
                left = if left == 0 { each - taken } else { left - taken };
                if last == *run.end() {
                    break;
                }
                first = last + 1;
            }
        }
        ranges
    }
}

impl KeySet {
    /// The number of keys whose index in a dimension is in each of some ranges, which are in order and disjoint. The set is gone through once,
    /// by its runs.
    pub fn counts_along(&self, dimension: usize, ranges: &[RangeInclusive<i64>]) -> Vec<u64> {
        let mut counts = vec![0_u64; ranges.len()];
        for product in self.products() {
            let Some(along) = product.get(dimension) else { continue };
            let others = product.iter().enumerate().filter(|(place, _)| *place != dimension);
            let each = others.map(|(_, indexes)| indexes.count()).fold(1, u64::saturating_mul);
            let mut at = 0;
            for run in along.runs() {
                at += ranges[at..].partition_point(|range| range.end() < run.start());
                for (range, count) in ranges[at..].iter().zip(&mut counts[at..]) {
                    if range.start() > run.end() {
                        break;
                    }
                    let (first, last) = (run.start().max(range.start()), run.end().min(range.end()));
                    let length = last.abs_diff(*first).saturating_add(1);
                    *count = count.saturating_add(length.saturating_mul(each));
                }
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_have_the_same_number_of_indexes() {
        let set: IndexSet = [1, 2, 3, 7, 8, 20, 21, 22].into_iter().collect();
        assert_eq!(set.ranges(3), [1..=3, 7..=20, 21..=22]);
        assert_eq!(set.ranges(100).len(), 8);
        assert_eq!(set.ranges(1), [1..=22]);
        assert_eq!(IndexSet::default().ranges(3), []);
        assert_eq!(IndexSet::from(0..=999_999).ranges(200).len(), 200);
    }

    proptest! {
        #[test]
        fn counts_are_those_of_the_keys(
            keys in prop::collection::vec((-20_i64..20, 0_i64..4), 0..60),
            most in 1_u64..12,
            dimension in 0_usize..2,
        ) {
            let keys = KeySet::of(2, keys.into_iter().map(|(one, other)| vec![one, other]));
            let ranges = keys.indexes(dimension).ranges(most);
            prop_assert!(ranges.len() as u64 <= most);
            let inside = |range: &RangeInclusive<i64>| {
                let keys = keys.next(None, usize::MAX);
                keys.iter().filter(|key| range.contains(&key[dimension])).count() as u64
            };
            let expected: Vec<u64> = ranges.iter().map(inside).collect();
            prop_assert_eq!(expected.iter().sum::<u64>(), keys.count());
            prop_assert_eq!(keys.counts_along(dimension, &ranges), expected);
        }
    }
}
