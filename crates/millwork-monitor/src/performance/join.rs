//! The join of predictions with what came later, by key.

use super::table::Table;
use crate::RowKey;

/// How many times as long a list is beside which the other one is of few keys: then each of these is searched for.
const FEW: usize = 3;

/// The predictions that have ground truth, in the order of their keys.
pub(super) struct Joined {
    pub(super) targets: Vec<f64>,
    pub(super) predictions: Vec<f64>,
    pub(super) tags: Vec<u32>,
}

/// Joins predictions with ground truth.
pub(super) fn join<K: RowKey>(predictions: &Table<K>, truth: &Table<K>) -> Joined {
    let mut joined = Joined { targets: Vec::new(), predictions: Vec::new(), tags: Vec::new() };
    for_each_common(&predictions.keys, &truth.keys, |row, place| {
        joined.targets.push(truth.values[place]);
        joined.predictions.push(predictions.values[row]);
        joined.tags.extend(predictions.tags.get(row));
    });
    joined
}

/// Sets `found` for each of some ascending keys that is among others, which are ascending as well. Returns whether there is any.
pub(super) fn mark<K: RowKey>(keys: &[K], among: &[K], found: &mut [bool]) -> bool {
    let mut any = false;
    for_each_common(keys, among, |row, _| (found[row], any) = (true, true));
    any
}

/// Calls `common` with both positions of each key that is in two ascending lists, in the order of the keys.
pub(super) fn for_each_common<K: Ord>(left: &[K], right: &[K], mut common: impl FnMut(usize, usize)) {
    if left.len() / FEW > right.len() {
        search(right, left, |of_right, of_left| common(of_left, of_right));
    } else if right.len() / FEW > left.len() {
        search(left, right, common);
    } else {
        side_by_side(left, right, common);
    }
}

fn search<K: Ord>(few: &[K], many: &[K], mut common: impl FnMut(usize, usize)) {
    // Of keys that are spread evenly, the next one is mostly within twice the mean distance.
    let stride = (2 * many.len() / few.len().max(1)).next_power_of_two();
    let mut place = 0;
    for (row, key) in few.iter().enumerate() {
        place = seek(many, place, stride, key);
        match many.get(place) {
            Some(found) if found == key => common(row, place),
            Some(_) => {}
            None => return,
        }
    }
}

/// Which list goes on is no jump that a processor would have to foresee: in keys that look random it can't.
fn side_by_side<K: Ord>(left: &[K], right: &[K], mut common: impl FnMut(usize, usize)) {
    let (mut of_left, mut of_right) = (0, 0);
    while of_left < left.len() && of_right < right.len() {
        let order = left[of_left].cmp(&right[of_right]);
        if order.is_eq() {
            common(of_left, of_right);
        }
        of_left += usize::from(order.is_le());
        of_right += usize::from(order.is_ge());
    }
}

/// The position of the first key from a position on that isn't less, found in steps that double, the first of which is the stride.
pub(super) fn seek<K: Ord>(keys: &[K], from: usize, stride: usize, key: &K) -> usize {
    let (mut low, mut step) = (from, stride);
    while low + step <= keys.len() && keys[low + step - 1] < *key {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(keys.len());
    low + keys[low..high].partition_point(|known| known < key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn check(left: &BTreeSet<u16>, right: &BTreeSet<u16>) {
        let (left, right): (Vec<u16>, Vec<u16>) =
            (left.iter().copied().collect(), right.iter().copied().collect());
        let mut found = Vec::new();
        for_each_common(&left, &right, |row, place| found.push((row, place)));
        let place = |key| right.iter().position(|other| other == key);
        let expected: Vec<_> =
            left.iter().enumerate().filter_map(|(row, key)| Some((row, place(key)?))).collect();
        assert_eq!(found, expected, "{left:?} {right:?}");
    }

    proptest! {
        #[test]
        fn common_keys_are_found(
            some in proptest::collection::btree_set(0_u16..300, 0..200),
            few in proptest::collection::btree_set(0_u16..300, 0..6),
        ) {
            check(&some, &few);
            check(&few, &some);
            check(&some, &some.iter().map(|key| key / 2).collect());
        }

        #[test]
        fn seeking_is_searching(mut keys in proptest::collection::vec(0_u8..60, 0..40), key in 0_u8..60, from in 0_usize..40, stride in 1_usize..50) {
            keys.sort_unstable();
            let from = from.min(keys.partition_point(|known| *known < key));
            prop_assert_eq!(seek(&keys, from, stride, &key), keys.partition_point(|known| *known < key));
        }
    }
}
