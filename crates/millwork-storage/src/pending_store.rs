//! The contract of the pending store: what an instigator asked for that couldn't be done yet.
//!
//! A cursor moves past an answer although a part of it can't be done, such as a run of an asset that doesn't exist. That
//! part is written down in the same [`Commit`](crate::Commit) and tried again, until it is done, given up or dropped.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use millwork_core::Instigator;
use millwork_core::run::RunSpec;
use serde::{Deserialize, Serialize};

use crate::StorageError;

/// No pause before the next attempt is longer. A moment further ahead was written under a wrong clock, and has come.
pub const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PendingWork {
    /// A run that was asked for and can't be requested.
    Run {
        /// The run as it was asked for.
        run: RunSpec,
        /// The tick that it is for, if a schedule asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// An event at which a sensor's function failed.
    Event {
        /// Its number.
        sequence: u64,
    },
    /// A tick at which a schedule's function failed.
    Tick {
        /// When it was due.
        due: Timestamp,
    },
}

/// Whether something pending is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingState {
    /// It is tried again.
    Waiting,
    /// It was tried too often. It stays until a person has it tried again or drops it.
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

/// Something pending, as the store knows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pending {
    /// Its number.
    pub id: u64,
    /// Who asked.
    pub instigator: Instigator,
    /// What is to be done.
    pub work: PendingWork,
    /// Whether it is tried again.
    pub state: PendingState,
    /// Why it couldn't be done the last time.
    pub reason: String,
    /// How many attempts have failed.
    pub attempts: u32,
    /// When the next one may begin.
    pub next_at: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl Pending {
    /// Whether it is to be tried now.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let is_believable = self.next_at.duration_since(now) <= LONGEST_PAUSE;
        self.state == PendingState::Waiting && (self.next_at <= now || !is_believable)
    }
}

/// Something that couldn't be done for the first time.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPending {
    /// What is to be done.
    pub work: PendingWork,
    /// Why it can't be done now.
    pub reason: String,
    /// When the next attempt may begin.
    pub next_at: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// What came of trying something pending again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingAttempt {
    /// Which.
    pub id: u64,
    /// How many attempts had failed before. If another number has, someone else was faster, and nothing is written.
    pub attempts: u32,
    /// What came of it.
    pub outcome: PendingOutcome,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingOutcome {
    /// It is done, or needn't be done any more.
    Done,
    /// It failed, and is tried again.
    Again {
        /// Why.
        reason: String,
        /// When.
        next_at: Timestamp,
    },
    /// It failed for good.
    GivenUp {
        /// Why.
        reason: String,
    },
}

/// What is pending. A [`Commit`](crate::Commit) adds to it and settles it.
#[async_trait]
pub trait PendingStore: Send + Sync {
    /// What is pending of these instigators, or of all if none is named, oldest first, at most `limit`.
    async fn pending(&self, of: &[Instigator], limit: u32) -> Result<Vec<Pending>, StorageError>;

    /// What is to be tried now of these instigators, oldest first, at most `limit`.
    async fn due_pending(
        &self,
        of: &[Instigator],
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Pending>, StorageError>;

    /// Lets something be tried now, from the beginning, also if it was given up. Returns whether it is there.
    async fn retry_pending(&self, id: u64, now: Timestamp) -> Result<bool, StorageError>;

    /// Drops something: it isn't tried any more. Returns whether it was there.
    async fn drop_pending(&self, id: u64) -> Result<bool, StorageError>;
}
