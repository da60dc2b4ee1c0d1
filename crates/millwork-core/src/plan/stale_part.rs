//! Which steps of a plan a run of stale steps is left with.

use std::collections::{BTreeSet, HashSet};

use super::{LatestVerdicts, Plan, Staleness, StalenessReport};
use crate::asset::AssetKey;
use crate::graph::{AssetGraph, AssetIndex, StepIndex};
use crate::partition::PartitionKey;
use crate::run::{RunState, StepStatus};

type Partition<'a> = Option<&'a PartitionKey>;

impl Plan {
    /// The part of the plan that is stale or missing, or that the run has been through already. `latest` has to cover the
    /// plan's outputs and inputs.
    #[must_use]
    pub fn stale_part(&self, graph: &AssetGraph, latest: &LatestVerdicts, state: &RunState) -> Self {
        let report = StalenessReport::new(graph, self, latest);
        let is_done = |step: StepIndex, partition: &Option<PartitionKey>| {
            let key = (graph.steps()[step].key.clone(), partition.clone());
            state.steps.get(&key).is_some_and(|step| step.status == StepStatus::Succeeded)
        };
        let lacking = lacking_inputs(graph, self, latest, &report);
        self.filtered(|step| {
            // A check belongs to the run that made its asset, also if that was before the run was interrupted.
            let maker = graph.checked_asset(step.step).and_then(|asset| graph.assets()[asset].step);
            is_done(maker.unwrap_or(step.step), &step.partition)
                || report.needs(graph, step) && !lacking.contains(&(step.step, step.partition.as_ref()))
        })
    }

    /// The assets that the plan makes or takes, whose last verdicts its staleness depends on.
    pub fn assets(&self, graph: &AssetGraph) -> Vec<AssetKey> {
        let mut assets: BTreeSet<AssetIndex> = BTreeSet::new();
        for step in &self.steps {
            assets.extend(graph.outputs(step.step));
            assets.extend(step.inputs.iter().map(|input| input.asset));
        }
        assets.into_iter().map(|asset| graph.key(asset).clone()).collect()
    }
}

/// The steps that can't be made, because the last word of an upstream asset was that it has no value.
fn lacking_inputs<'a>(
    graph: &AssetGraph,
    plan: &'a Plan,
    verdicts: &LatestVerdicts,
    report: &StalenessReport,
) -> HashSet<(StepIndex, Partition<'a>)> {
    let mut steps = HashSet::new();
    let mut assets: HashSet<(AssetIndex, Partition<'_>)> = HashSet::new();
    for step in &plan.steps {
        let has_no_value = |asset: AssetIndex, partition: &Option<PartitionKey>| {
            let verdict = verdicts.get(&(graph.key(asset).clone(), partition.clone()));
            let is_declined = verdict.is_some_and(|verdict| verdict.data_version.is_none());
            let staleness = report.get(asset, partition.as_ref());
            let is_made = staleness.is_some_and(|staleness| *staleness != Staleness::Fresh);
            assets.contains(&(asset, partition.as_ref())) || is_declined && !is_made
        };
        let mut inputs = step.inputs.iter();
        if inputs.any(|input| input.partitions.iter().any(|key| has_no_value(input.asset, key))) {
            steps.insert((step.step, step.partition.as_ref()));
            assets.extend(graph.outputs(step.step).iter().map(|output| (*output, step.partition.as_ref())));
        }
    }
    steps
}
