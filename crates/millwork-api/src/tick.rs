//! Ticks: what came of evaluating schedules, sensors and conditions.

use jiff::Timestamp;
use millwork_core::Instigator;
use millwork_core::run::RunId;
use millwork_storage::{Tick, TickOutcome};
use serde::Serialize;
use utoipa::ToSchema;

/// A tick.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TickView {
    /// What was evaluated: the name of a schedule, `sensor:` and the name of a sensor, or `millwork/automation`.
    #[serde(rename = "schedule")]
    #[schema(value_type = String)]
    pub instigator: Instigator,
    /// When it was due: of several ticks, the last.
    pub due: Timestamp,
    /// When it was evaluated.
    pub at: Timestamp,
    /// How long the evaluation took, in microseconds; absent where that isn't measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micros: Option<u64>,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: TickOutcomeView,
}

/// What came of a tick.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum TickOutcomeView {
    /// A run was requested.
    Requested {
        /// The run.
        #[schema(value_type = String)]
        run: RunId,
    },
    /// Ticks were missed, and aren't made up for.
    Skipped {
        /// How many.
        ticks: usize,
    },
    /// There was nothing to do.
    Idle {
        /// Why.
        reason: String,
    },
    /// The tick couldn't be evaluated.
    Failed {
        /// Why.
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
            TickOutcome::Skipped { ticks } => Self::Skipped { ticks },
            TickOutcome::Idle { reason } => Self::Idle { reason },
            TickOutcome::Failed { reason } => Self::Failed { reason },
        }
    }
}
