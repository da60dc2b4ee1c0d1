//! The contract of the pending store: requests of instigators that couldn't be fulfilled when they were made.
//!
//! A cursor moves past an answer although a part of it can't be done, such as a run of an asset that doesn't exist. That part is stored in
//! the same [`Commit`](crate::Commit) and retried, until it is done, given up or dropped.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use millwork_core::Instigator;
use millwork_core::run::RunSpec;
use serde::{Deserialize, Serialize};

use crate::StorageError;

/// The longest pause before the next attempt. A time further ahead was written under a wrong clock, and counts as past.
pub const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// The work to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PendingWork {
    /// A run that was requested and can't be created.
    Run {
        /// The run as it was requested.
        run: Box<RunSpec>,
        /// The tick that it is for; `None` if the instigator isn't a schedule.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// An event at which a sensor's function failed.
    Event {
        /// The sequence number of the event.
        sequence: u64,
    },
    /// A tick at which a schedule's function failed.
    Tick {
        /// When the tick was due.
        due: Timestamp,
    },
}

/// Whether pending work is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingState {
    /// It is retried.
    Waiting,
    /// All attempts failed. It stays until a person retries or drops it.
    GivenUp,
}

impl PendingState {
    /// The state as one word, as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::GivenUp => "given_up",
        }
    }

    /// The state that [`as_str`](PendingState::as_str) names.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Waiting, Self::GivenUp].into_iter().find(|state| state.as_str() == name)
    }
}

/// Pending work as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pending {
    /// The number of the entry.
    pub id: u64,
    /// The instigator that made the request.
    pub instigator: Instigator,
    /// The work to be done.
    pub work: PendingWork,
    /// Whether it is retried.
    pub state: PendingState,
    /// The reason why the last attempt failed.
    pub reason: String,
    /// The number of attempts that have failed since it became pending, or was last retried by hand.
    pub attempts: u32,
    /// The earliest time of the next attempt.
    pub next_at: Timestamp,
    /// When it was requested.
    pub created_at: Timestamp,
}

impl Pending {
    /// Whether it is due now.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let is_believable = self.next_at.duration_since(now) <= LONGEST_PAUSE;
        self.state == PendingState::Waiting && (self.next_at <= now || !is_believable)
    }
}

/// Work whose first attempt failed.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPending {
    /// The work to be done.
    pub work: PendingWork,
    /// The reason why the attempt failed.
    pub reason: String,
    /// The earliest time of the next attempt.
    pub next_at: Timestamp,
    /// The current time.
    pub at: Timestamp,
}

/// The outcome of retrying pending work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingAttempt {
    /// The number of the entry.
    pub id: u64,
    /// The number of attempts that had failed before. If it differs, another process was first, and nothing is written.
    pub attempts: u32,
    /// The outcome of the attempt.
    pub outcome: PendingOutcome,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingOutcome {
    /// It is done, or needn't be done any more.
    Done,
    /// It failed, and is retried.
    Again {
        /// The reason why it failed.
        reason: String,
        /// The time of the next attempt.
        next_at: Timestamp,
    },
    /// It failed for good.
    GivenUp {
        /// The reason why it failed.
        reason: String,
    },
}

/// Pending work. A [`Commit`](crate::Commit) adds and settles it.
#[async_trait]
pub trait PendingStore: Send + Sync {
    /// The pending work of these instigators, or of all if the list is empty, oldest first, at most `limit`.
    async fn pending(&self, of: &[Instigator], limit: u32) -> Result<Vec<Pending>, StorageError>;

    /// The work of these instigators that is due now, oldest first, at most `limit`.
    async fn due_pending(
        &self,
        of: &[Instigator],
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Pending>, StorageError>;

    /// Makes an entry due now, with all attempts again, even if it was given up. Returns whether it exists.
    async fn retry_pending(&self, id: u64, now: Timestamp) -> Result<bool, StorageError>;

    /// Drops an entry: it isn't retried. Returns whether it existed.
    async fn drop_pending(&self, id: u64) -> Result<bool, StorageError>;
}
