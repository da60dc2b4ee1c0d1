//! What has become of an executed run.

use std::time::Duration;

use millwork_core::run::{RunId, RunState, RunStatus, StepStatus};

/// What has become of an executed run: its final state, as its events tell it.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    /// The run.
    pub run: RunId,
    /// Its status.
    pub status: RunStatus,
    /// The fold of its events.
    pub state: RunState,
    /// How long this execution took.
    pub duration: Duration,
}

impl RunOutcome {
    /// How many steps have a status.
    pub fn count(&self, status: StepStatus) -> usize {
        self.state.count(status)
    }
}
