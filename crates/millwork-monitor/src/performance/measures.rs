//! What is measured of a window.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Baseline, Metric};
use crate::ModelVersion;

/// How many of the predictions have ground truth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The number of predictions.
    pub expected: u64,
    /// The number of those that have ground truth.
    pub matched: u64,
}

impl Coverage {
    /// The share of predictions that have ground truth, from 0 to 1.
    pub fn share(self) -> f64 {
        if self.expected == 0 { 0.0 } else { self.matched as f64 / self.expected as f64 }
    }
}

/// Why a metric has no value for a window: there are too few rows, all are of one class, or a value is outside of its domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undefined(pub String);

/// The measures of one version in one role in one window.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowMeasures {
    /// When the window begins.
    pub start: Timestamp,
    /// When the next window begins.
    pub end: Timestamp,
    /// The version of the model, in its role.
    pub model: ModelVersion,
    /// Whether the window is mature, so that its measures don't change any more.
    pub is_final: bool,
    /// How many of its predictions have ground truth.
    pub coverage: Coverage,
    /// Each metric of the predictions that have ground truth.
    pub metrics: BTreeMap<Metric, Result<f64, Undefined>>,
    /// The same of constant predictions, for the same rows; without those that have no value.
    pub baselines: BTreeMap<Baseline, BTreeMap<Metric, f64>>,
    /// The same by slices: of each column the largest ones.
    pub slices: Vec<SliceMeasures>,
    /// The number of smaller slices that aren't among them.
    pub slices_left_out: u64,
}

/// The measures of a part of a window's predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceMeasures {
    /// The name of the column.
    pub column: String,
    /// Its text in these rows.
    pub value: String,
    /// How many of its predictions have ground truth.
    pub coverage: Coverage,
    /// Each metric of the predictions that have ground truth.
    pub metrics: BTreeMap<Metric, Result<f64, Undefined>>,
}

impl WindowMeasures {
    /// The value of a metric, if it has one.
    pub fn metric(&self, metric: Metric) -> Option<f64> {
        self.metrics.get(&metric)?.as_ref().ok().copied()
    }

    /// The value that a metric has for a baseline, if it has one.
    pub fn baseline(&self, baseline: Baseline, metric: Metric) -> Option<f64> {
        self.baselines.get(&baseline)?.get(&metric).copied()
    }
}

/// What became of all predictions, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PredictionCounts {
    /// The first of their version for their key in their window.
    pub new: u64,
    /// Later ones of the same version for a key in the same window, with another value: they replace it.
    pub corrected: u64,
    /// The same value again.
    pub repeated: u64,
    /// Earlier ones with another value: they are ignored.
    pub outdated: u64,
    /// Of the same time with another value: the larger value stays.
    pub contradicting: u64,
    /// Of a window that was final: they are ignored.
    pub late: u64,
}

/// What became of all facts of the ground truth, each counted once, but for those that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TruthCounts {
    /// The first about their key.
    pub new: u64,
    /// Later ones about a key, with another value: they replace it.
    pub corrected: u64,
    /// The same value again.
    pub repeated: u64,
    /// Earlier ones with another value: they are ignored.
    pub outdated: u64,
    /// Of the same time with another value: the larger value stays.
    pub contradicting: u64,
    /// About a prediction whose window was final: they are ignored.
    pub late: u64,
    /// Of keys that were never predicted, as far as is known. Those that waited for a prediction are counted as new as well.
    pub unknown: u64,
}
