//! The state of a performance: what is added to it, and what is closed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use millwork_core::advice::one_line_of;
use millwork_core::{Asset, Shadow};

use super::config::Settings;
use super::evaluate::measure;
use super::group::{Group, Tags};
use super::increment_hash::{hash_of_predictions, hash_of_truth};
use super::measures::{PredictionCounts, TruthCounts, WindowMeasures};
use super::table::{Added, Fact, Table, mark};
use super::window::KnownWindows;
use super::{Baseline, PerformanceConfig};
use crate::column::Texts;
use crate::value::number;
use crate::{GroundTruth, ModelVersion, MonitorError, Predictions, RowKey, RowValue};

/// The live performance of a model: metrics, baselines and coverage by window, version and role, and the open rows that they are
/// continued from.
///
/// A step continues its previous value with what is new, in this order: [`continued`](Self::continued),
/// [`predictions_of`](Self::predictions_of), [`ground_truth_of`](Self::ground_truth_of), [`evaluate`](Self::evaluate), [`output`](Self::output). What was added before changes nothing when
/// it is added again. Clones share their rows.
#[derive(Clone, Debug)]
pub struct Performance<K> {
    pub(super) settings: Settings,
    /// Whether ground truth is of two classes, once there is any.
    pub(super) is_class: Option<bool>,
    /// The end of the last window that is final, in microseconds since 1970.
    pub(super) closed_until: i64,
    /// Hashes of what was added, ascending.
    pub(super) increments: Vec<u64>,
    /// The predictions of open windows, by the start of the window.
    pub(super) groups: BTreeMap<(i64, ModelVersion), Arc<Group<K>>>,
    /// The ground truth of predictions in open windows, and what waits for a prediction.
    pub(super) truth: Arc<Table<K>>,
    /// The last fact of each open window, and the last one before those.
    pub(super) last_facts: BTreeMap<i64, LastFact<K>>,
    /// By the ends of windows that are final since not long ago, the hashes of their keys, ascending.
    pub(super) recent: BTreeMap<i64, Arc<Vec<u64>>>,
    /// The measures of windows that are final, in the order of time.
    pub(super) finals: Vec<Arc<WindowMeasures>>,
    /// The measures of open windows.
    pub(super) open: BTreeMap<(i64, ModelVersion), Arc<WindowMeasures>>,
    /// Which open windows are to be measured again.
    pub(super) changed: Changed,
    pub(super) prediction_counts: PredictionCounts,
    pub(super) truth_counts: TruthCounts,
}

/// A fact that was the last one of a window.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LastFact<K> {
    pub(super) at: i64,
    pub(super) key: K,
    pub(super) value: f64,
}

/// Which open windows are to be measured again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    Some(BTreeSet<(i64, ModelVersion)>),
    All,
}

impl Changed {
    fn none() -> Self {
        Self::Some(BTreeSet::new())
    }

    fn insert(&mut self, group: &(i64, ModelVersion)) {
        if let Self::Some(groups) = self
            && !groups.contains(group)
        {
            groups.insert(group.clone());
        }
    }

    fn contains(&self, group: &(i64, ModelVersion)) -> bool {
        match self {
            Self::Some(groups) => groups.contains(group),
            Self::All => true,
        }
    }
}

impl<K: RowKey> Performance<K> {
    /// A performance without rows.
    ///
    /// # Errors
    ///
    /// When a setting is invalid.
    pub fn new(config: &PerformanceConfig) -> Result<Self, MonitorError> {
        Ok(Self {
            settings: Settings::of(config)?,
            is_class: None,
            closed_until: i64::MIN,
            increments: Vec::new(),
            groups: BTreeMap::new(),
            truth: Arc::default(),
            last_facts: BTreeMap::new(),
            recent: BTreeMap::new(),
            finals: Vec::new(),
            open: BTreeMap::new(),
            changed: Changed::none(),
            prediction_counts: PredictionCounts::default(),
            truth_counts: TruthCounts::default(),
        })
    }

    /// The previous performance with these settings, or one without rows.
    ///
    /// # Errors
    ///
    /// When a setting is invalid, or one differs that open rows are kept by: `window`, `time_zone` and `slices`.
    pub fn continued(previous: Option<&Self>, config: &PerformanceConfig) -> Result<Self, MonitorError> {
        let Some(previous) = previous else { return Self::new(config) };
        let settings = Settings::of(config)?;
        settings.check_continues(&previous.settings.config)?;
        let mut continued = previous.clone();
        if *config != previous.settings.config {
            continued.changed = Changed::All;
        }
        Ok(Self { settings, ..continued })
    }

    /// Adds predictions.
    ///
    /// # Errors
    ///
    /// When a column of slices that is configured is missing, or a time is outside of the calendar.
    pub fn predictions<T: RowValue>(mut self, increment: &Predictions<K, T>) -> Result<Self, MonitorError> {
        if increment.is_empty() || !self.is_new(hash_of_predictions(increment)) {
            return Ok(self);
        }
        let slices = self.configured_slices(increment)?;
        let mut known_windows = KnownWindows::new(&self.settings.windows);
        let windows = increment.made_at.try_map(|at| known_windows.of(at))?.expanded();
        let (made_at, made_by) = (increment.made_at.expanded(), increment.made_by.expanded());
        let group_of = |row: u32| (windows.get(row as usize), made_by.get(row as usize));
        let rows = sorted(increment.len(), |row| (group_of(row), &increment.keys[row as usize]));
        for rows in rows.chunk_by(|&left, &right| group_of(left) == group_of(right)) {
            let (window, model) = group_of(rows[0]);
            if window.end <= self.closed_until {
                self.prediction_counts.late += rows.len() as u64;
                continue;
            }
            let key = (window.start, increment.models[model as usize].clone());
            self.changed.insert(&key);
            let group = self.groups.entry(key).or_insert_with(|| Arc::new(Group::ending(window.end)));
            let group = Arc::make_mut(group);
            let mut tags = Tags::of(&slices, &group.combinations);
            let combinations = &mut group.combinations;
            let facts = rows.iter().map(|&row| {
                let row = row as usize;
                let tag = tags.of_row(row, combinations);
                Fact {
                    key: increment.keys[row].clone(),
                    at: made_at.get(row),
                    value: number(increment.values[row]),
                    tag,
                }
            });
            let added = group.table.add(facts, !slices.is_empty());
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
        let rows = sorted(increment.len(), |row| &increment.keys[row as usize]);
        let keys = || rows.iter().map(|&row| &increment.keys[row as usize]);
        let mut taken = vec![false; rows.len()];
        for (key, group) in &self.groups {
            if mark(keys(), &group.table.keys, &mut taken) {
                self.changed.insert(key);
            }
        }
        mark(keys(), &self.truth.keys, &mut taken);
        let known_at = increment.known_at.expanded();
        for (&row, taken) in rows.iter().zip(&mut taken).filter(|(_, taken)| !**taken) {
            let key = &increment.keys[row as usize];
            if self.was_predicted(key) {
                self.truth_counts.late += 1;
            } else if known_at.get(row as usize) < self.closed_until {
                self.truth_counts.unknown += 1;
            } else {
                *taken = true;
            }
        }
        let fact = |row: usize| {
            let (key, value) = (increment.keys[row].clone(), number(increment.values[row]));
            Fact { key, at: known_at.get(row), value, tag: 0 }
        };
        let taken: Vec<u32> =
            rows.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(&row, _)| row).collect();
        let facts = || taken.iter().map(|&row| fact(row as usize));
        self.remember_last(facts())?;
        let added = Arc::make_mut(&mut self.truth).add(facts(), false);
        self.truth_counts.add(added);
        Ok(self)
    }

    /// Measures the open windows again where something has changed, and closes those that are mature at this time. What is added in the
    /// same step still counts for them.
    ///
    /// # Errors
    ///
    /// When a time is outside of the calendar.
    pub fn evaluate(mut self, now: Timestamp) -> Result<Self, MonitorError> {
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

    /// What is measured: first the windows that are final, in the order of time, then the open ones.
    pub fn windows(&self) -> impl DoubleEndedIterator<Item = &WindowMeasures> {
        self.finals.iter().chain(self.open.values()).map(|measures| &**measures)
    }

    /// What became of all predictions.
    pub fn prediction_counts(&self) -> PredictionCounts {
        self.prediction_counts
    }

    /// What became of all ground truth.
    pub fn truth_counts(&self) -> TruthCounts {
        self.truth_counts
    }

    /// The number of predictions in open windows.
    pub fn open_rows(&self) -> usize {
        self.groups.values().map(|group| group.table.len()).sum()
    }

    /// The number of facts that are kept: about predictions in open windows, and those that wait for a prediction.
    pub fn open_facts(&self) -> usize {
        self.truth.len()
    }

    /// The settings.
    pub fn config(&self) -> &PerformanceConfig {
        &self.settings.config
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

    fn configured_slices<'a, T>(
        &self,
        increment: &'a Predictions<K, T>,
    ) -> Result<Vec<&'a Texts>, MonitorError> {
        let of = |column: &String| {
            let missing = || MonitorError::MissingSlice { column: column.clone() };
            increment.slices.get(column).ok_or_else(missing)
        };
        self.settings.config.slices.iter().map(of).collect()
    }

    /// Whether a window that is final since not long ago has a prediction for a key.
    fn was_predicted(&self, key: &K) -> bool {
        !self.recent.is_empty() && {
            let hash = key.fingerprint();
            self.recent.values().any(|hashes| hashes.binary_search(&hash).is_ok())
        }
    }

    /// Remembers the last fact of each window.
    fn remember_last(&mut self, facts: impl Iterator<Item = Fact<K>>) -> Result<(), MonitorError> {
        let mut windows = KnownWindows::new(&self.settings.windows);
        let mut first_changed = i64::MAX;
        for Fact { key, at, value, .. } in facts {
            let start = windows.of(at)?.start;
            let is_later = |last: &LastFact<K>| {
                at.cmp(&last.at)
                    .then_with(|| key.cmp(&last.key))
                    .then_with(|| value.total_cmp(&last.value))
                    .is_gt()
            };
            if self.last_facts.get(&start).is_none_or(is_later) {
                self.last_facts.insert(start, LastFact { at, key, value });
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

    /// Forgets the last facts of windows that are final, but for the very last.
    fn forget_last(&mut self) {
        let closed: Vec<i64> = self.last_facts.range(..self.closed_until).map(|(start, _)| *start).collect();
        closed.iter().rev().skip(1).for_each(|start| {
            self.last_facts.remove(start);
        });
    }

    fn measure(&mut self) -> Result<(), MonitorError> {
        let time = |microseconds| {
            Timestamp::from_microsecond(microseconds).map_err(|_| MonitorError::Time { microseconds })
        };
        for (key, group) in &self.groups {
            if self.open.contains_key(key) && !self.changed.contains(key) {
                continue;
            }
            let last_known = self.last_facts.range(..key.0).next_back().map(|(_, last)| last.value);
            let (config, is_class) = (&self.settings.config, self.is_class.unwrap_or(false));
            let measured = measure(config, is_class, group, &self.truth, last_known);
            let measures = WindowMeasures {
                start: time(key.0)?,
                end: time(group.end)?,
                model: key.1.clone(),
                is_final: false,
                coverage: measured.coverage,
                metrics: measured.metrics,
                baselines: measured.baselines,
                slices: measured.slices,
                slices_left_out: measured.slices_left_out,
            };
            self.open.insert(key.clone(), Arc::new(measures));
        }
        self.changed = Changed::none();
        Ok(())
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
        let keys = &self.truth.keys;
        let mut keep: Vec<bool> = self.truth.times.iter().map(|&at| at >= self.closed_until).collect();
        for group in self.groups.values() {
            mark(keys.iter(), &group.table.keys, &mut keep);
        }
        if keep.iter().all(|keep| *keep) {
            return;
        }
        let mut used = keep.clone();
        for group in closed {
            mark(keys.iter(), &group.table.keys, &mut used);
        }
        let unused = keys.iter().zip(&used).filter(|(_, used)| !**used);
        let unknown = unused.filter(|(key, _)| !self.was_predicted(key)).count() as u64;
        self.truth_counts.unknown += unknown;
        Arc::make_mut(&mut self.truth).retain(&keep);
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

/// The positions of rows in the order of what they are sorted by.
fn sorted<B: Ord>(rows: usize, by: impl Fn(u32) -> B) -> Vec<u32> {
    let mut sorted: Vec<u32> = (0..rows as u32).collect();
    sorted.sort_unstable_by_key(|&row| by(row));
    sorted
}
