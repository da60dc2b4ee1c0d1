//! The state that the steps of a run share.
//!
//! It comes in two parts. [`PlannedRun`] is what decisions are made from: values that don't change from the run's start to its end, so that
//! the dispatcher is a function of them and of its inputs. [`RunContext`] adds what acts: the store, the recorder, the clock, the switch
//! that stops the run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::graph::{AssetGraph, AssetIndex, StepNode};
use millwork_core::partition::Key;
use millwork_core::plan::{LatestEvaluations, Plan, PlanIndex};
use millwork_core::run::RunId;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetPartition, Clock, KeyMoment, Pipeline, StepPartition};
use millwork_storage::Store;
use serde_json::Value;

use super::{Cancel, Original, Pins, RecorderHandle, StoredInputs};
use crate::values::Values;

/// The steps of a run, and the stored values that it works with.
#[derive(Debug)]
pub(crate) struct PlannedRun {
    pub(crate) run: RunId,
    pub(crate) graph: Arc<AssetGraph>,
    pub(crate) plan: Plan,
    /// When the run was requested, which says which partitions there are.
    pub(crate) moment: KeyMoment,
    /// The materializations that were stored when the run started.
    pub(crate) stored: StoredInputs,
    /// The last number of a version of each planned output, before the run.
    pub(crate) last_versions: HashMap<AssetPartition<AssetIndex>, VersionNumber>,
    /// The versions that aliases meant when the run began.
    pub(crate) pins: Pins,
    /// The last verdicts about the planned outputs; `None` for a run that isn't limited to stale steps.
    pub(crate) verdicts: Option<LatestEvaluations>,
    /// Whether steps get no previous values.
    pub(crate) without_previous: bool,
}

impl PlannedRun {
    pub(crate) fn step(&self, position: PlanIndex) -> &StepNode {
        &self.graph.steps()[self.plan.steps[position].step]
    }

    pub(crate) fn step_partition(&self, position: PlanIndex) -> StepPartition {
        self.plan.steps[position].by_key(&self.graph)
    }

    /// The values of the key of a step's partition; `None` for a step without partitions.
    pub(crate) fn key(&self, position: PlanIndex) -> Option<Key> {
        let step = &self.plan.steps[position];
        let (partition, partitions) = (step.partition.as_ref()?, self.graph.step_partitions(step.step)?);
        let space = partitions.space(&self.moment);
        space.key_at(&space.index_of(partition)?)
    }

    /// The assets that a step materializes, in the order of its function's results; empty for a check.
    pub(crate) fn outputs(&self, position: PlanIndex) -> &[AssetIndex] {
        self.graph.outputs(self.plan.steps[position].step)
    }

    /// The number of the version that the run makes of an asset or partition, unless another run makes one first.
    pub(crate) fn next_version(&self, output: &AssetPartition<AssetIndex>) -> VersionNumber {
        VersionNumber::after(self.last_versions.get(output).copied())
    }

    /// An asset at the partition of a step that materializes, tests or judges it.
    pub(crate) fn output(&self, position: PlanIndex, asset: AssetIndex) -> AssetPartition<AssetIndex> {
        self.plan.steps[position].at_partition(asset)
    }
}

/// The context that every attempt of a step, and the loop that starts them, share.
#[derive(Debug)]
pub(crate) struct RunContext {
    pub(crate) run: RunId,
    pub(crate) planned: Arc<PlannedRun>,
    pub(crate) pipeline: Pipeline,
    pub(crate) config: Value,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) values: Values,
    pub(crate) recorder: RecorderHandle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cancel: Cancel,
    /// How long a blocking function may go on after the run was asked to stop.
    pub(crate) grace: Duration,
    /// Whether a timed-out attempt that ran alone has the processes killed that it has started.
    pub(crate) end_descendants: bool,
    /// The run that is reproduced; `None` for any other.
    pub(crate) original: Option<Arc<Original>>,
}

impl RunContext {
    /// The time by the engine's clock, in the resolution of the log.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// When a step began in the run that is reproduced.
    pub(crate) fn original_start(&self, position: PlanIndex) -> Option<Timestamp> {
        let original = self.original.as_ref()?;
        original.steps.get(&self.planned.step_partition(position))?.started_at
    }
}
