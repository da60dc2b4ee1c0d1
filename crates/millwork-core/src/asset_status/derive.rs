//! Derives the health of every asset from the fold of the log.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::fold::{StatusFold, StepProgress};
use crate::asset::AssetStatus;
use crate::freshness::Freshness;
use crate::graph::{AssetGraph, AssetIndex};
use crate::id::PartitionKey;
use crate::index::IndexVec;
use crate::outcome::Failure;
use crate::partition::{AssetPartition, KeyMoment};
use crate::plan::{Cause, Plan, Staleness, StalenessReport};

/// How all assets of a graph are at a moment.
#[derive(Debug, Default)]
pub struct AssetStatuses {
    assets: IndexVec<AssetIndex, AssetHealth>,
}

/// The health of an asset: its status, the reasons, and other problems.
#[derive(Clone, Debug)]
pub struct AssetHealth {
    /// The worst status of its partitions.
    pub status: AssetStatus,
    /// When any of its partitions was last materialized; `None` if never.
    pub last_materialized_at: Option<Timestamp>,
    /// Its freshness by its policy; `None` without one. The policy is about the asset as a whole: one that has a new
    /// partition every day isn't late because of the first.
    pub freshness: Option<Freshness>,
    /// Its partitions in the order of the plan; one without a key for an asset that has no partitions. Of an external asset, those that
    /// were reported.
    pub partitions: Vec<PartitionHealth>,
}

/// How an asset without partitions is, or one partition of an asset.
#[derive(Clone, Debug)]
pub struct PartitionHealth {
    /// The partition; `None` if the asset has no partitions.
    pub partition: Option<PartitionKey>,
    /// The status of the partition.
    pub status: AssetStatus,
    /// Whether its value is what running its function now would be based on, whatever runs or has failed. An external one is fresh.
    pub staleness: Staleness,
    /// Why the last attempt to make it failed; `None` if something was made since.
    pub failure: Option<Failure>,
    /// The progress of its step; `None` if it isn't running.
    pub progress: Option<StepProgress>,
    /// When it was last materialized; `None` if never.
    pub last_materialized_at: Option<Timestamp>,
    /// The checks that failed the last time that they were evaluated, by name.
    pub failing_checks: Vec<String>,
}

impl AssetStatuses {
    /// Derives the health of all assets of a graph from the log, at a moment.
    pub fn derive(graph: &AssetGraph, log: &StatusFold, moment: &KeyMoment) -> Self {
        let (plan, now) = (Plan::of_everything(graph, moment), moment.now());
        let report = StalenessReport::new(graph, &plan, &log.evaluations);
        let health = |(asset, partitions): (AssetIndex, Vec<AssetPartition<AssetIndex>>)| {
            let of =
                |partition: AssetPartition<AssetIndex>| partition_health(graph, &report, log, &partition);
            AssetHealth::new(graph, asset, partitions.into_iter().map(of).collect(), now)
        };
        let partitions = partitions(graph, &plan, log);
        Self { assets: graph.assets().indices().zip(partitions).map(health).collect() }
    }

    /// The health of an asset.
    pub fn of(&self, asset: AssetIndex) -> &AssetHealth {
        &self.assets[asset]
    }

    /// All assets, in the order of the graph.
    pub fn all(&self) -> &IndexVec<AssetIndex, AssetHealth> {
        &self.assets
    }

    /// How many assets have a status.
    pub fn count(&self, status: AssetStatus) -> usize {
        self.assets.iter().filter(|health| health.status == status).count()
    }
}

/// The partitions of each asset, at least one without a key.
fn partitions(
    graph: &AssetGraph,
    plan: &Plan,
    log: &StatusFold,
) -> IndexVec<AssetIndex, Vec<AssetPartition<AssetIndex>>> {
    let mut partitions: IndexVec<AssetIndex, Vec<_>> = graph.assets().map(|_| Vec::new());
    for step in &plan.steps {
        for output in graph.outputs(step.step) {
            partitions[*output].push(step.at_partition(*output));
        }
    }
    // The partitions of external assets aren't defined here.
    if graph.assets().iter().any(|node| node.step.is_none()) {
        let reported = log.evaluations.keys().chain(log.checks.keys());
        let reported = reported.filter_map(|reported| reported.by_index(graph));
        let reported: BTreeSet<_> =
            reported.filter(|reported| graph.assets()[reported.asset].step.is_none()).collect();
        reported.into_iter().for_each(|reported| partitions[reported.asset].push(reported));
    }
    for asset in graph.assets().indices() {
        if partitions[asset].is_empty() {
            partitions[asset].push(AssetPartition::new(asset, None));
        }
    }
    partitions
}

fn partition_health(
    graph: &AssetGraph,
    report: &StalenessReport,
    log: &StatusFold,
    asset: &AssetPartition<AssetIndex>,
) -> PartitionHealth {
    let step = graph.maker(asset);
    let staleness = report.get(asset).cloned().unwrap_or(Staleness::Fresh);
    let key = asset.by_key(graph);
    let progress = step.as_ref().and_then(|step| log.running.get(step)).copied();
    let failure = step.as_ref().and_then(|step| log.failure(step, &key)).cloned();
    let status = match (&step, progress, &failure, &staleness) {
        (None, ..) => AssetStatus::External,
        (Some(_), Some(_), ..) => AssetStatus::Running,
        (Some(_), None, Some(_), _) => AssetStatus::Failed,
        (Some(_), None, None, Staleness::Fresh) => AssetStatus::Fresh,
        (Some(_), None, None, Staleness::Missing) => AssetStatus::Missing,
        (Some(_), None, None, Staleness::Stale(_)) => AssetStatus::Stale,
    };
    let checks = log.checks.get(&key).into_iter().flatten();
    PartitionHealth {
        status,
        staleness,
        failure,
        progress,
        last_materialized_at: log.materialized_at.get(&key).copied(),
        failing_checks: checks.filter(|(_, passed)| !**passed).map(|(check, _)| check.clone()).collect(),
        partition: key.partition,
    }
}

impl AssetHealth {
    fn new(graph: &AssetGraph, asset: AssetIndex, partitions: Vec<PartitionHealth>, now: Timestamp) -> Self {
        let last_materialized_at =
            partitions.iter().filter_map(|partition| partition.last_materialized_at).max();
        let policy = graph.assets()[asset].spec.freshness.as_ref();
        let status = AssetStatus::worst(partitions.iter().map(|partition| partition.status));
        Self {
            status: status.unwrap_or(AssetStatus::External),
            last_materialized_at,
            freshness: policy.map(|policy| policy.state(last_materialized_at, now)),
            partitions,
        }
    }

    /// Whether its value is older than its freshness policy wants.
    pub fn is_late(&self) -> bool {
        match self.freshness {
            Some(Freshness::Warn | Freshness::Fail) => true,
            Some(Freshness::Pass | Freshness::Unknown) | None => false,
        }
    }

    /// Whether any of its partitions is stale or missing, whatever runs or has failed: a run of stale assets makes those.
    pub fn is_behind(&self) -> bool {
        self.partitions.iter().any(PartitionHealth::is_behind)
    }

    /// The progress of its step, or of the step of one of its partitions; `None` if none is running.
    pub fn progress(&self) -> Option<StepProgress> {
        self.partitions.iter().find_map(|partition| partition.progress)
    }

    /// The checks that failed the last time, of any partition, each once.
    pub fn failing_checks(&self) -> BTreeSet<&str> {
        let partitions = self.partitions.iter();
        partitions.flat_map(|partition| &partition.failing_checks).map(String::as_str).collect()
    }

    /// Why it isn't fresh, each in a sentence. Partitions for the same reason give it once.
    pub fn reasons(&self) -> impl Iterator<Item = String> + '_ {
        let mut last = None;
        let reasons = self.partitions.iter().flat_map(PartitionHealth::reasons);
        reasons.filter(move |reason| {
            let is_new = last.as_ref() != Some(reason);
            last = Some(reason.clone());
            is_new
        })
    }
}

impl PartitionHealth {
    /// Whether it is stale or missing, whatever runs or has failed.
    pub fn is_behind(&self) -> bool {
        self.staleness != Staleness::Fresh
    }

    /// Why it is stale, whatever runs or has failed; empty if it isn't.
    pub fn causes(&self) -> &[Cause] {
        match &self.staleness {
            Staleness::Stale(causes) => causes,
            Staleness::Fresh | Staleness::Missing => &[],
        }
    }

    /// Why it isn't fresh, each in a sentence: how it failed, then what has changed.
    pub fn reasons(&self) -> impl Iterator<Item = String> + '_ {
        let failure = self.failure.iter().map(|failure| format!("its last run failed: {failure}"));
        failure.chain(self.causes().iter().map(ToString::to_string))
    }
}
