//! What can be seen of the assets at a moment.

use jiff::Timestamp;
use millwork_core::freshness::Freshness;
use millwork_core::graph::AssetIndex;
use millwork_core::index::IndexVec;
use millwork_core::run::RunId;
use millwork_core::{DataVersion, PartitionKey};
use millwork_draw::graph::NodeState;

use super::Trend;

/// How all assets stood at one moment, by their place in the graph.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    /// The newest event that is taken in.
    pub(crate) head: u64,
    pub(super) assets: IndexVec<AssetIndex, Standing>,
}

/// How one asset stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) state: NodeState,
    /// Whether something else makes it.
    pub(crate) is_external: bool,
    /// When it was last materialized, and what its data version is.
    pub(crate) last: Option<Timestamp>,
    pub(crate) version: Option<DataVersion>,
    /// Why it isn't fresh, each in a sentence.
    pub(crate) because: Vec<String>,
    /// What its step does now.
    pub(crate) progress: Option<Progress>,
    pub(crate) freshness: Option<Freshness>,
    /// The checks that failed the last time.
    pub(crate) failing_checks: Vec<String>,
    pub(crate) trend: Option<Trend>,
    /// Each of its partitions, in the order of their keys.
    pub(crate) partitions: Vec<(PartitionKey, NodeState)>,
}

/// How far a running step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) run: RunId,
    /// So many units of so many, where the step tells.
    pub(crate) done: Option<(u64, u64)>,
}

impl Standing {
    /// Its state in a word.
    pub(crate) fn word(&self) -> &'static str {
        match (self.is_external, self.state) {
            (true, NodeState::Missing | NodeState::Unknown | NodeState::Fresh) => "external",
            (_, state) => state.word(),
        }
    }

    /// Whether its value is older than its policy wants.
    pub(crate) fn is_late(&self) -> bool {
        matches!(self.freshness, Some(Freshness::Fail | Freshness::Warn))
    }
}

/// How many assets are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) fresh: usize,
    pub(crate) stale: usize,
    pub(crate) missing: usize,
    pub(crate) failed: usize,
    pub(crate) running: usize,
    pub(crate) late: usize,
    pub(crate) failing_checks: usize,
}

impl Standings {
    /// How an asset stands.
    pub(crate) fn of(&self, asset: AssetIndex) -> &Standing {
        &self.assets[asset]
    }

    /// All of them.
    pub(crate) fn all(&self) -> &IndexVec<AssetIndex, Standing> {
        &self.assets
    }

    /// How many are in each state.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for standing in &self.assets {
            match standing.word() {
                "fresh" => counts.fresh += 1,
                "stale" => counts.stale += 1,
                "missing" => counts.missing += 1,
                "failed" => counts.failed += 1,
                "running" => counts.running += 1,
                _ => {}
            }
            counts.late += usize::from(standing.is_late());
            counts.failing_checks += standing.failing_checks.len();
        }
        counts
    }
}
