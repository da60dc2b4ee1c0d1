//! The events that a sensor reacts to.

use crate::event::{Event, EventBody, EventKind, KindSet};
use crate::graph::{AssetGraph, AssetSet, Selection, SelectionError};
use crate::run::RunStatus;

/// Which events a sensor reacts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchedEvents {
    /// Materializations of assets.
    Materializations {
        /// Which, in the selection syntax.
        selection: String,
    },
    /// Checks of assets were evaluated.
    Checks {
        /// Of which assets, in the selection syntax.
        selection: String,
        /// Whether the check passed; `None` for either.
        passed: Option<bool>,
    },
    /// Runs came to a status.
    Runs {
        /// The statuses of runs that are watched.
        statuses: Vec<RunStatus>,
    },
}

impl WatchedEvents {
    /// The kinds of events that can match.
    pub fn kinds(&self) -> KindSet {
        match self {
            Self::Materializations { .. } => EventKind::Materialized.into(),
            Self::Checks { .. } => EventKind::CheckEvaluated.into(),
            Self::Runs { statuses } => statuses.iter().map(|status| kind_of(*status)).collect(),
        }
    }

    /// Whether an event of these kinds counts, given the selected assets.
    pub fn includes(&self, event: &Event, assets: &AssetSet, graph: &AssetGraph) -> bool {
        let is_of_asset = || {
            let index = event.asset.as_ref().and_then(|asset| graph.index(asset.as_str()));
            index.is_some_and(|index| assets.contains(&index))
        };
        match self {
            Self::Materializations { .. } => {
                matches!(event.body, EventBody::Materialized(_)) && is_of_asset()
            }
            Self::Checks { passed, .. } => {
                let EventBody::CheckEvaluated(evaluation) = &event.body else { return false };
                passed.is_none_or(|passed| passed == evaluation.passed) && is_of_asset()
            }
            Self::Runs { statuses } => {
                event.body.run_status().is_some_and(|status| statuses.contains(&status))
            }
        }
    }

    /// The assets that are watched; empty for runs.
    ///
    /// # Errors
    ///
    /// When the selection can't be read, or selects nothing.
    pub fn assets(&self, graph: &AssetGraph) -> Result<AssetSet, SelectionError> {
        match self {
            Self::Materializations { selection } | Self::Checks { selection, .. } => {
                Selection::parse(selection)?.select(graph)
            }
            Self::Runs { .. } => Ok(AssetSet::new()),
        }
    }
}

/// The kind of event by which a run comes to a status for the first time: one that is queued again is not a new run.
fn kind_of(status: RunStatus) -> EventKind {
    match status {
        RunStatus::Queued => EventKind::RunQueued,
        RunStatus::Running => EventKind::RunStarted,
        RunStatus::Canceling => EventKind::RunCanceling,
        RunStatus::Succeeded => EventKind::RunSucceeded,
        RunStatus::Failed => EventKind::RunFailed,
        RunStatus::Canceled => EventKind::RunCanceled,
        RunStatus::Lost => EventKind::RunLost,
    }
}
