//! What schedules and sensors asked for that couldn't be done yet.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::Instigator;
use millwork_core::run::{RunSpec, RunTarget};
use millwork_storage::{Pending, PendingState, PendingWork};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::names::PendingStateName;

/// Something pending.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PendingView {
    /// Its number.
    pub id: u64,
    /// What asked for it: the name of a schedule, or `sensor:` and the name of a sensor.
    #[schema(value_type = String)]
    pub instigator: Instigator,
    /// What is to be done.
    pub work: PendingWorkView,
    /// Whether it is tried again.
    #[schema(value_type = PendingStateName)]
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

/// What is to be done.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PendingWorkView {
    /// A run that was asked for and can't be requested.
    Run {
        /// The run as it was asked for.
        #[schema(value_type = RunSpecView)]
        run: RunSpec,
        /// The tick that it is for; absent if no schedule asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// An event at which a sensor's function failed.
    Event {
        /// Its place in the event log.
        sequence: u64,
    },
    /// A tick at which a schedule's function failed.
    Tick {
        /// When it was due.
        due: Timestamp,
    },
}

/// A run as it was asked for. One field of `selection` and `job` is there.
#[derive(ToSchema)]
#[schema(as = RunSpec)]
#[allow(dead_code, reason = "only the schema is used: some of the fields are the core's own")]
struct RunSpecView {
    /// What it makes, in the selection syntax.
    selection: Option<String>,
    /// The job whose assets it makes.
    job: Option<String>,
    /// What it is about; absent without a key.
    key: Option<String>,
    /// The partition to make.
    partition: Option<String>,
    /// Its configuration, by step.
    #[schema(required = false)]
    config: Value,
    /// Its tags.
    tags: Option<BTreeMap<String, String>>,
    /// Whether only steps whose outputs are stale or missing are run.
    stale_only: Option<bool>,
    /// Where it comes from: tags that only Millwork sets.
    origin: Option<BTreeMap<String, String>>,
}

/// Something pending that somebody decided about.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PendingChange {
    /// Its number.
    pub pending: u64,
    /// What becomes of it.
    pub state: PendingDecision,
}

/// What becomes of something pending.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PendingDecision {
    /// It is tried again now.
    Waiting,
    /// It isn't tried again.
    Dropped,
}

impl PendingWorkView {
    /// The work in words; `moment` writes the time of a tick.
    pub fn in_words(&self, moment: impl Fn(Timestamp) -> String) -> String {
        match self {
            Self::Run { run: RunSpec { target, key: Some(key), .. }, .. } => {
                of(target, &format!(" (key {key})"))
            }
            Self::Run { run: RunSpec { target, key: None, .. }, .. } => of(target, ""),
            Self::Event { sequence } => format!("reaction to event {sequence}"),
            Self::Tick { due } => format!("tick of {}", moment(*due)),
        }
    }
}

fn of(target: &RunTarget, key: &str) -> String {
    format!("run of {target}{key}")
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
