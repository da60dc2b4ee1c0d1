//! Runs and their steps.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::run::{
    Failure, FailureClass, FailureKind, RunId, RunRequest, RunState, RunStatus, StepKey, StepState,
    StepStatus, WaitReason,
};
use millwork_core::{AssetKey, PartitionKey, StepPartition};
use millwork_storage::RunRecord;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::names::{FailureClassName, FailureKindName, RunStatusName, StepStatusName};

/// A run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunView {
    /// Its id.
    #[schema(value_type = String)]
    pub run: RunId,
    /// What has become of it.
    #[schema(value_type = RunStatusName)]
    pub status: RunStatus,
    /// What it is asked to do.
    pub request: RequestView,
    /// How often a process began to execute it.
    pub epoch: u32,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was last started; `null` if it hasn't been.
    #[schema(required)]
    pub started_at: Option<Timestamp>,
    /// When it finished; `null` if it hasn't.
    #[schema(required)]
    pub finished_at: Option<Timestamp>,
    /// Why it failed or was lost, the last time that it did; `null` if it never did.
    #[schema(required)]
    pub reason: Option<String>,
    /// Which class of failure that was.
    #[schema(required, value_type = Option<FailureClassName>)]
    pub class: Option<FailureClass>,
    /// Before when it isn't started, if it is tried again.
    #[schema(required)]
    pub not_before: Option<Timestamp>,
    /// What of its record can't be read or was set aside, and why; `null` if all is there.
    #[schema(required)]
    pub damage: Option<String>,
}

/// What a run is asked to do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RequestView {
    /// The selection as it was written.
    pub selection: String,
    /// The assets that it selected then.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// The partition to make; absent if every partition is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub partition: Option<PartitionKey>,
    /// The configuration by step; absent if it can't be read.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(required = false)]
    pub config: Value,
    /// Labels; absent without any.
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
    /// The run.
    #[serde(flatten)]
    pub run: RunView,
    /// Its steps, by key and partition.
    pub steps: Vec<StepView>,
    /// Why it hasn't started, or that it is about to; `null` unless it is queued.
    #[schema(required)]
    pub waits: Option<String>,
}

/// A step of a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StepView {
    /// Its key.
    #[schema(value_type = String)]
    pub step: StepKey,
    /// Its partition; `null` if it has none.
    #[schema(required, value_type = Option<String>)]
    pub partition: Option<PartitionKey>,
    /// What has become of it.
    #[schema(value_type = StepStatusName)]
    pub status: StepStatus,
    /// The number of its last attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// When its last attempt began.
    #[schema(required)]
    pub started_at: Option<Timestamp>,
    /// When that ended.
    #[schema(required)]
    pub finished_at: Option<Timestamp>,
    /// Why it was skipped.
    #[schema(required)]
    pub reason: Option<String>,
    /// Why its last attempt failed.
    #[schema(required)]
    pub failure: Option<FailureView>,
}

/// Why a step failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FailureView {
    /// What kind of failure it is.
    #[schema(value_type = FailureKindName)]
    pub kind: FailureKind,
    /// The error and its causes, outermost first.
    pub chain: Vec<String>,
    /// What to do about it; absent where that isn't known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The place of a panic: file, line and column. Absent for other failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// A page of runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunPage {
    /// The runs, newest first.
    pub runs: Vec<RunView>,
    /// What `before` has to be for the next page; `null` if this is the last.
    #[schema(required, value_type = Option<String>)]
    pub next: Option<RunId>,
}

/// What has become of a run that something was done about: it was asked for, queued again or asked to stop.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct RunStanding {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// The status that it has now.
    #[schema(value_type = RunStatusName)]
    pub status: RunStatus,
}

/// Why a run hasn't started; `None` unless it is queued. `waiting` is what [`waiting_runs`](millwork_storage::waiting_runs) finds.
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
        let RunRequest { selection, assets, partition, config, tags, stale_only } = request;
        Self { selection, assets, partition, config, tags, stale_only }
    }
}

impl RunDetails {
    /// A run with what the fold of its events says.
    pub fn new(record: &RunRecord, state: &RunState, waits: Option<String>) -> Self {
        let damage = record.damage.as_ref().or(state.damage.as_ref()).cloned();
        let steps = state.steps.iter().map(|(step, state)| StepView::new(step, state)).collect();
        Self { run: RunView { damage, ..record.into() }, steps, waits }
    }
}

impl StepView {
    /// A step and what has become of it.
    pub fn new(StepPartition { step, partition }: &StepPartition, state: &StepState) -> Self {
        Self {
            step: step.clone(),
            partition: partition.clone(),
            status: state.status,
            attempt: state.attempt,
            started_at: state.started_at,
            finished_at: state.finished_at,
            reason: state.reason.clone(),
            failure: state.failure.clone().map(Into::into),
        }
    }
}

impl From<Failure> for FailureView {
    fn from(failure: Failure) -> Self {
        let Failure { kind, chain, hint, location } = failure;
        Self { kind, chain, hint, location }
    }
}
