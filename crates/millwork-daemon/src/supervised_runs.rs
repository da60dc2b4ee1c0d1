//! Which runs the run queue and the run monitor supervise, so that exactly one of them settles and reports each end.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millwork_core::run::RunId;

/// The runs that a daemon supervises. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct SupervisedRuns {
    launched: Arc<Mutex<BTreeSet<RunId>>>,
    inherited: Arc<Mutex<BTreeSet<RunId>>>,
}

impl SupervisedRuns {
    /// The runs that this daemon has launched and not settled. The run queue settles them.
    pub(crate) fn launched(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        // Every change is one insertion or removal, so a panic elsewhere leaves nothing half-done.
        self.launched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runs that something else executes, mostly launched by an earlier daemon. The run monitor reports their ends.
    pub(crate) fn inherited(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        // As above.
        self.inherited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
