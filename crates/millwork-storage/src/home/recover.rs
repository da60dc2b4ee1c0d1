//! Finding the runs whose process has ended, and saying so.

use jiff::Timestamp;
use millwork_core::event::EventBody;
use millwork_core::run::{QUEUE_TAG, RunStatus};

use super::{Home, Liveness};
use crate::{Fence, PoolSlots, RunQuery, RunRecord, RunStore, StorageError};

impl Home {
    /// Marks every run as lost whose process has ended, frees the slots of that process, and returns the runs. A run
    /// on another machine is lost when its lease has run out; so is one that a daemon launched, as the daemon knows better
    /// how it ended. Several processes may do this at once: each run is returned to one of them.
    pub async fn recover(&self, now: Timestamp) -> Result<Vec<RunRecord>, StorageError> {
        let is_others = |run: &RunRecord| {
            let is_of_daemon = run.request.tags.contains_key(QUEUE_TAG.0);
            is_of_daemon && run.leased_until.is_some_and(|until| until > now)
        };
        self.recover_unless(now, is_others).await
    }

    /// The same, for a daemon, which says what it looks after itself.
    pub async fn recover_unless(
        &self,
        now: Timestamp,
        is_others: impl Fn(&RunRecord) -> bool,
    ) -> Result<Vec<RunRecord>, StorageError> {
        if !self.store().has_room() {
            // Nothing can be marked now.
            return Ok(Vec::new());
        }
        let statuses = vec![RunStatus::Running, RunStatus::Canceling];
        let mut lost = Vec::new();
        for run in self.store().runs(RunQuery { statuses, ..RunQuery::default() }).await? {
            if is_others(&run) {
                continue;
            }
            let Some(reason) = self.reason_of_loss(&run, now) else { continue };
            if self.mark_lost(&run, &reason, now).await? {
                lost.extend(self.store().run(run.id).await?);
            }
        }
        Ok(lost)
    }

    async fn mark_lost(&self, run: &RunRecord, reason: &str, now: Timestamp) -> Result<bool, StorageError> {
        let store = self.store();
        let fence = Fence { run: run.id, epoch: run.epoch };
        let marked = store.end_run(fence, EventBody::run_lost(reason), now).await?;
        if let Some(holder) = &run.holder {
            store.free_slots(holder).await?;
            self.processes.forget(holder);
        }
        Ok(marked)
    }

    /// Why a run that isn't finished never will be; nothing while it may.
    fn reason_of_loss(&self, run: &RunRecord, now: Timestamp) -> Option<String> {
        let Some(holder) = &run.holder else { return Some("nobody executes it".to_owned()) };
        match self.is_alive(holder) {
            Liveness::Alive => None,
            Liveness::Ended { reason } => Some(reason),
            Liveness::Unknown if run.leased_until.is_some_and(|until| until > now) => None,
            Liveness::Unknown => {
                let process = format!("its process (pid {} on host {})", holder.pid, holder.host);
                Some(format!("{process} stopped renewing its lease: it ended, or can't reach the database"))
            }
        }
    }
}
