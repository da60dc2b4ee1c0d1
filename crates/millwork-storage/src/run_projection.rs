//! A run's record as a projection of its events, and the decisions about claims, cancellation and retries that every backend shares.
//!
//! The log is the truth: a backend calls [`apply`](RunProjection::apply) for every event about the run as a whole, and stores the result in
//! the same transaction. The other functions decide: each returns the event that follows, or refuses. The holder of a run and the expiry of
//! its lease are in no event, as a lease is renewed every few seconds; [`claim`](RunProjection::claim) sets them itself.
//!
//! A claim is fenced by its *epoch*, the number of times that the run was claimed. A process with an earlier epoch was taken for dead;
//! [`check`](RunProjection::check) refuses whatever it writes, in the transaction that would have written it.

use std::time::Duration;

use jiff::Timestamp;
use millwork_core::event::EventBody;
use millwork_core::run::{FailureClass, RunId, RunRequest, RunStatus};

use crate::{Claim, Fence, Holder, Lease, RunRecord, StorageError};

/// The part of a run's record that changes; [`RunRecord`] describes the fields.
#[derive(Clone, Debug)]
pub(crate) struct RunProjection {
    pub(crate) status: RunStatus,
    pub(crate) epoch: u32,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) reason: Option<String>,
    pub(crate) class: Option<FailureClass>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) holder: Option<Holder>,
    pub(crate) leased_until: Option<Timestamp>,
}

impl RunProjection {
    /// The state of a run that was just requested.
    pub(crate) fn queued(lease: Option<Lease>) -> Self {
        let (holder, leased_until) = lease.map(|lease| (lease.holder, lease.until)).unzip();
        Self {
            status: RunStatus::Queued,
            epoch: 0,
            started_at: None,
            finished_at: None,
            reason: None,
            class: None,
            not_before: None,
            holder,
            leased_until,
        }
    }

    /// Applies an event about the run as a whole; other events change nothing.
    pub(crate) fn apply(&mut self, body: &EventBody, at: Timestamp) {
        let Some(status) = body.run_status() else { return };
        self.status = status;
        match body {
            EventBody::RunStarted { epoch } => {
                (self.epoch, self.started_at, self.finished_at) = (*epoch, Some(at), None);
                (self.reason, self.class, self.not_before) = (None, None, None);
            }
            EventBody::RunFailed { reason, class } | EventBody::RunLost { reason, class } => {
                (self.reason, self.class) = (Some(reason.clone()), Some(*class));
            }
            EventBody::RunRetrying { delay_ms } => {
                let later = at.checked_add(Duration::from_millis(*delay_ms));
                (self.not_before, self.finished_at) = (Some(later.unwrap_or(at)), None);
            }
            EventBody::RunQueued
            | EventBody::RunCanceling
            | EventBody::RunSucceeded
            | EventBody::RunCanceled
            | EventBody::StepStarted
            | EventBody::StepProgressed { .. }
            | EventBody::StepRetrying { .. }
            | EventBody::StepSucceeded { .. }
            | EventBody::StepFailed { .. }
            | EventBody::StepSkipped { .. }
            | EventBody::StepCanceled
            | EventBody::Materialized(_)
            | EventBody::Kept { .. }
            | EventBody::NotMaterialized { .. }
            | EventBody::Observed { .. }
            | EventBody::CheckEvaluated(_)
            | EventBody::VersionJudged(_)
            | EventBody::AliasMoved(_)
            | EventBody::VersionDecided(_)
            | EventBody::VersionsBacktested(_)
            | EventBody::PartitionsChanged(_)
            | EventBody::AssetRenamed(_)
            | EventBody::PartitionsRenamed(_)
            | EventBody::ShadowCalled(_)
            | EventBody::AliasPinned(_)
            | EventBody::Logged(_)
            | EventBody::EnvironmentRecorded(_)
            | EventBody::Unreadable(_) => {}
        }
        if status.is_finished() {
            (self.finished_at, self.holder, self.leased_until) = (Some(at), None, None);
        }
    }

    /// Claims the run, and returns the event that records it.
    pub(crate) fn claim(&mut self, claim: &Claim) -> Result<EventBody, StorageError> {
        use RunStatus::{Canceled, Failed, Lost, Queued};
        let is_resumed = claim.resumes && matches!(self.status, Failed | Canceled | Lost);
        if self.status != Queued && !is_resumed {
            return Err(StorageError::NotClaimable { run: claim.run, status: self.status });
        }
        let started = EventBody::RunStarted { epoch: self.epoch + 1 };
        self.apply(&started, claim.now);
        (self.holder, self.leased_until) = (Some(claim.holder.clone()), Some(claim.until));
        Ok(started)
    }

    /// The event by which a run that ended under the claim `epoch` waits for a retry; `None` if it has gone on.
    pub(crate) fn retry(&self, epoch: u32, delay: Duration) -> Option<EventBody> {
        use RunStatus::{Canceled, Failed, Lost};
        let has_ended = matches!(self.status, Failed | Canceled | Lost) && self.epoch == epoch;
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        has_ended.then_some(EventBody::RunRetrying { delay_ms })
    }

    /// Whether a claim still holds. It ends with the run, also when that is queued again.
    pub(crate) fn check(&self, fence: Fence) -> Result<(), StorageError> {
        let is_executed = matches!(self.status, RunStatus::Running | RunStatus::Canceling);
        let holds = self.epoch == fence.epoch && is_executed;
        if holds { Ok(()) } else { Err(StorageError::Fenced { run: fence.run }) }
    }

    /// Whether the run can be ended that was seen under this claim. A queued one can if it was never claimed: one that is
    /// queued again has ended before.
    pub(crate) fn can_end(&self, seen: Fence) -> bool {
        let never_began = self.status == RunStatus::Queued && self.epoch == 0 && seen.epoch == 0;
        never_began || self.check(seen).is_ok()
    }

    /// The event that follows from a request to cancel the run, if any does.
    pub(crate) fn cancel(&self) -> Option<EventBody> {
        match self.status {
            RunStatus::Queued => Some(EventBody::RunCanceled),
            RunStatus::Running => Some(EventBody::RunCanceling),
            RunStatus::Canceling
            | RunStatus::Succeeded
            | RunStatus::Failed
            | RunStatus::Canceled
            | RunStatus::Lost => None,
        }
    }

    /// The whole record.
    pub(crate) fn record(self, id: RunId, request: RunRequest, created_at: Timestamp) -> RunRecord {
        let Self { status, epoch, started_at, finished_at, reason, class, not_before, holder, leased_until } =
            self;
        RunRecord {
            id,
            request,
            status,
            epoch,
            created_at,
            started_at,
            finished_at,
            reason,
            class,
            not_before,
            holder,
            leased_until,
            damage: None,
        }
    }
}
