//! Finds the runs whose process has ended, and marks them as lost.

use jiff::Timestamp;
use millwork_core::run::{FailureClass, QUEUE_TAG, RunStatus};

use super::{Home, Liveness};
use crate::sqlite::is_of_full_disk;
use crate::{Fence, RunQuery, RunRecord, StorageError};

impl Home {
    /// Marks every run as lost whose process has ended, even before it began the run, or as canceled if it was asked to stop, frees the
    /// slots of that process, and returns the runs. A run on another machine is lost when its lease has expired; so is one that a daemon
    /// launched, as the daemon knows better how it ended. Several processes may do this at once: each run is returned to one of them.
    pub async fn recover(&self, now: Timestamp) -> Result<Vec<RunRecord>, StorageError> {
        let is_others = |run: &RunRecord| {
            let is_of_daemon = run.request.tags.contains_key(QUEUE_TAG.0);
            is_of_daemon && run.leased_until.is_some_and(|until| until > now)
        };
        self.recover_unless(now, is_others).await
    }

    /// The same, for a daemon, which recovers the runs that it supervises itself.
    pub async fn recover_unless(
        &self,
        now: Timestamp,
        is_others: impl Fn(&RunRecord) -> bool,
    ) -> Result<Vec<RunRecord>, StorageError> {
        if self.store().unwritable().is_some() {
            // A read-only store can't be changed.
            return Ok(Vec::new());
        }
        let mut ended = Vec::new();
        for run in self.held_runs().await? {
            if is_others(&run) {
                continue;
            }
            let Some(reason) = self.reason_of_loss(&run, now) else { continue };
            match self.mark_ended(&run, reason, now).await {
                Ok(true) => ended.extend(self.store().run(run.id).await?),
                Ok(false) => {}
                // What is stored can still be read, and the run be marked once there is room.
                Err(error) if is_of_full_disk(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    }

    /// The runs that go on as long as their processes do: those that have begun, and those that were requested by the process
    /// that is about to execute them.
    pub(super) async fn held_runs(&self) -> Result<Vec<RunRecord>, StorageError> {
        let (key, value) = QUEUE_TAG;
        let requested = RunQuery {
            statuses: vec![RunStatus::Queued],
            without_tag: Some((key.to_owned(), value.to_owned())),
            ..RunQuery::default()
        };
        let statuses = vec![RunStatus::Running, RunStatus::Canceling];
        let begun = RunQuery { statuses, ..RunQuery::default() };
        // In this order, a run that is claimed meanwhile is in at least one of them.
        let mut runs = self.store().runs(requested).await?;
        runs.extend(self.store().runs(begun).await?);
        Ok(runs)
    }

    async fn mark_ended(
        &self,
        run: &RunRecord,
        reason: String,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let store = self.store();
        let fence = Fence { run: run.id, epoch: run.epoch };
        let end = run.end_of_process(reason, FailureClass::Lost);
        let marked = store.end_run(fence, end, now).await?;
        if let Some(holder) = &run.holder {
            store.free_slots(holder).await?;
            self.processes.forget(holder);
        }
        Ok(marked)
    }

    /// The reason why an unfinished run will never finish; `None` while it may.
    fn reason_of_loss(&self, run: &RunRecord, now: Timestamp) -> Option<String> {
        let Some(holder) = &run.holder else {
            let never_began = run.status == RunStatus::Queued;
            let reason = if never_began {
                "the process that requested it never started it"
            } else {
                "no process executes it"
            };
            return Some(reason.to_owned());
        };
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
