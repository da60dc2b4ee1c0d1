//! Pending requests: work of schedules and sensors that failed and is tried again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::Instigator;
use millwork_core::run::RunSpec;
use millwork_storage::{Pending, PendingState, PendingWork};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::names::PendingStateName;

/// A pending request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PendingView {
    /// The number of the request.
    pub id: u64,
    /// The requester: the name of a schedule, or `sensor:` and the name of a sensor.
    #[schema(value_type = String)]
    pub instigator: Instigator,
    /// The requested work.
    pub work: PendingWorkView,
    /// Whether the request is tried again.
    #[schema(value_type = PendingStateName)]
    pub state: PendingState,
    /// The error of the last attempt.
    pub reason: String,
    /// The number of attempts that have failed since it became pending, or was last retried by hand.
    pub attempts: u32,
    /// When the next attempt may begin.
    pub next_at: Timestamp,
    /// When the request was recorded.
    pub created_at: Timestamp,
}

/// The work of a pending request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PendingWorkView {
    /// A run that can't be requested.
    Run {
        /// The run as the schedule or sensor asked for it.
        #[schema(value_type = RunSpecView)]
        run: Box<RunSpec>,
        /// The tick that it is for; absent if a sensor asked for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// An event on which a sensor's function failed.
    Event {
        /// The event's sequence number.
        sequence: u64,
    },
    /// A tick on which a schedule's function failed.
    Tick {
        /// When the tick was due.
        due: Timestamp,
    },
}

/// A run as a schedule or sensor asked for it. Exactly one of `selection` and `job` is present.
#[derive(ToSchema)]
#[schema(as = RunSpec)]
#[allow(dead_code, reason = "only the schema is used: some of the fields are the core's own")]
struct RunSpecView {
    /// The assets that it materializes, in the selection syntax.
    selection: Option<String>,
    /// The job whose assets it materializes.
    job: Option<String>,
    /// The key by which repeated requests are recognized; absent if the run has none.
    key: Option<String>,
    /// The partition to materialize; absent if the run isn't limited to one.
    partition: Option<String>,
    /// The configuration of the run, by step.
    #[schema(required = false)]
    config: Value,
    /// The tags of the run.
    tags: Option<BTreeMap<String, String>>,
    /// Whether only steps whose outputs are stale or missing are run.
    stale_only: Option<bool>,
    /// The run's origin: tags that only Millwork sets.
    origin: Option<BTreeMap<String, String>>,
}

/// The state of a pending request after it was retried or dropped.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PendingChange {
    /// The number of the request.
    pub pending: u64,
    /// The new state of the request.
    pub state: PendingDecision,
}

/// The state of a pending request after a decision.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PendingDecision {
    /// The request is tried again now.
    Waiting,
    /// The request isn't tried again.
    Dropped,
}

impl PendingWorkView {
    /// The work as text; `moment` formats the time of a tick.
    pub fn in_words(&self, moment: impl Fn(Timestamp) -> String) -> String {
        match self {
            Self::Run { run, .. } => match &run.key {
                Some(key) => format!("run of {} (key {key})", run.target),
                None => format!("run of {}", run.target),
            },
            Self::Event { sequence } => format!("reaction to event {sequence}"),
            Self::Tick { due } => format!("tick of {}", moment(*due)),
        }
    }
}

impl From<Pending> for PendingView {
    fn from(pending: Pending) -> Self {
        let Pending { id, instigator, work, state, reason, attempts, next_at, created_at } = pending;
        Self { id, instigator, work: work.into(), state, reason, attempts, next_at, created_at }
    }
}

impl From<PendingWork> for PendingWorkView {
    fn from(work: PendingWork) -> Self {
        match work {
            PendingWork::Run { run, due } => Self::Run { run, due },
            PendingWork::Event { sequence } => Self::Event { sequence },
            PendingWork::Tick { due } => Self::Tick { due },
        }
    }
}
