//! Ticks: the recorded evaluations of schedules, sensors and automation conditions.

use jiff::Timestamp;
use millwork_core::id::BackfillId;
use millwork_core::run::RunId;
use millwork_core::{AssetKey, Instigator};
use millwork_storage::{Tick, TickOutcome};
use serde::Serialize;
use utoipa::ToSchema;

/// A tick: an evaluation of a schedule, a sensor or the automation conditions, with its outcome.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TickView {
    /// What was evaluated: the name of a schedule, `sensor:` and the name of a sensor, or `millwork/automation`.
    #[serde(rename = "schedule")]
    #[schema(value_type = String)]
    pub instigator: Instigator,
    /// When it was due; if it covers several ticks, when the last of them was.
    pub due: Timestamp,
    /// When it was evaluated.
    pub at: Timestamp,
    /// The duration of the evaluation, in microseconds; absent if it wasn't measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micros: Option<u64>,
    /// The outcome of the evaluation.
    #[serde(flatten)]
    pub outcome: TickOutcomeView,
}

/// The outcome of a tick.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum TickOutcomeView {
    /// A run was requested.
    Requested {
        /// The id of the requested run.
        #[schema(value_type = String)]
        run: RunId,
    },
    /// A backfill was requested: what was due is partitioned differently.
    Backfill {
        /// The number of the backfill.
        #[schema(value_type = u64)]
        backfill: BackfillId,
    },
    /// Ticks were missed and are not made up for.
    Skipped {
        /// The number of missed ticks.
        ticks: usize,
    },
    /// No run was requested.
    Idle {
        /// Why no run was requested.
        reason: String,
    },
    /// A condition holds, and its cooldown holds the run back.
    Cooldown {
        /// The asset that has the condition, or the job as `job:` and its name.
        #[schema(value_type = String)]
        subject: AssetKey,
        /// When the run may be requested.
        until: Timestamp,
        /// Why the condition holds.
        reason: String,
    },
    /// A condition holds, and its budget of runs is spent.
    BudgetSpent {
        /// The asset that has the condition, or the job as `job:` and its name.
        #[schema(value_type = String)]
        subject: AssetKey,
        /// When the run may be requested.
        until: Timestamp,
        /// Why the condition holds.
        reason: String,
    },
    /// The condition of a watch held, and the alias of its model went back.
    RolledBack {
        /// The watch, as `watch:` and its model.
        #[schema(value_type = String)]
        subject: AssetKey,
        /// The move, and why the condition held.
        reason: String,
    },
    /// The tick couldn't be evaluated.
    Failed {
        /// The error message.
        reason: String,
    },
}

impl From<Tick> for TickView {
    fn from(tick: Tick) -> Self {
        let Tick { instigator, due, at, micros, outcome } = tick;
        Self { instigator, due, at, micros, outcome: outcome.into() }
    }
}

impl From<TickOutcome> for TickOutcomeView {
    fn from(outcome: TickOutcome) -> Self {
        match outcome {
            TickOutcome::Requested { run } => Self::Requested { run },
            TickOutcome::Backfill { backfill } => Self::Backfill { backfill },
            TickOutcome::Skipped { ticks } => Self::Skipped { ticks },
            TickOutcome::Idle { reason } => Self::Idle { reason },
            TickOutcome::Cooldown { subject, until, reason } => Self::Cooldown { subject, until, reason },
            TickOutcome::BudgetSpent { subject, until, reason } => {
                Self::BudgetSpent { subject, until, reason }
            }
            TickOutcome::RolledBack { subject, reason } => Self::RolledBack { subject, reason },
            TickOutcome::Failed { reason } => Self::Failed { reason },
        }
    }
}
