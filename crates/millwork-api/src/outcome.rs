//! The results of `materialize` and `runs retry`.

use millwork_core::run::{RunId, RunStatus, StepKey};
use millwork_core::{PartitionKey, StepPartition};
use serde::Serialize;
use utoipa::ToSchema;

use crate::names::RunStatusName;
use crate::run::StepView;

/// A finished run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunOutcomeView {
    /// The run's id.
    #[schema(value_type = String)]
    pub run: RunId,
    /// The status that the run ended with.
    #[schema(value_type = RunStatusName)]
    pub status: RunStatus,
    /// Why the run failed or was lost; `null` if it did not.
    #[schema(required)]
    pub reason: Option<String>,
    /// How to resume the run; `null` if it succeeded.
    #[schema(required)]
    pub hint: Option<String>,
    /// The duration of the run, in seconds.
    pub seconds: f64,
    /// The peak memory of the process, in bytes; `null` if the system doesn't report it.
    #[schema(required)]
    pub peak_memory_bytes: Option<u64>,
    /// The steps of the run, ordered by key and partition.
    pub steps: Vec<StepView>,
}

/// The answer to a request for stale and missing assets when all are up to date: no run is created.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UpToDate {
    /// Always `null`: there is no run.
    #[schema(required, value_type = Option<String>)]
    run: Option<RunId>,
    /// Always `up_to_date`.
    status: &'static str,
    /// The number of selected assets.
    assets: usize,
    /// Always empty.
    steps: Vec<StepView>,
}

impl UpToDate {
    /// The answer for a number of selected assets.
    pub fn new(assets: usize) -> Self {
        Self { run: None, status: "up_to_date", assets, steps: Vec::new() }
    }
}

/// The plan of a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanView {
    /// The steps, in an order in which they can run.
    pub plan: Vec<PlannedStepView>,
}

/// A step of a plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlannedStepView {
    /// The step's key.
    #[schema(value_type = String)]
    pub step: StepKey,
    /// The step's partition; `null` if it has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
}

impl From<StepPartition> for PlannedStepView {
    fn from(StepPartition { step, partition }: StepPartition) -> Self {
        Self { step, partition }
    }
}
