//! What is added to a performance: predictions, and what came later.

use std::collections::BTreeMap;
use std::sync::Arc;

use millwork_core::advice::one_line_of;
use millwork_core::{Asset, Shadow};

use super::group::{Group, Tags};
use super::increment_hash::{hash_of_predictions, hash_of_truth};
use super::join::mark;
use super::state::LastFact;
use super::table::{Added, Table};
use super::window::KnownWindows;
use super::{Baseline, Performance, PredictionCounts, TruthCounts};
use crate::column::Texts;
use crate::order::by_key;
use crate::{GroundTruth, MonitorError, Predictions, RowKey, RowValue};

impl<K: RowKey> Performance<K> {
    /// Adds predictions. Where they have no column for a slice that is configured, as those of before there was one, its text is empty.
    ///
    /// # Errors
    ///
    /// When a time is outside of the calendar.
    pub fn predictions<T: RowValue>(mut self, increment: &Predictions<K, T>) -> Result<Self, MonitorError> {
        if increment.is_empty() || !self.is_new(hash_of_predictions(increment)) {
            return Ok(self);
        }
        let columns = &self.settings.config.slices;
        let found = columns.iter().filter(|column| increment.slices.contains_key(*column));
        self.known_slices.extend(found.cloned());
        let is_complete = columns.iter().all(|column| increment.slices.contains_key(column));
        let no_texts = if is_complete { Texts::default() } else { Texts::empty(increment.keys.len()) };
        let of_column = |column| increment.slices.get(column).unwrap_or(&no_texts);
        let slices: Vec<&Texts> = columns.iter().map(of_column).collect();
        let mut known_windows = KnownWindows::new(&self.settings.windows);
        let windows = increment.made_at.try_map(|at| known_windows.of(at))?.expanded();
        let (made_at, made_by) = (increment.made_at.expanded(), increment.made_by.expanded());
        let group_of = |row: usize| (windows.get(row), made_by.get(row));
        for ((window, model), rows) in by_key(&increment.keys, group_of) {
            if window.end <= self.closed_until {
                self.prediction_counts.late += rows.len() as u64;
                continue;
            }
            let key = (window.start, increment.models[model as usize].clone());
            self.changed.insert(&key);
            let group = self.groups.entry(key).or_insert_with(|| Arc::new(Group::ending(window.end)));
            let group = Arc::make_mut(group);
            let mut tags = Tags::of(&slices, &group.combinations);
            let mut facts = Table::of(&rows, &increment.keys, &increment.values, |row| made_at.get(row));
            if !slices.is_empty() {
                let of_row = |&row: &u32| tags.of_row(row as usize, &mut group.combinations);
                facts.tags = rows.iter().map(of_row).collect();
            }
            let added = group.table.add(facts);
            group.order_combinations();
            self.prediction_counts.add(added);
        }
        Ok(self)
    }

    /// Adds what versions in shadow have predicted since the step last succeeded. What a retention rule has removed is left out.
    ///
    /// # Errors
    ///
    /// When a value can't be loaded, and as [`predictions`](Self::predictions).
    pub fn shadow<A, T>(mut self, shadow: &Shadow<A>) -> Result<Self, MonitorError>
    where
        A: Asset<Value = Predictions<K, T>>,
        T: RowValue,
    {
        for entry in shadow.entries() {
            let version = entry.version();
            let loaded = entry
                .load()
                .map_err(|error| MonitorError::Shadow { version, problem: one_line_of(&*error) })?;
            if let Some(predictions) = loaded {
                self = self.predictions(&predictions)?;
            }
        }
        Ok(self)
    }

    /// Adds ground truth. Predictions that are new as well are added first.
    ///
    /// # Errors
    ///
    /// When it is of two classes and earlier ground truth of numbers, or the other way round, or a time is outside of the calendar.
    pub fn ground_truth<T: RowValue>(mut self, increment: &GroundTruth<K, T>) -> Result<Self, MonitorError> {
        if increment.is_empty() || !self.is_new(hash_of_truth(increment)) {
            return Ok(self);
        }
        if self.is_class.is_some_and(|is_class| is_class != T::IS_CLASS) {
            return Err(MonitorError::MixedTruth);
        }
        self.is_class = Some(T::IS_CLASS);
        let known_at = increment.known_at.expanded();
        let rows = by_key(&increment.keys, |_| ()).remove(&()).unwrap_or_default();
        let mut facts = Table::of(&rows, &increment.keys, &increment.values, |row| known_at.get(row));
        drop(rows);
        let mut taken = vec![false; facts.len()];
        for (key, group) in &self.groups {
            if mark(&facts.keys, &group.table.keys, &mut taken) {
                self.changed.insert(key);
            }
        }
        mark(&facts.keys, &self.truth.keys, &mut taken);
        let others = facts.keys.iter().zip(&facts.times).zip(&mut taken).filter(|(_, taken)| !**taken);
        for ((key, &at), taken) in others {
            if self.was_predicted(key) {
                self.truth_counts.late += 1;
            } else if at < self.closed_until {
                self.truth_counts.unknown += 1;
            } else {
                *taken = true;
            }
        }
        facts.retain(&taken);
        self.remember_last(&facts)?;
        let added = Arc::make_mut(&mut self.truth).add(facts);
        self.truth_counts.add(added);
        Ok(self)
    }

    /// Whether something is added for the first time.
    fn is_new(&mut self, hash: u64) -> bool {
        match self.increments.binary_search(&hash) {
            Ok(_) => false,
            Err(place) => {
                self.increments.insert(place, hash);
                true
            }
        }
    }

    /// Whether a window that is final since not long ago has a prediction for a key.
    pub(super) fn was_predicted(&self, key: &K) -> bool {
        !self.recent.is_empty() && {
            let hash = key.fingerprint();
            self.recent.values().any(|hashes| hashes.binary_search(&hash).is_ok())
        }
    }

    /// Remembers the last fact of each window: of several at one time, that of the largest key.
    fn remember_last(&mut self, facts: &Table<K>) -> Result<(), MonitorError> {
        let mut windows = KnownWindows::new(&self.settings.windows);
        let mut latest: BTreeMap<i64, usize> = BTreeMap::new();
        for (row, &at) in facts.times.iter().enumerate() {
            let last = latest.entry(windows.of(at)?.start).or_insert(row);
            if facts.times[*last] <= at {
                *last = row;
            }
        }
        let mut first_changed = i64::MAX;
        for (start, row) in latest {
            let (at, key, value) = (facts.times[row], &facts.keys[row], facts.values[row]);
            let is_later = |last: &LastFact<K>| {
                at.cmp(&last.at)
                    .then_with(|| key.cmp(&last.key))
                    .then_with(|| value.total_cmp(&last.value))
                    .is_gt()
            };
            if self.last_facts.get(&start).is_none_or(is_later) {
                self.last_facts.insert(start, LastFact { at, key: key.clone(), value });
                first_changed = first_changed.min(start);
            }
        }
        if self.settings.config.baselines.contains(&Baseline::LastKnown) {
            let later = self.groups.keys().filter(|(start, _)| *start > first_changed);
            later.for_each(|group| self.changed.insert(group));
        }
        self.forget_last();
        Ok(())
    }
}

impl PredictionCounts {
    fn add(&mut self, added: Added) {
        self.new += added.new;
        self.corrected += added.corrected;
        self.repeated += added.repeated;
        self.outdated += added.outdated;
        self.contradicting += added.contradicting;
    }
}

impl TruthCounts {
    fn add(&mut self, added: Added) {
        self.new += added.new;
        self.corrected += added.corrected;
        self.repeated += added.repeated;
        self.outdated += added.outdated;
        self.contradicting += added.contradicting;
    }
}
