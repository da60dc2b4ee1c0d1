//! Runs with their requests, steps and failures.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::event::{Event, EventKind, KindSet};
use millwork_core::run::{
    Failure, FailureClass, FailureKind, RunId, RunRequest, RunState, RunStatus, StepKey, StepState,
    StepStatus, WaitReason,
};
use millwork_core::{AssetKey, PartitionKey, StepPartition};
use millwork_storage::RunRecord;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::environment::EnvironmentView;
use crate::names::{FailureClassName, FailureKindName, RunStatusName, StepStatusName};

/// A run as it is recorded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunView {
    /// The run's id.
    #[schema(value_type = String)]
    pub run: RunId,
    /// The status of the run.
    #[schema(value_type = RunStatusName)]
    pub status: RunStatus,
    /// The request that the run executes.
    pub request: RequestView,
    /// The number of times that a process began to execute it.
    pub epoch: u32,
    /// When the run was requested.
    pub created_at: Timestamp,
    /// When the run was last started; `null` if it wasn't.
    #[schema(required)]
    pub started_at: Option<Timestamp>,
    /// When the run finished; `null` if it hasn't.
    #[schema(required)]
    pub finished_at: Option<Timestamp>,
    /// Why the run last failed or was lost; `null` if it never did.
    #[schema(required)]
    pub reason: Option<String>,
    /// The class of that failure; `null` if there was none.
    #[schema(required, value_type = Option<FailureClassName>)]
    pub class: Option<FailureClass>,
    /// The earliest time at which the run is retried; `null` if it isn't waiting for a retry.
    #[schema(required)]
    pub not_before: Option<Timestamp>,
    /// The parts of the run's record that can't be read or were set aside, and why; `null` if the record is complete.
    #[schema(required)]
    pub damage: Option<String>,
}

/// A request for a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RequestView {
    /// The selection as it was written.
    pub selection: String,
    /// The assets that it selected when the run was requested.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// The partition to materialize; absent if several are, or every one of a fixed list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The partitions to materialize; absent if it is one, or every one of a fixed list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub partitions: Vec<String>,
    /// The configuration, by step; absent if it can't be read.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(required = false)]
    pub config: Value,
    /// The tags; absent if there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    pub tags: BTreeMap<String, String>,
    /// Whether only steps whose outputs are stale or missing are run; absent if all are.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub stale_only: bool,
}

/// A run with its steps.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunDetails {
    /// The run without its steps.
    #[serde(flatten)]
    pub run: RunView,
    /// The steps of the run, ordered by key and partition.
    pub steps: Vec<StepView>,
    /// Why the run hasn't started, or that it is about to; `null` if it isn't queued.
    #[schema(required)]
    pub waits: Option<String>,
    /// What the run was executed with: an entry for the first execution, and one for each later execution with a difference. Empty until it
    /// is known, which is before the end of the first execution.
    pub environments: Vec<EnvironmentView>,
}

/// A step of a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StepView {
    /// The step's key.
    #[schema(value_type = String)]
    pub step: StepKey,
    /// The step's partition; `null` if it has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The status of the step.
    #[schema(value_type = StepStatusName)]
    pub status: StepStatus,
    /// The number of the last attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// When the last attempt began; `null` before the first.
    #[schema(required)]
    pub started_at: Option<Timestamp>,
    /// When the last attempt ended, by itself or with its run; `null` if it hasn't.
    #[schema(required)]
    pub finished_at: Option<Timestamp>,
    /// Why the step was skipped, or that its run failed or was lost while it was running; `null` otherwise.
    #[schema(required)]
    pub reason: Option<String>,
    /// The failure of the last attempt; `null` if it didn't fail.
    #[schema(required)]
    pub failure: Option<FailureView>,
}

/// The failure of a step's attempt.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FailureView {
    /// The kind of failure.
    #[schema(value_type = FailureKindName)]
    pub kind: FailureKind,
    /// The error and its causes, outermost first.
    pub chain: Vec<String>,
    /// The remedy; absent if it isn't known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The location of a panic: file, line and column. Absent for other failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// A page of runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunPage {
    /// The runs, newest first.
    pub runs: Vec<RunView>,
    /// The value of `before` for the next page; `null` if this is the last.
    #[schema(required, value_type = Option<String>)]
    pub next: Option<RunId>,
}

/// The status of a run after it was requested, queued again or asked to stop.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct RunStanding {
    /// The run without its steps.
    #[schema(value_type = String)]
    pub run: RunId,
    /// The current status of the run.
    #[schema(value_type = RunStatusName)]
    pub status: RunStatus,
}

/// Why a run hasn't started; `None` if it isn't queued. `waiting` is the result of [`waiting_runs`](millwork_storage::waiting_runs).
pub fn waits(run: &RunRecord, waiting: &[(RunId, Option<WaitReason>)]) -> Option<String> {
    (run.status == RunStatus::Queued).then(|| match waiting.iter().find(|(id, _)| *id == run.id) {
        Some((_, Some(reason))) => reason.to_string(),
        Some((_, None)) => "is about to be launched".to_owned(),
        None => WaitReason::NotQueued.to_string(),
    })
}

impl From<&RunRecord> for RunView {
    fn from(run: &RunRecord) -> Self {
        Self {
            run: run.id,
            status: run.status,
            request: run.request.clone().into(),
            epoch: run.epoch,
            created_at: run.created_at,
            started_at: run.started_at,
            finished_at: run.finished_at,
            reason: run.reason.clone(),
            class: run.class,
            not_before: run.not_before,
            damage: run.damage.clone(),
        }
    }
}

impl From<RunRequest> for RequestView {
    fn from(request: RunRequest) -> Self {
        let RunRequest { selection, assets, partitions, config, tags, stale_only } = request;
        let mut partitions: Vec<String> = partitions.iter().map(ToString::to_string).collect();
        let partition = if partitions.len() == 1 { partitions.pop() } else { None };
        Self { selection, assets, partition, partitions, config, tags, stale_only }
    }
}

impl RunDetails {
    /// The kinds of events that it is made of.
    pub const KINDS: KindSet = RunState::KINDS.union(KindSet::of(&[EventKind::EnvironmentRecorded]));

    /// A run with its steps and environments, as the run's `events` give them.
    pub fn new(record: &RunRecord, events: &[Event], waits: Option<String>) -> Self {
        let state = RunState::of_stored(events);
        let environments = EnvironmentView::of_events(events);
        let damage = record.damage.as_ref().or(state.damage.as_ref()).cloned();
        let steps = state.steps.iter().map(|(step, state)| StepView::new(step, state)).collect();
        Self { run: RunView { damage, ..record.into() }, steps, waits, environments }
    }
}

impl StepView {
    /// A step with its state.
    pub fn new(StepPartition { step, partition }: &StepPartition, state: &StepState) -> Self {
        Self {
            step: step.clone(),
            partition: partition.clone(),
            status: state.status,
            attempt: state.attempt,
            started_at: state.started_at.map(as_stored),
            finished_at: state.finished_at.map(as_stored),
            reason: state.reason.clone(),
            failure: state.failure.clone().map(Into::into),
        }
    }
}

/// A moment with the precision of stored ones, microseconds: events of a run that has just ended are more precise than its log.
fn as_stored(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

impl From<Failure> for FailureView {
    fn from(failure: Failure) -> Self {
        let Failure { kind, chain, hint, location } = failure;
        Self { kind, chain, hint, location }
    }
}
