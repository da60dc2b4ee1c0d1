//! The latest fact about each key, in the order of the keys.

use std::cmp::Ordering;

use crate::RowKey;

/// A fact about a key: a prediction or what came later.
#[derive(Clone, Debug)]
pub(super) struct Fact<K> {
    pub(super) key: K,
    /// In microseconds since 1970.
    pub(super) at: i64,
    pub(super) value: f64,
    /// A number that goes with the row, where the table has such.
    pub(super) tag: u32,
}

/// Facts by ascending key, each key once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table<K> {
    pub(super) keys: Vec<K>,
    pub(super) times: Vec<i64>,
    pub(super) values: Vec<f64>,
    /// As many as keys, or none where rows have no tags.
    pub(super) tags: Vec<u32>,
}

/// What became of facts that were added to a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Added {
    /// Of keys that weren't there.
    pub(super) new: u64,
    /// Later than the known one, with another value.
    pub(super) corrected: u64,
    /// With the known value.
    pub(super) repeated: u64,
    /// Earlier than the known one, with another value.
    pub(super) outdated: u64,
    /// Of the same time as the known one, with another value.
    pub(super) contradicting: u64,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), times: Vec::new(), values: Vec::new(), tags: Vec::new() }
    }
}

impl<K: RowKey> Table<K> {
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Adds facts, by ascending key and each key once. Of two facts about a key the later one stays, of the same time the larger value.
    pub(super) fn add(&mut self, facts: impl Iterator<Item = Fact<K>>, with_tags: bool) -> Added {
        let (mut added, mut place, old) = (Added::default(), 0, self.len());
        let mut between = Vec::new();
        for fact in facts {
            place = seek(&self.keys[..old], place, &fact.key);
            if place < old && self.keys[place] == fact.key {
                self.replace(place, &fact, &mut added);
                continue;
            }
            added.new += 1;
            if place == old { self.push(fact, with_tags) } else { between.push(fact) }
        }
        self.insert(between, with_tags);
        added
    }

    fn replace(&mut self, place: usize, fact: &Fact<K>, added: &mut Added) {
        let (known_at, known) = (self.times[place], self.values[place]);
        let order = fact.at.cmp(&known_at);
        let stays = match (fact.value == known, order) {
            (true, _) => {
                added.repeated += 1;
                order.is_le()
            }
            (false, Ordering::Greater) => {
                added.corrected += 1;
                false
            }
            (false, Ordering::Less) => {
                added.outdated += 1;
                true
            }
            (false, Ordering::Equal) => {
                added.contradicting += 1;
                fact.value < known
            }
        };
        if !stays {
            (self.times[place], self.values[place]) = (fact.at, fact.value);
            if let Some(tag) = self.tags.get_mut(place) {
                *tag = fact.tag;
            }
        }
    }

    fn push(&mut self, fact: Fact<K>, with_tag: bool) {
        self.keys.push(fact.key);
        self.times.push(fact.at);
        self.values.push(fact.value);
        if with_tag {
            self.tags.push(fact.tag);
        }
    }

    /// Inserts facts of keys that aren't there. Rows move to their places from the last one on, so that no second table is needed.
    fn insert(&mut self, mut facts: Vec<Fact<K>>, with_tags: bool) {
        let mut from = self.len();
        facts.iter().for_each(|fact| self.push(fact.clone(), with_tags));
        let mut to = self.len();
        while let Some(fact) = facts.last() {
            to -= 1;
            if from > 0 && self.keys[from - 1] > fact.key {
                from -= 1;
                self.keys.swap(from, to);
                self.times[to] = self.times[from];
                self.values[to] = self.values[from];
                if with_tags {
                    self.tags[to] = self.tags[from];
                }
            } else if let Some(fact) = facts.pop() {
                self.keys[to] = fact.key;
                self.times[to] = fact.at;
                self.values[to] = fact.value;
                if with_tags {
                    self.tags[to] = fact.tag;
                }
            }
        }
    }

    /// Keeps the rows at whose positions `keep` is true.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        fn retain<T>(column: &mut Vec<T>, keep: &[bool]) {
            let mut row = 0;
            column.retain(|_| {
                row += 1;
                keep[row - 1]
            });
            column.shrink_to_fit();
        }
        retain(&mut self.keys, keep);
        retain(&mut self.times, keep);
        retain(&mut self.values, keep);
        retain(&mut self.tags, keep);
    }
}

/// Sets `found` for each of some ascending keys that is among others. Returns whether there is any.
pub(super) fn mark<'a, K: RowKey>(
    ascending: impl Iterator<Item = &'a K>,
    among: &[K],
    found: &mut [bool],
) -> bool {
    let (mut place, mut any) = (0, false);
    for (key, found) in ascending.zip(found) {
        place = seek(among, place, key);
        if place == among.len() {
            break;
        }
        if among[place] == *key {
            (*found, any) = (true, true);
        }
    }
    any
}

/// The position of the first key from a position on that isn't less: found in steps that double, so that few keys among many take
/// little time, and many among many as long as walking.
pub(super) fn seek<K: Ord>(keys: &[K], from: usize, key: &K) -> usize {
    let (mut low, mut step) = (from, 1);
    while low + step <= keys.len() && keys[low + step - 1] < *key {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(keys.len());
    low + keys[low..high].partition_point(|known| known < key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    type Rows = BTreeMap<u32, (i64, f64)>;

    fn facts(rows: &Rows) -> impl Iterator<Item = Fact<u32>> {
        rows.iter().map(|(&key, &(at, value))| Fact { key, at, value, tag: key })
    }

    fn rows() -> impl Strategy<Value = Rows> {
        let number = |number: u8| f64::from(number);
        proptest::collection::btree_map(0_u32..40, (0_i64..3, (0_u8..3).prop_map(number)), 0..30)
    }

    proptest! {
        #[test]
        fn the_later_fact_stays(increments in proptest::collection::vec(rows(), 0..6)) {
            let (mut table, mut expected) = (Table::default(), Rows::new());
            for rows in &increments {
                let added = table.add(facts(rows), true);
                let sum = added.new + added.corrected + added.repeated + added.outdated + added.contradicting;
                prop_assert_eq!(sum, rows.len() as u64);
                for (&key, &(at, value)) in rows {
                    let known = expected.entry(key).or_insert((at, value));
                    if (at, value) > *known {
                        *known = (at, value);
                    }
                }
            }
            let found: Rows =
                (0..table.len()).map(|row| (table.keys[row], (table.times[row], table.values[row]))).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert!(table.keys.is_sorted() && table.keys == table.tags);
        }

        #[test]
        fn seeking_is_searching(mut keys in proptest::collection::vec(0_u8..60, 0..40), key in 0_u8..60, from in 0_usize..40) {
            keys.sort_unstable();
            let from = from.min(keys.partition_point(|known| *known < key));
            prop_assert_eq!(seek(&keys, from, &key), keys.partition_point(|known| *known < key));
        }
    }
}
