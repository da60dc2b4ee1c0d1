//! From what is remembered to what can be seen.

use jiff::Timestamp;
use millwork_core::PartitionKey;
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::plan::{LatestVerdict, Plan, Staleness, StalenessReport};
use millwork_draw::graph::NodeState;

use super::memory::Memory;
use super::{Standing, Standings};

impl Memory {
    /// How all assets stand by what is remembered.
    pub(super) fn seen(&self, graph: &AssetGraph, now: Timestamp) -> Standings {
        let all = (0..graph.assets().len()).collect();
        let plan = Plan::new(graph, &all, None).unwrap_or_default();
        let report = StalenessReport::new(graph, &plan, &self.latest);
        let mut instances: Vec<Vec<Option<PartitionKey>>> = vec![Vec::new(); graph.assets().len()];
        for step in &plan.steps {
            for output in graph.outputs(step.step) {
                instances[*output].push(step.partition.clone());
            }
        }
        let look = |(asset, partitions)| self.standing(graph, &report, asset, partitions, now);
        Standings { head: self.behind, assets: instances.into_iter().enumerate().map(look).collect() }
    }

    fn standing(
        &self,
        graph: &AssetGraph,
        report: &StalenessReport,
        asset: AssetIndex,
        partitions: Vec<Option<PartitionKey>>,
        now: Timestamp,
    ) -> Standing {
        let node = &graph.assets()[asset];
        let key = &node.spec.key;
        let is_external = node.step.is_none();
        let instances = if partitions.is_empty() { vec![None] } else { partitions };
        let mut standing =
            Standing { is_external, trend: self.trends.get(key).cloned(), ..Standing::default() };
        for partition in instances {
            let instance = (key.clone(), partition);
            let made = self.made.get(&instance).copied();
            if made.is_some() && made >= standing.last {
                standing.last = made;
                standing.version = self
                    .latest
                    .get(&instance)
                    .and_then(|verdict: &LatestVerdict| verdict.data_version.clone());
            }
            let failing = self.checks.get(&instance).into_iter().flatten().filter(|(_, passed)| !**passed);
            standing.failing_checks.extend(failing.map(|(check, _)| check.clone()));
            let (_, partition) = instance;
            let state = self.state(graph, report, asset, &partition, &mut standing);
            standing.state = graver(standing.state, state);
            standing.partitions.extend(partition.map(|partition| (partition, state)));
        }
        standing.failing_checks.dedup();
        standing.because.dedup();
        standing.freshness = node.spec.freshness.as_ref().map(|policy| policy.state(standing.last, now));
        standing
    }

    /// The state of an asset or partition; adds to the reasons of the asset.
    fn state(
        &self,
        graph: &AssetGraph,
        report: &StalenessReport,
        asset: AssetIndex,
        partition: &Option<PartitionKey>,
        standing: &mut Standing,
    ) -> NodeState {
        let step =
            graph.assets()[asset].step.map(|step| (graph.steps()[step].key.clone(), partition.clone()));
        if let Some(progress) = step.as_ref().and_then(|step| self.running.get(step)) {
            standing.progress = Some(*progress);
            return NodeState::Running;
        }
        if let Some((_, failure)) = step.as_ref().and_then(|step| self.failures.get(step)) {
            standing.because.push(format!("its last run failed: {failure}"));
            return NodeState::Failed;
        }
        match report.get(asset, partition.as_ref()) {
            _ if step.is_none() => NodeState::Unknown,
            Some(Staleness::Missing) => NodeState::Missing,
            Some(Staleness::Stale(causes)) => {
                standing.because.extend(causes.iter().map(ToString::to_string));
                NodeState::Stale
            }
            _ => NodeState::Fresh,
        }
    }
}

/// Of the states of two partitions that which says more of the whole.
fn graver(one: NodeState, other: NodeState) -> NodeState {
    let gravity = |state| match state {
        NodeState::Unknown => 0,
        NodeState::Fresh => 1,
        NodeState::Missing => 2,
        NodeState::Stale => 3,
        NodeState::Failed => 4,
        NodeState::Running => 5,
    };
    if gravity(other) > gravity(one) { other } else { one }
}
