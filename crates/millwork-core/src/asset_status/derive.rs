//! Derives the health of every asset from the fold of the log.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::compared::{Compared, Comparison, Moved, inputs, newest};
use super::details::Details;
use super::elsewhere::Lacking;
use super::fold::{Changes, StatusFold};
use super::health::{AssetHealth, PartitionHealth};
use super::sets::{Keys, PartitionSets};
use super::stored::{LARGE, StoredStatus};
use crate::asset::AssetStatus;
use crate::freshness::{AssetFreshness, Made};
use crate::graph::{AssetGraph, AssetIndex, StepIndex};
use crate::id::AssetKey;
use crate::index::IndexVec;
use crate::partition::{KeyIndex, KeyMoment, KeySet, KeySpace};
use crate::plan::ComparedConfigs;
use crate::version::ReadAs;

/// How all assets of a graph are at a moment. Copies share what they have in common.
#[derive(Clone, Debug, Default)]
pub struct AssetStatuses {
    moment: KeyMoment,
    /// None if they were only restored so far.
    assets: IndexVec<AssetIndex, Arc<AssetHealth>>,
    /// What they follow from; none of assets that weren't stored.
    compared: IndexVec<AssetIndex, Option<Arc<Compared>>>,
}

impl AssetStatuses {
    /// Derives the health of all assets of a graph from a log that has all facts, at a moment.
    pub fn derive(graph: &AssetGraph, log: &StatusFold, moment: &KeyMoment) -> Self {
        Self::default().next(graph, log, moment, None)
    }

    /// The health of all assets at a later moment, after events that the log has taken in since the last call. Only what has changed is derived
    /// again.
    ///
    /// # Errors
    ///
    /// When facts are needed that the log has let go: it takes them in, and this is called again.
    pub fn updated(
        &self,
        graph: &AssetGraph,
        log: &mut StatusFold,
        moment: &KeyMoment,
    ) -> Result<Self, Lacking> {
        let changes = log.take_changes().filter(|_| self.compared.len() == graph.assets().len());
        let next = self.next(graph, log, moment, changes.as_ref());
        let lacking = log.lacking();
        if !lacking.is_empty() {
            log.give_back(changes);
            return Err(lacking);
        }
        Ok(next)
    }

    /// What is to be stored of the assets, so that they can be [restored](Self::restored): of all, or of those that differ from what was
    /// stored. `None` if no asset is [large](super::LARGE).
    pub fn stored(
        &self,
        graph: &AssetGraph,
        log: &StatusFold,
        before: Option<&Self>,
    ) -> Option<Vec<StoredStatus>> {
        let is_large = |compared: &&Arc<Compared>| compared.known.count() >= LARGE;
        self.compared.iter().flatten().find(is_large)?;
        let of_asset = |(asset, compared): (AssetIndex, &Option<Arc<Compared>>)| {
            let compared = compared.as_ref()?;
            let is_stored = before
                .and_then(|before| before.compared.get(asset)?.as_ref())
                .is_some_and(|before| Arc::ptr_eq(before, compared));
            let step = graph.assets()[asset].step.filter(|_| !is_stored)?;
            StoredStatus::new(graph, log, asset, step, compared)
        };
        Some(self.compared.iter_enumerated().filter_map(of_asset).collect())
    }

    /// What was stored, as far as the assets are still compared in the same way, at a moment. The log has to take in all that has happened since,
    /// and, of assets of which it doesn't [leave](StatusFold::leaves) the facts where they are, their latest events before.
    pub fn restored(
        graph: &AssetGraph,
        log: &mut StatusFold,
        moment: &KeyMoment,
        stored: Vec<StoredStatus>,
    ) -> Self {
        let stored: HashMap<AssetKey, StoredStatus> =
            stored.into_iter().map(|stored| (stored.asset.clone(), stored)).collect();
        let restored = |asset: AssetIndex| {
            let node = &graph.assets()[asset];
            let stored = stored.get(&node.spec.key)?;
            let keys = match graph.partitions(asset) {
                Some(_) => Keys::Defined(graph.key_space(asset, moment)),
                None => Keys::None(Arc::new(KeySpace::unpartitioned(moment.now()))),
            };
            let compared = Arc::new(stored.compared(graph, node.step?, keys)?);
            log.leave(&node.spec.key, &compared, stored);
            Some(compared)
        };
        let compared = graph.assets().indices().map(restored).collect();
        Self { moment: moment.clone(), assets: IndexVec::default(), compared }
    }

    /// Lets the log forget the partitions of large assets from which these follow. It took in nothing since.
    pub fn let_go(&self, graph: &AssetGraph, log: &mut StatusFold) {
        for (asset, compared) in self.compared.iter_enumerated() {
            if let Some(compared) = compared.as_ref().filter(|compared| compared.known.count() >= LARGE)
                && graph.assets()[asset].step.is_some()
            {
                log.let_go(graph.key(asset), compared);
            }
        }
    }

    /// The health of an asset.
    pub fn of(&self, asset: AssetIndex) -> &AssetHealth {
        &self.assets[asset]
    }

    /// All assets, in the order of the graph.
    pub fn all(&self) -> &IndexVec<AssetIndex, Arc<AssetHealth>> {
        &self.assets
    }

    /// How many assets have a status.
    pub fn count(&self, status: AssetStatus) -> usize {
        self.assets.iter().filter(|health| health.status == status).count()
    }

    /// Some partitions of an asset in detail, in the order of their keys; of an asset without partitions itself. `log` is what the statuses
    /// were derived from. If facts are [lacking](StatusFold::lacking) in it then, they aren't known.
    pub fn partitions(
        &self,
        graph: &AssetGraph,
        log: &StatusFold,
        asset: AssetIndex,
        keys: &[KeyIndex],
    ) -> Vec<PartitionHealth> {
        self.details(graph, log).of(asset, keys)
    }

    fn details<'a>(&'a self, graph: &'a AssetGraph, log: &'a StatusFold) -> Details<'a> {
        let Self { moment, assets, compared } = self;
        Details { graph, log, moment, assets, compared }
    }

    fn next(
        &self,
        graph: &AssetGraph,
        log: &StatusFold,
        moment: &KeyMoment,
        changes: Option<&Changes>,
    ) -> Self {
        let changed = |asset: AssetIndex| changes.and_then(|changes| changes.assets.get(graph.key(asset)));
        let is_external = |asset: AssetIndex| graph.assets()[asset].step.is_none();
        // All assets without partitions have the same key at any moment.
        let unpartitioned = Keys::None(Arc::new(KeySpace::unpartitioned(moment.now())));
        let keys = |asset: AssetIndex| {
            let has_partitions = is_external(asset) || graph.partitions(asset).is_some();
            let is_known = !has_partitions || is_external(asset) && changed(asset).is_none();
            match changes {
                Some(_) if is_known && let Some(compared) = &self.compared[asset] => compared.keys.clone(),
                Some(_) | None if !has_partitions => unpartitioned.clone(),
                Some(_) | None => keys(graph, log, moment, asset),
            }
        };
        let keys: IndexVec<AssetIndex, Keys> = graph.assets().indices().map(keys).collect();
        let moved = |(asset, keys): (AssetIndex, &Keys)| {
            if is_external(asset) {
                return Moved::of_external(changes.is_none(), changed(asset));
            }
            let before = changes.and_then(|_| self.compared[asset].as_deref());
            Moved::new(keys, before, log.asset(graph.key(asset)), changed(asset))
        };
        let moved = keys.iter_enumerated().map(moved).collect();
        let mut update = Update {
            graph,
            log,
            changes,
            before: self,
            keys,
            moved,
            configs: ComparedConfigs::default(),
            next: Self { moment: moment.clone(), ..Self::default() },
        };
        for asset in graph.assets().indices() {
            update.add(asset);
        }
        update.next
    }
}

/// What the keys of an asset with partitions are, or of an external one.
fn keys(graph: &AssetGraph, log: &StatusFold, moment: &KeyMoment, asset: AssetIndex) -> Keys {
    if graph.assets()[asset].step.is_some() {
        return Keys::Defined(graph.key_space(asset, moment));
    }
    // The partitions of external assets aren't defined here.
    let facts = log.asset(graph.key(asset));
    let reported: BTreeSet<_> = facts.into_iter().flat_map(|facts| facts.partitions().cloned()).collect();
    Keys::reported(reported, moment.now())
}

/// The statuses as they are derived asset by asset, each after all that it takes.
struct Update<'a> {
    graph: &'a AssetGraph,
    log: &'a StatusFold,
    /// What has changed since; `None` for everything.
    changes: Option<&'a Changes>,
    before: &'a AssetStatuses,
    keys: IndexVec<AssetIndex, Keys>,
    moved: IndexVec<AssetIndex, Moved>,
    configs: ComparedConfigs,
    next: AssetStatuses,
}

impl Update<'_> {
    fn add(&mut self, asset: AssetIndex) {
        let (health, compared) = match self.graph.assets()[asset].step {
            Some(step) => self.made(asset, step),
            None => self.external(asset),
        };
        self.next.assets.push(health);
        self.next.compared.push(Some(compared));
    }

    fn compared_before(&self, asset: AssetIndex) -> Option<&Arc<Compared>> {
        self.changes.and_then(|_| self.before.compared[asset].as_ref())
    }

    fn external(&self, asset: AssetIndex) -> (Arc<AssetHealth>, Arc<Compared>) {
        let key = self.graph.key(asset);
        if self.changes.is_some_and(|changes| !changes.assets.contains_key(key))
            && let Some(unchanged) = self.as_before(asset)
        {
            return unchanged;
        }
        let keys = self.keys[asset].clone();
        let all = keys.space().all();
        let newest = newest(&keys, None, &self.moved[asset], self.log.asset(key), &all);
        let none = || KeySet::empty(all.dimensions());
        let sets = PartitionSets::new(keys.clone(), &all, &none(), (none(), none()));
        let compared = Compared::external(keys, newest);
        (Arc::new(self.health(asset, sets, &compared)), Arc::new(compared))
    }

    fn made(&mut self, asset: AssetIndex, step: StepIndex) -> (Arc<AssetHealth>, Arc<Compared>) {
        if !self.has_changed(asset, step)
            && let Some(unchanged) = self.as_before(asset)
        {
            return unchanged;
        }
        let before = self.compared_before(asset).cloned();
        let mut comparison = Comparison {
            graph: self.graph,
            log: self.log,
            moment: &self.next.moment,
            configs: &mut self.configs,
            asset,
            step,
            keys: &self.keys[asset],
            moved: &self.moved,
            compared: &self.before.compared,
        };
        let compared = comparison.update(before.as_deref());
        let space = self.keys[asset].space();
        let mut behind = compared.outdated.clone();
        for read in inputs(self.graph, step).filter(|read| read.input.read_as == ReadAs::Latest) {
            if self.graph.assets()[read.asset].step.is_none() {
                continue;
            }
            let upstream = &self.next.assets[read.asset].partitions;
            let not_fresh =
                if read.mapping.tolerates_missing() { upstream.stale() } else { upstream.behind().clone() };
            if !not_fresh.is_empty() {
                behind = behind.union(&read.mapping.downstream_of(&not_fresh, space, upstream.space()));
            }
        }
        let at_work = self.at_work(asset, step);
        let sets = PartitionSets::new(self.keys[asset].clone(), &compared.known, &behind, at_work);
        let health = self.health(asset, sets, &compared);
        (Arc::new(health), Arc::new(compared))
    }

    /// Whether anything has changed that an asset follows from, but the time.
    fn has_changed(&self, asset: AssetIndex, step: StepIndex) -> bool {
        let Some(changes) = self.changes else { return true };
        let node = &self.graph.steps()[step];
        let is_other = |upstream: AssetIndex| {
            // What is upstream was derived before.
            let (before, now) = (self.before.assets.get(upstream), &self.next.assets[upstream]);
            before
                .is_none_or(|before| !Arc::ptr_eq(before, now) && !before.partitions.is_like(&now.partitions))
        };
        changes.steps.contains(&node.key)
            || !self.moved[asset].is_empty()
            || node.upstream.iter().any(|upstream| !self.moved[*upstream].is_empty() || is_other(*upstream))
            || node.histories.iter().any(|edge| !self.moved[edge.asset].is_empty())
    }

    /// What an asset was before, with its freshness now.
    fn as_before(&self, asset: AssetIndex) -> Option<(Arc<AssetHealth>, Arc<Compared>)> {
        let compared = self.compared_before(asset)?.clone();
        let health = self.before.assets.get(asset)?;
        let freshness = self.freshness(asset, health.last_materialized_at, &health.partitions);
        if freshness == health.freshness {
            return Some((health.clone(), compared));
        }
        Some((Arc::new(AssetHealth { freshness, ..(**health).clone() }), compared))
    }

    /// The keys that a step runs for, and those for which it has failed without anything made of the asset since.
    fn at_work(&self, asset: AssetIndex, step: StepIndex) -> (KeySet, KeySet) {
        let keys = &self.keys[asset];
        let dimensions = keys.space().names().count();
        let Some(facts) = self.log.step(&self.graph.steps()[step].key) else {
            return (KeySet::empty(dimensions), KeySet::empty(dimensions));
        };
        let made = self.log.asset(self.graph.key(asset));
        let running = facts.running.keys().filter_map(|partition| keys.index_of(partition.as_ref()));
        let failed = facts.failures.keys().filter(|partition| facts.failure(partition, made).is_some());
        let failed = failed.filter_map(|partition| keys.index_of(partition.as_ref()));
        (KeySet::of(dimensions, running), KeySet::of(dimensions, failed))
    }

    fn health(&self, asset: AssetIndex, sets: PartitionSets, compared: &Compared) -> AssetHealth {
        let node = &self.graph.assets()[asset];
        let last_materialized_at = compared.newest.as_ref().map(|(at, _)| *at);
        let otherwise = if node.step.is_some() { AssetStatus::Fresh } else { AssetStatus::External };
        let running = sets.running().next(None, 1).pop();
        let progress = running.zip(node.step).and_then(|(index, step)| {
            let facts = self.log.step(&self.graph.steps()[step].key)?;
            facts.running.get(&sets.partition_at(&index)).copied()
        });
        let failing = self.log.asset(self.graph.key(asset)).map(|facts| &facts.failing_checks);
        let is_there = |index: KeyIndex| sets.all().contains(&index);
        let failing = failing
            .into_iter()
            .flatten()
            .filter(|(partition, _)| sets.index_of(partition.as_ref()).is_some_and(is_there));
        let failing_checks = failing.flat_map(|(_, checks)| checks.iter().cloned()).collect();
        let mut health = AssetHealth {
            status: sets.worst().unwrap_or(otherwise),
            last_materialized_at,
            freshness: self.freshness(asset, last_materialized_at, &sets),
            partitions: sets,
            progress,
            failing_checks,
            reasons: Vec::new(),
        };
        health.reasons = self.reasons(asset, &health, compared);
        health
    }

    fn freshness(
        &self,
        asset: AssetIndex,
        last_at: Option<Timestamp>,
        sets: &PartitionSets,
    ) -> Option<AssetFreshness> {
        let policy = self.graph.assets()[asset].spec.freshness.as_ref()?;
        let made = Made { last_at, space: sets.space(), existing: sets.existing() };
        Some(policy.evaluate(&made, self.next.moment.now()))
    }

    /// Why an asset isn't fresh, by its first partitions that aren't, and the first for each kind of reason.
    fn reasons(&self, asset: AssetIndex, health: &AssetHealth, compared: &Compared) -> Vec<String> {
        const SHOWN: usize = 8;
        let sets = &health.partitions;
        let (failed, stale) = (sets.failed(), sets.stale());
        let of_inputs = stale.difference(&compared.outdated);
        let first = [failed, &compared.outdated, &of_inputs].map(|keys| keys.next(None, 1)).concat();
        let mut indexes = failed.union(&stale).next(None, SHOWN);
        indexes.extend(first);
        indexes.sort_unstable();
        indexes.dedup();
        let details = self.next.details(self.graph, self.log);
        let mut reasons: Vec<String> = Vec::new();
        for partition in indexes.iter().filter_map(|index| details.of_key(asset, health, compared, index)) {
            for reason in partition.reasons_of_many() {
                if reasons.len() < SHOWN && !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        reasons
    }
}
