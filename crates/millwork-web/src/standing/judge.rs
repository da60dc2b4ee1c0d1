//! From what is remembered to what can be seen.

use jiff::Timestamp;
use millwork_core::AssetPartition;
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::index::IndexVec;
use millwork_core::plan::{LatestVerdict, Plan, Staleness, StalenessReport};
use millwork_draw::graph::NodeState;

use super::memory::Memory;
use super::{Standing, Standings};

impl Memory {
    /// How all assets stand by what is remembered.
    pub(super) fn seen(&self, graph: &AssetGraph, now: Timestamp) -> Standings {
        let all = graph.assets().indices().collect();
        let plan = Plan::new(graph, &all, None).unwrap_or_default();
        let report = StalenessReport::new(graph, &plan, &self.latest);
        let mut instances: IndexVec<AssetIndex, Vec<AssetPartition<AssetIndex>>> =
            graph.assets().map(|_| Vec::new());
        for step in &plan.steps {
            for output in graph.outputs(step.step) {
                instances[*output].push(step.at_partition(*output));
            }
        }
        let look = |(asset, instances)| self.standing(graph, &report, asset, instances, now);
        let assets = graph.assets().indices().zip(instances).map(look).collect();
        Standings { head: self.behind, assets }
    }

    fn standing(
        &self,
        graph: &AssetGraph,
        report: &StalenessReport,
        asset: AssetIndex,
        instances: Vec<AssetPartition<AssetIndex>>,
        now: Timestamp,
    ) -> Standing {
        let node = &graph.assets()[asset];
        let key = &node.spec.key;
        let is_external = node.step.is_none();
        let whole = instances.is_empty().then(|| AssetPartition::new(asset, None));
        let mut standing =
            Standing { is_external, trend: self.trends.get(key).cloned(), ..Standing::default() };
        for instance in instances.into_iter().chain(whole) {
            let by_key = instance.by_key(graph);
            let made = self.made.get(&by_key).copied();
            if made.is_some() && made >= standing.last {
                standing.last = made;
                standing.version =
                    self.latest.get(&by_key).and_then(|verdict: &LatestVerdict| verdict.data_version.clone());
            }
            let failing = self.checks.get(&by_key).into_iter().flatten().filter(|(_, passed)| !**passed);
            standing.failing_checks.extend(failing.map(|(check, _)| check.clone()));
            let state = self.state(graph, report, &instance, &mut standing);
            standing.state = graver(standing.state, state);
            standing.partitions.extend(instance.partition.map(|partition| (partition, state)));
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
        asset: &AssetPartition<AssetIndex>,
        standing: &mut Standing,
    ) -> NodeState {
        let step = graph.maker(asset);
        if let Some(progress) = step.as_ref().and_then(|step| self.running.get(step)) {
            standing.progress = Some(*progress);
            return NodeState::Running;
        }
        if let Some((_, failure)) = step.as_ref().and_then(|step| self.failures.get(step)) {
            standing.because.push(format!("its last run failed: {failure}"));
            return NodeState::Failed;
        }
        match report.get(asset) {
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
