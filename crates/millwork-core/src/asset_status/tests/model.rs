//! A naive model of statuses: plain maps of what was last said of each partition, and a plan of everything that there is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::asset::AssetStatus;
use crate::asset_status::{PartitionHealth, StepProgress};
use crate::event::{Event, EventBody};
use crate::graph::{AssetGraph, AssetIndex};
use crate::outcome::Failure;
use crate::partition::{AssetPartition, KeyMoment, StepPartition};
use crate::plan::{LatestEvaluations, Plan, Staleness, StalenessReport};

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) latest: LatestEvaluations,
    evaluated_at: HashMap<AssetPartition, u64>,
    materialized_at: HashMap<AssetPartition, Timestamp>,
    checks: BTreeMap<AssetPartition, BTreeMap<String, bool>>,
    running: HashMap<StepPartition, StepProgress>,
    failures: HashMap<StepPartition, (u64, Failure)>,
}

impl Model {
    pub(super) fn apply(&mut self, event: &Event) {
        let (asset, step) = (event.asset_partition(), event.step_partition());
        match (&event.body, asset, step) {
            (EventBody::CheckEvaluated(check), Some(asset), _) => {
                self.checks.entry(asset).or_default().insert(check.check.clone(), check.passed);
            }
            (EventBody::AliasMoved(moved), Some(asset), _) => {
                self.latest.entry(asset).or_default().move_alias(moved);
            }
            (EventBody::StepStarted, _, Some(step)) => {
                let run = event.run.unwrap();
                self.running.insert(step, StepProgress { run, done: None });
            }
            (EventBody::StepFailed { failure }, _, Some(step)) => {
                self.running.remove(&step);
                self.failures.insert(step, (event.sequence, failure.clone()));
            }
            (EventBody::StepSucceeded { .. }, _, Some(step)) => {
                self.running.remove(&step);
                self.failures.remove(&step);
            }
            (EventBody::RunCanceled, ..) => {
                self.running.retain(|_, progress| Some(progress.run) != event.run);
            }
            (_, Some(asset), _) => {
                self.evaluated_at.insert(asset.clone(), event.sequence);
                if event.body.is_materialization() {
                    self.materialized_at.insert(asset.clone(), event.at);
                }
                self.latest.entry(asset).or_default().apply(event);
            }
            (_, None, _) => unreachable!("no test has {event:?}"),
        }
    }

    /// Every partition of every asset.
    pub(super) fn partitions(&self, graph: &AssetGraph, moment: &KeyMoment) -> Vec<Vec<PartitionHealth>> {
        let plan = Plan::of_everything(graph, moment);
        let report = StalenessReport::new(graph, &plan, &self.latest);
        let mut found: Vec<Vec<PartitionHealth>> = Vec::new();
        for asset in graph.assets().indices() {
            let planned = plan.steps.iter().filter(|step| graph.outputs(step.step).contains(&asset));
            let mut partitions: BTreeSet<_> = planned.map(|step| step.at_partition(asset)).collect();
            if graph.assets()[asset].step.is_none() {
                let reported = self.latest.keys().chain(self.checks.keys());
                let reported = reported.filter_map(|reported| reported.by_index(graph));
                partitions.extend(reported.filter(|reported| reported.asset == asset));
                if partitions.is_empty() {
                    partitions.insert(AssetPartition::new(asset, None));
                }
            }
            found
                .push(partitions.iter().map(|partition| self.partition(graph, &report, partition)).collect());
        }
        found
    }

    fn partition(
        &self,
        graph: &AssetGraph,
        report: &StalenessReport,
        asset: &AssetPartition<AssetIndex>,
    ) -> PartitionHealth {
        let (step, key) = (graph.maker(asset), asset.by_key(graph));
        let staleness = report.get(asset).cloned().unwrap_or(Staleness::Fresh);
        let evaluated_at = self.evaluated_at.get(&key).copied().unwrap_or_default();
        let progress = step.as_ref().and_then(|step| self.running.get(step)).copied();
        let failure = step.as_ref().and_then(|step| self.failures.get(step));
        let failure = failure.filter(|(at, _)| *at > evaluated_at).map(|(_, failure)| failure.clone());
        let status = match &staleness {
            _ if step.is_none() => AssetStatus::External,
            _ if progress.is_some() => AssetStatus::Running,
            _ if failure.is_some() => AssetStatus::Failed,
            Staleness::Fresh => AssetStatus::Fresh,
            Staleness::Missing => AssetStatus::Missing,
            Staleness::Stale(_) => AssetStatus::Stale,
        };
        let checks = self.checks.get(&key).into_iter().flatten();
        PartitionHealth {
            status,
            staleness,
            failure,
            progress,
            last_materialized_at: self.materialized_at.get(&key).copied(),
            failing_checks: checks.filter(|(_, passed)| !**passed).map(|(check, _)| check.clone()).collect(),
            partition: key.partition,
        }
    }
}
