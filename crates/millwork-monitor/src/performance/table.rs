//! The latest fact about each key, in the order of the keys.

use std::cmp::Ordering;

use super::join::for_each_common;
use crate::value::number;
use crate::{RowKey, RowValue};

/// Facts by ascending key, each key once: predictions or what came later.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table<K> {
    pub(super) keys: Vec<K>,
    /// In microseconds since 1970.
    pub(super) times: Vec<i64>,
    pub(super) values: Vec<f64>,
    /// Numbers that go with the rows: as many as keys, or none where rows have none.
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

    /// The facts of rows, which are given in the order of their keys; without tags. `at` is called with rows.
    pub(super) fn of<T: RowValue>(rows: &[u32], keys: &[K], values: &[T], at: impl Fn(usize) -> i64) -> Self {
        Self {
            keys: rows.iter().map(|&row| keys[row as usize].clone()).collect(),
            times: rows.iter().map(|&row| at(row as usize)).collect(),
            values: rows.iter().map(|&row| number(values[row as usize])).collect(),
            tags: Vec::new(),
        }
    }

    /// Adds facts. Of two about a key the later one stays, of the same time the larger value.
    pub(super) fn add(&mut self, mut facts: Self) -> Added {
        let mut added = Added::default();
        let mut is_new = vec![true; facts.len()];
        let Self { keys, times, values, tags } = self;
        for_each_common(keys, &facts.keys, |place, row| {
            is_new[row] = false;
            let (known, fact) = ((times[place], values[place]), (facts.times[row], facts.values[row]));
            if added.replaces(known, fact) {
                (times[place], values[place]) = fact;
                if let Some(tag) = tags.get_mut(place) {
                    *tag = facts.tags[row];
                }
            }
        });
        facts.retain(&is_new);
        added.new = facts.len() as u64;
        self.insert(facts);
        added
    }

    /// Inserts facts of keys that aren't there. Rows move to their places from the last one on, so that no second table is needed.
    fn insert(&mut self, mut facts: Self) {
        if self.keys.is_empty() {
            *self = facts;
            return;
        }
        let (mut from, mut next) = (self.len(), facts.len());
        self.keys.extend_from_slice(&facts.keys);
        self.times.extend_from_slice(&facts.times);
        self.values.extend_from_slice(&facts.values);
        self.tags.extend_from_slice(&facts.tags);
        let with_tags = !self.tags.is_empty();
        while next > 0 {
            let to = from + next - 1;
            if from > 0 && self.keys[from - 1] > facts.keys[next - 1] {
                from -= 1;
                self.keys.swap(from, to);
                self.times[to] = self.times[from];
                self.values[to] = self.values[from];
                if with_tags {
                    self.tags[to] = self.tags[from];
                }
            } else {
                next -= 1;
                std::mem::swap(&mut self.keys[to], &mut facts.keys[next]);
                self.times[to] = facts.times[next];
                self.values[to] = facts.values[next];
                if with_tags {
                    self.tags[to] = facts.tags[next];
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
        if keep.iter().all(|keep| *keep) {
            return;
        }
        retain(&mut self.keys, keep);
        retain(&mut self.times, keep);
        retain(&mut self.values, keep);
        retain(&mut self.tags, keep);
    }
}

impl Added {
    /// Counts a fact about a key of which there is one, both as time and value. Returns whether it replaces the known one.
    fn replaces(&mut self, known: (i64, f64), fact: (i64, f64)) -> bool {
        let order = fact.0.cmp(&known.0);
        match (fact.1 == known.1, order) {
            (true, _) => {
                self.repeated += 1;
                order.is_gt()
            }
            (false, Ordering::Greater) => {
                self.corrected += 1;
                true
            }
            (false, Ordering::Less) => {
                self.outdated += 1;
                false
            }
            (false, Ordering::Equal) => {
                self.contradicting += 1;
                fact.1 > known.1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    type Rows = BTreeMap<u32, (i64, f64)>;

    fn facts(rows: &Rows) -> Table<u32> {
        let (times, values) = rows.values().copied().unzip();
        let keys: Vec<u32> = rows.keys().copied().collect();
        Table { tags: keys.clone(), keys, times, values }
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
                let added = table.add(facts(rows));
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
    }
}
