//! What `materialize` and `runs retry` come to.

use millwork_core::run::{RunId, RunStatus, StepKey};
use millwork_core::{PartitionKey, StepPartition};
use serde::Serialize;
use utoipa::ToSchema;

use crate::names::RunStatusName;
use crate::run::StepView;

/// A run that was executed to its end.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunOutcomeView {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// What has become of it.
    #[schema(value_type = RunStatusName)]
    pub status: RunStatus,
    /// Why it failed or was lost; `null` if it wasn't.
    #[schema(required)]
    pub reason: Option<String>,
    /// How to go on with it; `null` if it succeeded.
    #[schema(required)]
    pub hint: Option<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The most memory that the process has held, in bytes; `null` where the system doesn't tell.
    #[schema(required)]
    pub peak_memory_bytes: Option<u64>,
    /// Its steps, by key and partition.
    pub steps: Vec<StepView>,
}

/// Only what is stale or missing was to be made, and nothing is: there is no run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UpToDate {
    /// Always `null`: there is no run.
    #[schema(required, value_type = Option<String>)]
    run: Option<RunId>,
    /// Always `up_to_date`.
    status: &'static str,
    /// How many assets are selected.
    assets: usize,
    /// Always empty.
    steps: Vec<StepView>,
}

impl UpToDate {
    /// The answer for so many selected assets.
    pub fn new(assets: usize) -> Self {
        Self { run: None, status: "up_to_date", assets, steps: Vec::new() }
    }
}

/// What a run would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanView {
    /// Its steps, in an order in which they can run.
    pub plan: Vec<PlannedStepView>,
}

/// A step that would run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlannedStepView {
    /// Its key.
    #[schema(value_type = String)]
    pub step: StepKey,
    /// Its partition; `null` if it has none.
    #[schema(required, value_type = Option<String>)]
    pub partition: Option<PartitionKey>,
}

impl From<StepPartition> for PlannedStepView {
    fn from(StepPartition { step, partition }: StepPartition) -> Self {
        Self { step, partition }
    }
}
