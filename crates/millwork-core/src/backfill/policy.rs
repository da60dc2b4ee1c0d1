//! How many partitions of an asset one run may make.

use serde::{Deserialize, Serialize};

/// How many partitions of an asset one run of a backfill may make. By default one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackfillPolicy {
    /// All partitions are made by one run.
    OneRun,
    /// A run makes at most this many; 0 counts as 1.
    MultiRun(u64),
}

/// The partitions that one run of a stage makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunSize {
    /// All of the stage.
    All,
    /// At most this many, and at least 1.
    AtMost(u64),
}

impl BackfillPolicy {
    /// All partitions are made by one run, which therefore waits until all are ready.
    pub fn one_run() -> Self {
        Self::OneRun
    }

    /// A run makes at most `most` partitions; 0 counts as 1.
    pub fn multi_run(most: u64) -> Self {
        Self::MultiRun(most.max(1))
    }

    /// The partitions of a run where the request allows at most `limit`; without a limit as many as the policy does.
    pub(super) fn run_size(self, limit: Option<u64>) -> RunSize {
        match (self, limit) {
            (Self::OneRun, None) => RunSize::All,
            (Self::OneRun, Some(limit)) => RunSize::AtMost(limit.max(1)),
            (Self::MultiRun(most), None) => RunSize::AtMost(most.max(1)),
            (Self::MultiRun(most), Some(limit)) => RunSize::AtMost(most.min(limit).max(1)),
        }
    }

    /// The policy of assets that are made by the same run; `None` if they can't be.
    pub(super) fn together(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::OneRun, Self::OneRun) => Some(Self::OneRun),
            (Self::MultiRun(one), Self::MultiRun(other)) => Some(Self::MultiRun(one.min(other))),
            (Self::OneRun, Self::MultiRun(_)) | (Self::MultiRun(_), Self::OneRun) => None,
        }
    }
}

impl Default for BackfillPolicy {
    fn default() -> Self {
        Self::MultiRun(1)
    }
}

impl RunSize {
    /// The number of runs that make `keys` partitions.
    pub fn runs(self, keys: u64) -> u64 {
        match self {
            Self::All => keys.min(1),
            Self::AtMost(most) => keys.div_ceil(most.max(1)),
        }
    }
}
