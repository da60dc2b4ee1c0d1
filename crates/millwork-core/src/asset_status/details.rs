//! The partitions that are asked for, with all that is known of them.

use std::sync::Arc;

use super::compared::{Compared, inputs};
use super::fold::StatusFold;
use super::health::{AssetHealth, PartitionHealth};
use crate::graph::{AssetGraph, AssetIndex, StepIndex};
use crate::index::IndexVec;
use crate::partition::{AssetPartition, KeyIndex, KeyMoment, KeySet};
use crate::plan::{Cause, ComparedConfigs, Evaluations as _, MappedStep, Staleness, own_causes};
use crate::version::ReadAs;

/// The most partitions of an input that are named as causes: of a million that are missing, the first say enough.
const NAMED: usize = 100;

/// What details follow from.
pub(super) struct Details<'a> {
    pub(super) graph: &'a AssetGraph,
    pub(super) log: &'a StatusFold,
    pub(super) moment: &'a KeyMoment,
    pub(super) assets: &'a IndexVec<AssetIndex, Arc<AssetHealth>>,
    pub(super) compared: &'a IndexVec<AssetIndex, Option<Arc<Compared>>>,
}

impl Details<'_> {
    /// Some partitions of an asset, without those that aren't there.
    pub(super) fn of(&self, asset: AssetIndex, keys: &[KeyIndex]) -> Vec<PartitionHealth> {
        let health = &self.assets[asset];
        let Some(compared) = &self.compared[asset] else { return Vec::new() };
        keys.iter().filter_map(|index| self.of_key(asset, health, compared, index)).collect()
    }

    /// A partition of an asset, which needn't be among the assets yet; `None` if it isn't there.
    pub(super) fn of_key(
        &self,
        asset: AssetIndex,
        health: &AssetHealth,
        compared: &Compared,
        index: &KeyIndex,
    ) -> Option<PartitionHealth> {
        let sets = &health.partitions;
        let status = sets.status(index)?;
        let node = &self.graph.assets()[asset];
        let partition = sets.partition_at(index);
        let facts = self.log.asset(&node.spec.key);
        let made = facts.and_then(|facts| facts.get(&partition));
        let step = node.step.and_then(|step| self.log.step(&self.graph.steps()[step].key));
        let staleness = match node.step {
            Some(_) if !sets.existing().contains(index) => Staleness::Missing,
            Some(step) if sets.behind().contains(index) => {
                let own = AssetPartition::new(node.spec.key.clone(), partition.clone());
                Staleness::Stale(self.causes(step, compared, index, &own))
            }
            Some(_) | None => Staleness::Fresh,
        };
        let failing = facts.and_then(|facts| facts.failing_checks.get(&partition));
        Some(PartitionHealth {
            status,
            staleness,
            failure: step.and_then(|step| step.failure(&partition, facts)).cloned(),
            progress: step.and_then(|step| step.running.get(&partition)).copied(),
            last_materialized_at: made.and_then(|made| made.materialized_at),
            failing_checks: failing.into_iter().flatten().cloned().collect(),
            partition,
        })
    }

    /// Why a partition is stale.
    fn causes(
        &self,
        step: StepIndex,
        compared: &Compared,
        index: &KeyIndex,
        own: &AssetPartition,
    ) -> Vec<Cause> {
        let provenance = self.log.latest(own).and_then(|evaluation| evaluation.provenance.as_ref());
        let mut causes = Vec::new();
        if let Some(provenance) = provenance.filter(|_| compared.outdated.contains(index)) {
            let planned = MappedStep::new(self.graph, step, self.moment).planned(own.partition.clone());
            let mut configs = ComparedConfigs::default();
            causes = own_causes(self.graph, self.log, &planned, provenance, &mut configs);
        }
        let space = compared.keys.space();
        let key = KeySet::of(space.names().count(), [index.clone()]);
        for read in inputs(self.graph, step).filter(|read| read.input.read_as == ReadAs::Latest) {
            let upstream = &self.assets[read.asset].partitions;
            if upstream.is_external() {
                continue;
            }
            let taken = read.mapping.upstream_of(&key, space, upstream.space()).keys;
            let not_fresh = taken.intersection(upstream.behind());
            let not_fresh = match read.mapping.tolerates_missing() {
                true => not_fresh.intersection(upstream.existing()),
                false => not_fresh,
            };
            causes.extend(not_fresh.next(None, NAMED).iter().map(|index| Cause::Upstream {
                asset: self.graph.key(read.asset).clone(),
                partition: upstream.partition_at(index),
            }));
        }
        causes
    }
}
