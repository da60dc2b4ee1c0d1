//! The state of a performance, as a step continues it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::PerformanceConfig;
use super::config::Settings;
use super::group::Group;
use super::measures::{PredictionCounts, TruthCounts, WindowMeasures};
use super::table::Table;
use crate::{ModelVersion, MonitorError, RowKey};

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
    /// The configured slices that are columns of some predictions, in this step or, if there were any, in those before.
    pub(super) known_slices: BTreeSet<String>,
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
    pub(super) fn none() -> Self {
        Self::Some(BTreeSet::new())
    }

    pub(super) fn insert(&mut self, group: &(i64, ModelVersion)) {
        if let Self::Some(groups) = self
            && !groups.contains(group)
        {
            groups.insert(group.clone());
        }
    }

    pub(super) fn contains(&self, group: &(i64, ModelVersion)) -> bool {
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
            known_slices: BTreeSet::new(),
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
}
