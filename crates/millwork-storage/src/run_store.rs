//! The contract of the run store: creating, claiming and finding runs.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::EventBody;
use millwork_core::run::{FailureClass, RunId, RunRequest, RunStatus};

use crate::{Holder, StorageError};

/// A run to create.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its ID.
    pub id: RunId,
    /// What the run is to materialize.
    pub request: RunRequest,
    /// When it was requested.
    pub at: Timestamp,
    /// The lease of the process that is about to execute it; `None` for a run that is left to daemons.
    pub lease: Option<Lease>,
}

/// The process that executes a run, or is about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The process.
    pub holder: Holder,
    /// When the lease expires, for processes that can't check whether the holder is alive.
    pub until: Timestamp,
}

/// The stored record of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Its ID.
    pub id: RunId,
    /// What the run is to materialize.
    pub request: RunRequest,
    /// Its status, projected from its run events.
    pub status: RunStatus,
    /// The number of times that it was claimed.
    pub epoch: u32,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When it was last started; `None` if it never was.
    pub started_at: Option<Timestamp>,
    /// When it finished; `None` while it hasn't.
    pub finished_at: Option<Timestamp>,
    /// The reason why it failed or was lost, the last time that it did.
    pub reason: Option<String>,
    /// The class of that failure.
    pub class: Option<FailureClass>,
    /// The earliest time at which it may start, for a run that is retried.
    pub not_before: Option<Timestamp>,
    /// The process that executes it, or is about to; `None` for a run that waits for a daemon or is finished.
    pub holder: Option<Holder>,
    /// When the holder's lease expires unless it is renewed.
    pub leased_until: Option<Timestamp>,
    /// The parts of its record that can't be read or were set aside, and why; `None` if the record is complete. Parts that can't be read
    /// are empty above, and a status that can't be read is `lost`.
    pub damage: Option<String>,
}

impl RunRecord {
    /// How the run ends if its process has ended without recording it: as lost, or as canceled if it was asked to stop. A lost run may be
    /// retried, which isn't wanted then.
    pub fn end_of_process(&self, reason: String, class: FailureClass) -> EventBody {
        match self.status {
            RunStatus::Canceling => EventBody::RunCanceled,
            RunStatus::Queued
            | RunStatus::Running
            | RunStatus::Succeeded
            | RunStatus::Failed
            | RunStatus::Canceled
            | RunStatus::Lost => EventBody::RunLost { reason, class },
        }
    }

    /// The request, to run the same again.
    ///
    /// # Errors
    ///
    /// When it can't be read: then it isn't known what was requested.
    pub fn request_again(&self) -> Result<RunRequest, StorageError> {
        match &self.damage {
            Some(damage) if self.request.assets.is_empty() => {
                let what = format!("the request of run {}", self.id);
                Err(StorageError::Unreadable { what, source: damage.clone().into() })
            }
            _ => Ok(self.request.clone()),
        }
    }
}

/// The right to write a run's events, won by [`RunStore::claim`]. A later claim of the same run ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The ID of the run.
    pub run: RunId,
    /// The number of the claim, from 1.
    pub epoch: u32,
}

/// A request for the right to execute a run.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The ID of the run.
    pub run: RunId,
    /// The process that is to execute it.
    pub holder: Holder,
    /// The current time.
    pub now: Timestamp,
    /// When the claim expires unless it is renewed.
    pub until: Timestamp,
    /// Whether the claim may take a run that failed, was canceled or was lost, which then goes on where it stopped. A process that was
    /// launched for a queued run may come late, when another has already executed it.
    pub resumes: bool,
}

/// Runs, and the processes that execute them.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Creates a run: its record and the event `run_queued`, in one commit. [`StorageError::DuplicateRun`] if its ID exists.
    async fn create_run(&self, run: NewRun) -> Result<(), StorageError>;

    /// Claims a run, and appends the event `run_started` in the same commit. A run can be claimed if it is queued, or
    /// if it has ended without success and the claim resumes; anything else is [`StorageError::NotClaimable`].
    async fn claim(&self, claim: Claim) -> Result<Fence, StorageError>;

    /// Extends a claim. [`StorageError::Fenced`] if it has ended.
    async fn renew(&self, fence: Fence, until: Timestamp) -> Result<(), StorageError>;

    /// Asks a run to stop: a queued one is canceled at once, a running one becomes `canceling`. Returns the status
    /// that the run has now; one that was finished or canceling already stays as it is.
    async fn request_cancel(&self, run: RunId, now: Timestamp) -> Result<RunStatus, StorageError>;

    /// Ends a run by an event such as `run_lost`, if it is executed under this claim, or was never claimed. Returns whether it did:
    /// meanwhile the run may have ended, and even be queued again.
    async fn end_run(&self, fence: Fence, end: EventBody, now: Timestamp) -> Result<bool, StorageError>;

    /// Queues a run again that failed, was canceled or was lost under this claim: it goes on where it stopped, after `delay`. Returns
    /// whether it did; another process may have been first.
    async fn retry_run(&self, fence: Fence, delay: Duration, now: Timestamp) -> Result<bool, StorageError>;

    /// The record of a run; `None` if it doesn't exist.
    async fn run(&self, id: RunId) -> Result<Option<RunRecord>, StorageError>;

    /// Runs, newest first.
    async fn runs(&self, query: RunQuery) -> Result<Vec<RunRecord>, StorageError>;
}

/// Which runs to list. All conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct RunQuery {
    /// With one of these statuses; any if empty.
    pub statuses: Vec<RunStatus>,
    /// With this tag and value.
    pub tag: Option<(String, String)>,
    /// Without this tag and value.
    pub without_tag: Option<(String, String)>,
    /// Finished at this moment or later.
    pub finished_since: Option<Timestamp>,
    /// Whose ID, as text with or without hyphens and in either case, begins or ends with this. No ID does with a text that is empty or
    /// consists of hyphens.
    pub id_part: Option<String>,
    /// Created before this run.
    pub before: Option<RunId>,
    /// The maximum number of runs; `None` for all.
    pub limit: Option<u32>,
}
