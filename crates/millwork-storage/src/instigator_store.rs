//! The contract of the instigator store: what is switched on, how far it has come, and what came of it.
//!
//! A loop that asks for runs decides by a cursor and writes what it decided in one [`Commit`]: the new cursor together with
//! everything that follows from the decision. A commit counts only if the cursor is still the one that was decided by, so
//! of two daemons that decide the same, one is refused.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::Instigator;
use millwork_core::run::RunId;
use serde::{Deserialize, Serialize};

use crate::{AutomationRow, NewDelivery, NewPending, NewRun, PendingAttempt, StorageError};

/// What the store knows of an instigator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstigatorState {
    /// Whether it was switched on or off; `None` if it is as its definition says.
    pub on: Option<bool>,
    /// How far it has come, in a form that only its own loop reads; `None` before its first commit and after a switch.
    pub cursor: Option<String>,
    /// Since when its function hasn't returned, although its time is up; `None` if it isn't stuck.
    pub stuck_since: Option<Timestamp>,
}

/// What came of a tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum TickOutcome {
    /// A run was requested.
    Requested {
        /// The run.
        run: RunId,
    },
    /// Ticks were missed and are not run.
    Skipped {
        /// How many.
        ticks: usize,
    },
    /// There was nothing to do.
    Idle {
        /// Why.
        reason: String,
    },
    /// The tick could not be evaluated.
    Failed {
        /// Why.
        reason: String,
    },
}

/// A tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Whose it is.
    #[serde(rename = "schedule")]
    pub instigator: Instigator,
    /// When it was due: of several, the last.
    pub due: Timestamp,
    /// When it was evaluated.
    pub at: Timestamp,
    /// How long the evaluation took, in microseconds, where that is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micros: Option<u64>,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: TickOutcome,
}

/// Everything that an evaluation changes, in one transaction.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Whose evaluation it is.
    pub instigator: Instigator,
    /// The cursor that was evaluated from.
    pub from: Option<String>,
    /// The cursor from now on.
    pub cursor: String,
    /// Since when its function hasn't returned, if it is stuck.
    pub stuck_since: Option<Timestamp>,
    /// The runs to request.
    pub runs: Vec<NewRun>,
    /// What came of the ticks.
    pub ticks: Vec<Tick>,
    /// What automation remembers from now on of these assets; of others it stays as it is.
    pub rows: Vec<AutomationRow>,
    /// The alerts to send.
    pub deliveries: Vec<NewDelivery>,
    /// What couldn't be done, and is pending from now on.
    pub pending: Vec<NewPending>,
    /// What came of trying again what was pending.
    pub attempts: Vec<PendingAttempt>,
}

impl Commit {
    /// A commit that moves the cursor and does nothing else yet.
    pub fn new(instigator: Instigator, from: Option<String>, cursor: impl Into<String>) -> Self {
        Self {
            instigator,
            from,
            cursor: cursor.into(),
            stuck_since: None,
            runs: Vec::new(),
            ticks: Vec::new(),
            rows: Vec::new(),
            deliveries: Vec::new(),
            pending: Vec::new(),
            attempts: Vec::new(),
        }
    }
}

/// Switches, cursors and ticks of instigators.
#[async_trait]
pub trait InstigatorStore: Send + Sync {
    /// What is known of all instigators.
    async fn states(&self) -> Result<BTreeMap<Instigator, InstigatorState>, StorageError>;

    /// What is known of one.
    async fn state(&self, instigator: &Instigator) -> Result<InstigatorState, StorageError>;

    /// Switches an instigator on or off, whatever its definition says; `None` leaves it to the definition again. A change
    /// forgets the cursor: what would have been due meanwhile is not made up for.
    async fn switch(&self, instigator: &Instigator, on: Option<bool>) -> Result<(), StorageError>;

    /// Writes a commit down, all of it or nothing. Returns `false`, and writes nothing, if the cursor is not the one that
    /// was evaluated from, or what was pending has been tried since: someone else was faster.
    async fn commit(&self, commit: Commit) -> Result<bool, StorageError>;

    /// The ticks of these instigators, or of all if none is named, newest first, at most `limit`.
    async fn ticks(&self, of: &[Instigator], limit: u32) -> Result<Vec<Tick>, StorageError>;

    /// The ticks of all instigators behind a number, oldest first, each with its own number; at most `limit`. A later tick
    /// has a larger number.
    async fn ticks_behind(&self, behind: u64, limit: u32) -> Result<Vec<(u64, Tick)>, StorageError>;

    /// The number of the newest tick; 0 if there was none.
    async fn newest_tick(&self) -> Result<u64, StorageError>;
}
