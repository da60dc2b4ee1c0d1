//! Why a run could not be executed, as opposed to a run that failed.

use millwork_core::AssetKey;
use millwork_core::graph::SelectionError;
use millwork_core::plan::PlanError;
use millwork_core::run::{IllegalTransition, RunId};
use millwork_storage::StorageError;
use thiserror::Error;

/// Why a run could not be executed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// The store failed, so nothing more can be recorded.
    #[error("failed to record the run; hint: what was recorded is safe, `runs retry` goes on from there")]
    Record(#[source] StorageError),
    /// The store couldn't be read.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// The run can't be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The selection selects nothing.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The run asks for an asset that is no longer defined.
    #[error(
        "run {run} asks for asset `{asset}`, which is not part of the definitions any more; hint: start a new run"
    )]
    AssetIsGone {
        /// The run.
        run: RunId,
        /// The asset.
        asset: AssetKey,
    },
    /// The run's events don't make sense.
    #[error("the events of run {run} contradict each other")]
    Contradiction {
        /// The run.
        run: RunId,
        /// How.
        source: IllegalTransition,
    },
}

/// An error and its causes, in one line.
pub(crate) fn chain_of(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
