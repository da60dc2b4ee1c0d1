//! The contract of the instigator store: switches, cursors and ticks.
//!
//! A loop that requests runs decides by a cursor and writes its decision in one [`Commit`]: the new cursor together with everything that
//! follows from the decision. A commit counts only if the cursor is still the one that was decided by, so of two daemons that decide the
//! same, one is refused.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::id::BackfillId;
use millwork_core::run::RunId;
use millwork_core::{AssetKey, Instigator, SwitchedCursor};
use serde::{Deserialize, Serialize};

use crate::{AutomationRow, NewBackfill, NewDelivery, NewPending, NewRun, PendingAttempt, StorageError};

/// The stored state of an instigator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstigatorState {
    /// Whether it was switched on or off; `None` if its definition decides.
    pub on: Option<bool>,
    /// Its cursor, in a form that only its own loop reads; `None` before its first commit and after a switch that clears it.
    pub cursor: Option<String>,
    /// Since when its function is stuck: its time is up, and it hasn't returned; `None` if it isn't stuck.
    pub stuck_since: Option<Timestamp>,
}

/// The outcome of a tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum TickOutcome {
    /// A run was requested.
    Requested {
        /// The ID of the run.
        run: RunId,
    },
    /// A backfill was requested: what was due is partitioned differently.
    Backfill {
        /// Its number.
        backfill: BackfillId,
    },
    /// Ticks were missed and are skipped.
    Skipped {
        /// The number of missed ticks.
        ticks: usize,
    },
    /// There was no reason to request a run.
    Idle {
        /// The reason.
        reason: String,
    },
    /// A condition holds, and its cooldown holds the run back.
    Cooldown {
        /// The asset or job that has the condition.
        subject: AssetKey,
        /// When the run may be requested.
        until: Timestamp,
        /// Why the condition holds.
        reason: String,
    },
    /// A condition holds, and its budget of runs is spent.
    BudgetSpent {
        /// The asset or job that has the condition.
        subject: AssetKey,
        /// When the run may be requested.
        until: Timestamp,
        /// Why the condition holds.
        reason: String,
    },
    /// The condition of a watch held, and the alias of its model went back. It follows from the event of the move, and isn't written.
    RolledBack {
        /// The watch, as `watch:` and its model.
        subject: AssetKey,
        /// The move, and why the condition held.
        reason: String,
    },
    /// The tick could not be evaluated.
    Failed {
        /// The error.
        reason: String,
    },
}

/// A tick of an instigator with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// The instigator.
    #[serde(rename = "schedule")]
    pub instigator: Instigator,
    /// When it was due; for several missed ticks, the last.
    pub due: Timestamp,
    /// When it was evaluated.
    pub at: Timestamp,
    /// How long the evaluation took, in microseconds; `None` if it wasn't measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micros: Option<u64>,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: TickOutcome,
}

/// Everything that an evaluation changes, in one transaction.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The instigator that was evaluated.
    pub instigator: Instigator,
    /// The cursor from which it was evaluated.
    pub from: Option<String>,
    /// The new cursor.
    pub cursor: String,
    /// Since when its function is stuck; `None` if it isn't.
    pub stuck_since: Option<Timestamp>,
    /// The runs to request.
    pub runs: Vec<NewRun>,
    /// The backfills to request, each with the tick that asks for it, whose outcome they become.
    pub backfills: Vec<(NewBackfill, Tick)>,
    /// The ticks with their outcomes.
    pub ticks: Vec<Tick>,
    /// The new state of automation for these assets; that of others stays as it is.
    pub rows: Vec<AutomationRow>,
    /// The alerts to send.
    pub deliveries: Vec<NewDelivery>,
    /// The work that couldn't be done, and is pending from now on.
    pub pending: Vec<NewPending>,
    /// The outcomes of retrying pending work.
    pub attempts: Vec<PendingAttempt>,
}

impl Commit {
    /// A commit that moves the cursor and changes nothing else so far.
    pub fn new(instigator: Instigator, from: Option<String>, cursor: impl Into<String>) -> Self {
        Self {
            instigator,
            from,
            cursor: cursor.into(),
            stuck_since: None,
            runs: Vec::new(),
            backfills: Vec::new(),
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
    /// The states of all instigators.
    async fn states(&self) -> Result<BTreeMap<Instigator, InstigatorState>, StorageError>;

    /// The state of one instigator.
    async fn state(&self, instigator: &Instigator) -> Result<InstigatorState, StorageError>;

    /// Switches an instigator on or off, whatever its definition says; `None` leaves it to the definition again. `cursor` is what a change
    /// does to its cursor; a switch that changes nothing keeps it.
    async fn switch(
        &self,
        instigator: &Instigator,
        on: Option<bool>,
        cursor: SwitchedCursor,
    ) -> Result<(), StorageError>;

    /// Writes a commit, all of it or nothing. Returns `false`, and writes nothing, if the cursor is not the one that was evaluated from, or
    /// pending work has been retried since: another process was first.
    async fn commit(&self, commit: Commit) -> Result<bool, StorageError>;

    /// The ticks of these instigators, or of all if the list is empty, newest first, at most `limit`.
    async fn ticks(&self, of: &[Instigator], limit: u32) -> Result<Vec<Tick>, StorageError>;

    /// The ticks of all instigators behind a number, oldest first, each with its own number; at most `limit`. A later tick
    /// has a larger number.
    async fn ticks_behind(&self, behind: u64, limit: u32) -> Result<Vec<(u64, Tick)>, StorageError>;

    /// The number of the newest tick; 0 if there was none.
    async fn newest_tick(&self) -> Result<u64, StorageError>;
}
