//! What a performance does at a time: it measures open windows, and closes those that are mature.

use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use super::evaluate::measure;
use super::group::Group;
use super::join::mark;
use super::state::Changed;
use super::{Performance, PredictionCounts, WindowMeasures};
use crate::{ModelVersion, MonitorError, RowKey};

impl<K: RowKey> Performance<K> {
    /// Measures the open windows again where something has changed, and closes those that are mature at this time. What is added in the
    /// same step still counts for them.
    ///
    /// # Errors
    ///
    /// When a time is outside of the calendar, or a slice that is configured is a column of no predictions.
    pub fn evaluate(mut self, now: Timestamp) -> Result<Self, MonitorError> {
        let has_predictions = self.prediction_counts != PredictionCounts::default();
        let is_missing = |column: &&String| has_predictions && !self.known_slices.contains(*column);
        if let Some(column) = self.settings.config.slices.iter().find(is_missing) {
            return Err(MonitorError::MissingSlice { column: column.clone() });
        }
        let now = now.as_microsecond();
        let closed_until = self.settings.windows.of(now.saturating_sub(self.settings.matures))?.start;
        let is_later = closed_until > self.closed_until;
        self.closed_until = self.closed_until.max(closed_until);
        self.measure()?;
        if is_later {
            self.close(now);
        }
        Ok(self)
    }

    /// Measures the open windows in which something has changed, on the threads of the pool that it is called in.
    fn measure(&mut self) -> Result<(), MonitorError> {
        let is_old = |key| self.open.contains_key(key) && !self.changed.contains(key);
        let to_measure: Vec<_> = self.groups.iter().filter(|(key, _)| !is_old(key)).collect();
        let measured = to_measure.into_par_iter().map(|(key, group)| {
            let measures = self.measures(key, group)?;
            Ok((key.clone(), Arc::new(measures)))
        });
        let measured = measured.collect::<Result<Vec<_>, MonitorError>>()?;
        self.open.extend(measured);
        self.changed = Changed::none();
        Ok(())
    }

    fn measures(&self, key: &(i64, ModelVersion), group: &Group<K>) -> Result<WindowMeasures, MonitorError> {
        let time = |microseconds| {
            Timestamp::from_microsecond(microseconds).map_err(|_| MonitorError::Time { microseconds })
        };
        let last_known = self.last_facts.range(..key.0).next_back().map(|(_, last)| last.value);
        let (config, is_class) = (&self.settings.config, self.is_class.unwrap_or(false));
        let measured = measure(config, is_class, group, &self.truth, last_known);
        Ok(WindowMeasures {
            start: time(key.0)?,
            end: time(group.end)?,
            model: key.1.clone(),
            is_final: false,
            coverage: measured.coverage,
            metrics: measured.metrics,
            baselines: measured.baselines,
            slices: measured.slices,
            slices_left_out: measured.slices_left_out,
        })
    }

    /// Closes the windows that are mature: their measures stay, their rows go.
    fn close(&mut self, now: i64) {
        let until = self.closed_until;
        let is_forgotten =
            |end: i64, matures: i64| end.saturating_add(matures).saturating_add(matures) <= now;
        let mature: Vec<_> =
            self.groups.iter().filter(|(_, group)| group.end <= until).map(|(key, _)| key.clone()).collect();
        let mut closed = Vec::with_capacity(mature.len());
        for key in mature {
            if let Some(mut measures) = self.open.remove(&key) {
                Arc::make_mut(&mut measures).is_final = true;
                self.finals.push(measures);
            }
            closed.extend(self.groups.remove(&key));
        }
        self.drop_truth(&closed);
        let matures = self.settings.matures;
        for group in closed.iter().filter(|group| !is_forgotten(group.end, matures)) {
            let hashes = Arc::make_mut(self.recent.entry(group.end).or_default());
            hashes.extend(group.table.keys.iter().map(crate::key::Stored::fingerprint));
            hashes.sort_unstable();
            hashes.dedup();
            hashes.shrink_to_fit();
        }
        self.recent.retain(|end, _| !is_forgotten(*end, matures));
        self.forget_last();
    }

    /// Drops the facts that no open window needs, and counts those that no prediction had.
    fn drop_truth(&mut self, closed: &[Arc<Group<K>>]) {
        // Later ones may still get a prediction.
        let old: Vec<usize> =
            (0..self.truth.len()).filter(|&row| self.truth.times[row] < self.closed_until).collect();
        let keys: Vec<K> = old.iter().map(|&row| self.truth.keys[row].clone()).collect();
        let mut needed = vec![false; keys.len()];
        for group in self.groups.values() {
            mark(&keys, &group.table.keys, &mut needed);
        }
        if needed.iter().all(|needed| *needed) {
            return;
        }
        let mut used = needed.clone();
        for group in closed {
            mark(&keys, &group.table.keys, &mut used);
        }
        let unused = keys.iter().zip(&used).filter(|(_, used)| !**used);
        let unknown = unused.filter(|(key, _)| !self.was_predicted(key)).count() as u64;
        self.truth_counts.unknown += unknown;
        let mut keep = vec![true; self.truth.len()];
        old.iter().zip(needed).for_each(|(&row, needed)| keep[row] = needed);
        Arc::make_mut(&mut self.truth).retain(&keep);
    }

    /// Forgets the last facts of windows that are final, but for the very last.
    pub(super) fn forget_last(&mut self) {
        let closed: Vec<i64> = self.last_facts.range(..self.closed_until).map(|(start, _)| *start).collect();
        closed.iter().rev().skip(1).for_each(|start| {
            self.last_facts.remove(start);
        });
    }
}
