//! The contract of the run store: creating, claiming and finding runs.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::EventBody;
use millwork_core::run::{FailureClass, RunId, RunRequest, RunStatus};

use crate::{Holder, StorageError};

/// A run that is asked for.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// What it is to do.
    pub request: RunRequest,
    /// When it was asked for.
    pub at: Timestamp,
    /// Who is about to execute it; `None` for a run that is left to daemons.
    pub lease: Option<Lease>,
}

/// Who executes a run, or is about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The process.
    pub holder: Holder,
    /// Until when others believe that it lives, if they can't ask.
    pub until: Timestamp,
}

/// What the store knows of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// What it is to do.
    pub request: RunRequest,
    /// Its status: the fold of its run events.
    pub status: RunStatus,
    /// How often it was claimed.
    pub epoch: u32,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// When it finished.
    pub finished_at: Option<Timestamp>,
    /// Why it failed or was lost, the last time that it did.
    pub reason: Option<String>,
    /// Which class of failure that was.
    pub class: Option<FailureClass>,
    /// Before when it must not start, for a run that is tried again.
    pub not_before: Option<Timestamp>,
    /// Who executes it, or requested it and is about to; `None` once it is finished.
    pub holder: Option<Holder>,
    /// Until when, unless the holder renews it.
    pub leased_until: Option<Timestamp>,
    /// What of its record can't be read or was set aside, and why; `None` if all is there. What can't be read is empty above, and
    /// a status that can't be read is `lost`.
    pub damage: Option<String>,
}

impl RunRecord {
    /// How the run ends whose process has ended without a word: as lost, or as canceled if it was asked to stop. What is lost may be
    /// tried again, which nobody wants then.
    pub fn end_of_process(&self, reason: String, class: FailureClass) -> EventBody {
        match self.status {
            RunStatus::Canceling => EventBody::RunCanceled,
            _ => EventBody::RunLost { reason, class },
        }
    }

    /// The request, for another run of the same.
    ///
    /// # Errors
    ///
    /// When it can't be read: it isn't known any more what was asked for.
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
    /// The run.
    pub run: RunId,
    /// The number of the claim.
    pub epoch: u32,
}

/// Asks for the right to execute a run.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The run.
    pub run: RunId,
    /// Who wants to execute it.
    pub holder: Holder,
    /// Now.
    pub now: Timestamp,
    /// Until when the claim holds unless it is renewed.
    pub until: Timestamp,
    /// Whether it may be a run that failed, was canceled or was lost, which then goes on where it stopped. Who was told to
    /// execute what is queued may come late, when another has done that.
    pub resumes: bool,
}

/// Runs and who executes them.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Writes down that a run is asked for: its record and the event `run_queued`, in one commit.
    /// [`StorageError::DuplicateRun`] if it was before.
    async fn create_run(&self, run: NewRun) -> Result<(), StorageError>;

    /// Claims a run, and appends the event `run_started` in the same commit. A run can be claimed if it is queued, or
    /// if it has ended without success and the claim resumes; anything else is [`StorageError::NotClaimable`].
    async fn claim(&self, claim: Claim) -> Result<Fence, StorageError>;

    /// Extends a claim. [`StorageError::Fenced`] if it has ended.
    async fn renew(&self, fence: Fence, until: Timestamp) -> Result<(), StorageError>;

    /// Asks a run to stop: a queued one is canceled at once, a running one becomes `canceling`. Returns the status
    /// that the run has now; one that was finished or canceling already stays as it is.
    async fn request_cancel(&self, run: RunId, now: Timestamp) -> Result<RunStatus, StorageError>;

    /// Ends a run by an event such as `run_lost`, if it is executed under this claim, or was never claimed. Returns whether it
    /// did: meanwhile it may have ended, and even be queued again.
    async fn end_run(&self, fence: Fence, end: EventBody, now: Timestamp) -> Result<bool, StorageError>;

    /// Queues a run again that failed, was canceled or was lost under this claim: it goes on where it stopped, after
    /// `delay`. Returns whether it did; another process may have been faster.
    async fn retry_run(&self, fence: Fence, delay: Duration, now: Timestamp) -> Result<bool, StorageError>;

    /// A run.
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
    /// Whose id, as text with or without hyphens and in either case, begins or ends with this.
    pub id_part: Option<String>,
    /// Created before this run.
    pub before: Option<RunId>,
    /// The maximum number of runs; `None` for all.
    pub limit: Option<u32>,
}
