//! Which steps of a plan a run of stale steps is left with.

use std::collections::{BTreeSet, HashSet};

use super::{LatestEvaluations, Plan, PlanIndex, StalenessReport};
use crate::asset::AssetKey;
use crate::graph::{AssetGraph, AssetIndex};
use crate::partition::{AssetPartition, StepPartition};
use crate::run::{RunState, StepStatus};

impl Plan {
    /// The part of the plan that is stale or missing, or that the run has been through already. `latest` has to cover the
    /// plan's outputs and inputs.
    #[must_use]
    pub fn stale_part(&self, graph: &AssetGraph, latest: &LatestEvaluations, state: &RunState) -> Self {
        let report = StalenessReport::new(graph, self, latest);
        let is_done = |step: &StepPartition| {
            state.steps.get(step).is_some_and(|step| step.status == StepStatus::Succeeded)
        };
        let lacking = lacking_inputs(graph, self, latest, &report);
        self.filtered(|position, step| {
            // A check belongs to the run that made its asset, also if that was before the run was interrupted.
            let maker =
                graph.checked_asset(step.step).and_then(|asset| graph.maker(&step.at_partition(asset)));
            is_done(&maker.unwrap_or_else(|| step.by_key(graph)))
                || report.needs(graph, step) && !lacking.contains(&position)
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
fn lacking_inputs(
    graph: &AssetGraph,
    plan: &Plan,
    verdicts: &LatestEvaluations,
    report: &StalenessReport,
) -> HashSet<PlanIndex> {
    let mut steps = HashSet::new();
    let mut assets: HashSet<AssetPartition<AssetIndex>> = HashSet::new();
    for (position, step) in plan.steps.iter_enumerated() {
        let has_no_value = |input: AssetPartition<AssetIndex>| {
            let verdict = verdicts.get(&input.by_key(graph));
            let is_declined = verdict.is_some_and(|verdict| verdict.data_version.is_none());
            assets.contains(&input) || is_declined && !report.is_stale(&input)
        };
        if step.input_partitions().any(has_no_value) {
            steps.insert(position);
            assets.extend(graph.outputs(step.step).iter().map(|output| step.at_partition(*output)));
        }
    }
    steps
}
