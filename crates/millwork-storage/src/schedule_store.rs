//! The contract of the schedule store: what is switched on, how far it has been evaluated, and what came of it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::run::RunId;
use serde::{Deserialize, Serialize};

use crate::{NewRun, StorageError};

/// What the store knows of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduleState {
    /// Whether someone switched it on or off; nothing if it is as it is defined.
    pub on: Option<bool>,
    /// How far it has been evaluated, in the words of whoever evaluates it.
    pub cursor: Option<String>,
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
    /// The schedule.
    pub schedule: String,
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

/// One evaluation of a schedule: everything that it changes, in one commit.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The schedule.
    pub schedule: String,
    /// The cursor that was evaluated from.
    pub from: Option<String>,
    /// The cursor from now on.
    pub cursor: String,
    /// The runs to request.
    pub runs: Vec<NewRun>,
    /// What came of the ticks.
    pub ticks: Vec<Tick>,
}

/// Schedules' state and ticks.
#[async_trait]
pub trait ScheduleStore: Send + Sync {
    /// What is known of all schedules, by name.
    async fn schedules(&self) -> Result<BTreeMap<String, ScheduleState>, StorageError>;

    /// Switches a schedule on or off, whatever its definition says; `None` leaves it to the definition again. A change
    /// forgets the cursor: what would have been due meanwhile is not made up for.
    async fn switch_schedule(&self, name: &str, on: Option<bool>) -> Result<(), StorageError>;

    /// Writes an evaluation down: the cursor, the runs and the ticks together, or nothing. Returns `false`, and writes
    /// nothing, if the cursor is not the one that was evaluated from: someone else was faster.
    async fn record_evaluation(&self, evaluation: Evaluation) -> Result<bool, StorageError>;

    /// The ticks of a schedule, or of all, newest first, at most `limit`.
    async fn ticks(&self, schedule: Option<&str>, limit: u32) -> Result<Vec<Tick>, StorageError>;

    /// The ticks of all schedules behind a number, oldest first, each with its own number; at most `limit`. A later tick
    /// has a larger number.
    async fn ticks_behind(&self, behind: u64, limit: u32) -> Result<Vec<(u64, Tick)>, StorageError>;

    /// The number of the newest tick; 0 if there was none.
    async fn newest_tick(&self) -> Result<u64, StorageError>;
}
