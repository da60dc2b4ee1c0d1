//! What was made of an asset, compared with what it would be made from now.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::fold::{AssetFacts, StatusFold};
use super::sets::Keys;
use crate::graph::{AssetGraph, AssetIndex, StepIndex};
use crate::id::PartitionKey;
use crate::index::IndexVec;
use crate::param::Input;
use crate::partition::mapping::ResolvedMapping;
use crate::partition::{KeyIndex, KeyMoment, KeySet};
use crate::plan::{ComparedConfigs, MappedStep, own_causes};

/// What was made of an asset, compared with what it would be made from now, whatever the staleness of its inputs.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    pub(super) keys: Keys,
    /// The keys with an evaluation, also those that aren't there any more.
    pub(super) known: KeySet,
    /// Of those that are there, the ones that were made from something else.
    pub(super) outdated: KeySet,
    /// When any that is there was last materialized, and which.
    pub(super) newest: Option<(Timestamp, KeyIndex)>,
    /// Partitions that something happened to, and that no key of now or before is.
    unplaced: HashSet<Option<PartitionKey>>,
}

impl Compared {
    /// An external asset, which is never outdated.
    pub(super) fn external(keys: Keys, newest: Option<(Timestamp, KeyIndex)>) -> Self {
        let known = keys.space().all();
        let outdated = KeySet::empty(known.dimensions());
        Self { keys, known, outdated, newest, unplaced: HashSet::new() }
    }
}

/// What has changed of an asset since its statuses were derived.
#[derive(Debug)]
pub(super) struct Moved {
    /// Whether everything has: it is derived for the first time, or its keys are others.
    pub(super) is_new: bool,
    /// The keys that events were about.
    pub(super) touched: KeySet,
    /// The keys that are there now and weren't before.
    pub(super) opened: KeySet,
    /// The keys that were there before and aren't now.
    pub(super) closed: KeySet,
    /// The partitions that events were about and that have no key.
    unplaced: HashSet<Option<PartitionKey>>,
    /// Whether those are others than before.
    are_unplaced_others: bool,
}

impl Moved {
    /// What has changed of an external asset, whose partitions no other asset takes.
    pub(super) fn of_external(is_new: bool, changed: Option<&HashSet<Option<PartitionKey>>>) -> Self {
        let is_touched = changed.is_some_and(|changed| changed.contains(&None));
        let (none, unplaced) = (|| KeySet::empty(1), HashSet::new());
        let touched = KeySet::of(1, is_touched.then(|| vec![0]));
        let are_unplaced_others = false;
        Self { is_new, touched, opened: none(), closed: none(), unplaced, are_unplaced_others }
    }

    pub(super) fn is_empty(&self) -> bool {
        let has_keys = [&self.touched, &self.opened, &self.closed].iter().any(|keys| !keys.is_empty());
        !self.is_new && !has_keys && !self.are_unplaced_others
    }

    /// What has changed of an asset whose keys are now `keys`, since it was compared; `changed` are the partitions that events were about
    /// since, `None` for all.
    pub(super) fn new(
        keys: &Keys,
        before: Option<&Compared>,
        facts: Option<&AssetFacts>,
        changed: Option<&HashSet<Option<PartitionKey>>>,
    ) -> Self {
        let space = keys.space();
        let before = before.filter(|before| space.continues(before.keys.space()));
        let dimensions = space.names().count();
        let (mut touched, mut unplaced) = (Vec::new(), HashSet::new());
        let mut place = |partition: &Option<PartitionKey>| match keys.index_of(partition.as_ref()) {
            Some(index) => touched.push(index),
            None => drop(unplaced.insert(partition.clone())),
        };
        let (mut opened, mut closed) = (KeySet::empty(dimensions), KeySet::empty(dimensions));
        match before {
            None => facts.into_iter().flat_map(|facts| facts.partitions.keys()).for_each(&mut place),
            Some(before) => {
                changed.into_iter().flatten().for_each(&mut place);
                if !Arc::ptr_eq(space, before.keys.space()) {
                    before.unplaced.iter().for_each(&mut place);
                    let (now, then) = (space.all(), before.keys.space().all());
                    (opened, closed) = (now.difference(&then), then.difference(&now));
                } else {
                    unplaced.extend(before.unplaced.iter().cloned());
                }
            }
        }
        let touched = KeySet::of(dimensions, touched);
        let are_unplaced_others = before.is_some_and(|before| before.unplaced != unplaced);
        Self { is_new: before.is_none(), touched, opened, closed, unplaced, are_unplaced_others }
    }
}

/// An asset that a step reads, with the mapping of its partitions.
pub(super) struct Read<'a> {
    pub(super) input: &'a Input,
    pub(super) asset: AssetIndex,
    pub(super) mapping: &'a ResolvedMapping,
}

/// The inputs of a step.
pub(super) fn inputs<'a>(graph: &'a AssetGraph, step: StepIndex) -> impl Iterator<Item = Read<'a>> {
    let node = &graph.steps()[step];
    reads(graph, &node.computation().requirements.inputs, &node.mappings.inputs)
}

fn histories<'a>(graph: &'a AssetGraph, step: StepIndex) -> impl Iterator<Item = Read<'a>> {
    let node = &graph.steps()[step];
    reads(graph, &node.computation().requirements.histories, &node.mappings.histories)
}

fn reads<'a>(
    graph: &'a AssetGraph,
    inputs: &'a [Input],
    mappings: &'a [ResolvedMapping],
) -> impl Iterator<Item = Read<'a>> {
    inputs.iter().zip(mappings).filter_map(|(input, mapping)| {
        Some(Read { input, asset: graph.index(input.asset.as_str())?, mapping })
    })
}

/// What an asset is compared by.
pub(super) struct Comparison<'a> {
    pub(super) graph: &'a AssetGraph,
    pub(super) log: &'a StatusFold,
    pub(super) moment: &'a KeyMoment,
    pub(super) configs: &'a mut ComparedConfigs,
    pub(super) asset: AssetIndex,
    pub(super) step: StepIndex,
    pub(super) keys: &'a Keys,
    pub(super) moved: &'a IndexVec<AssetIndex, Moved>,
    /// How all assets were before, if they were.
    pub(super) compared: &'a IndexVec<AssetIndex, Arc<Compared>>,
}

impl Comparison<'_> {
    /// Compares what has changed since the asset was compared, by what has moved of it and of what it reads.
    pub(super) fn update(&mut self, before: Option<&Compared>) -> Compared {
        let (own, space) = (&self.moved[self.asset], self.keys.space());
        let (all, dimensions) = (space.all(), space.names().count());
        let before = before.filter(|_| !own.is_new);
        let facts = self.log.asset(self.graph.key(self.asset));
        let made = |index: &KeyIndex| {
            let facts = facts?.partitions.get(&self.keys.partition_at(index))?;
            facts.evaluation.provenance.as_ref()
        };
        let mut known = before.map_or_else(|| KeySet::empty(dimensions), |before| before.known.clone());
        if !own.touched.is_empty() {
            let touched = own.touched.next(None, usize::MAX);
            let evaluated = touched.into_iter().filter(|index| made(index).is_some());
            known = known.difference(&own.touched).union(&KeySet::of(dimensions, evaluated));
        }
        let existing = known.intersection(&all);
        let dirty = self.dirty(before).intersection(&existing);
        let mut outdated = before.map_or_else(|| KeySet::empty(dimensions), |before| before.outdated.clone());
        if !dirty.is_empty() {
            let mut mapped = MappedStep::new(self.graph, self.step, self.moment);
            let indexes = dirty.next(None, usize::MAX);
            let is_outdated = |index: &KeyIndex| {
                let Some(provenance) = made(index) else { return false };
                let planned = mapped.planned(self.keys.partition_at(index));
                !own_causes(self.graph, self.log, &planned, provenance, self.configs).is_empty()
            };
            let found = KeySet::of(dimensions, indexes.into_iter().filter(is_outdated));
            outdated = outdated.difference(&dirty).union(&found);
        }
        let outdated = outdated.intersection(&existing);
        let newest = newest(self.keys, before, own, facts, &all);
        Compared { keys: self.keys.clone(), known, outdated, newest, unplaced: own.unplaced.clone() }
    }

    /// The keys for which something has changed that they are compared by.
    fn dirty(&self, before: Option<&Compared>) -> KeySet {
        let (own, space) = (&self.moved[self.asset], self.keys.space());
        let Some(before) = before else { return space.all() };
        let mut dirty = own.touched.union(&own.opened);
        for read in inputs(self.graph, self.step).chain(histories(self.graph, self.step)) {
            let upstream = &self.moved[read.asset];
            if upstream.is_new {
                return space.all();
            }
            let changed = upstream.touched.union(&upstream.opened);
            if !changed.is_empty() {
                let upstream_space = self.graph.key_space(read.asset, self.moment);
                dirty = dirty.union(&read.mapping.downstream_of(&changed, space, &upstream_space));
            }
            if !upstream.closed.is_empty() {
                let space_before = before.keys.space();
                let upstream_before = self.compared[read.asset].keys.space();
                let lost = read.mapping.downstream_of(&upstream.closed, space_before, upstream_before);
                dirty = dirty.union(&lost);
            }
        }
        dirty
    }
}

/// When an asset was last materialized, and which of its keys.
pub(super) fn newest(
    keys: &Keys,
    before: Option<&Compared>,
    own: &Moved,
    facts: Option<&AssetFacts>,
    all: &KeySet,
) -> Option<(Timestamp, KeyIndex)> {
    let facts = facts?;
    let at = |index: &KeyIndex| facts.partitions.get(&keys.partition_at(index))?.materialized_at;
    let then = before.and_then(|before| before.newest.clone());
    // It may be an older one now, or not be there any more.
    let kept = then.clone().filter(|(then, index)| all.contains(index) && at(index) >= Some(*then));
    let candidates = if before.is_some() && then.is_some() == kept.is_some() {
        own.touched.union(&own.opened).intersection(all)
    } else {
        let indexes = facts.partitions.keys().filter_map(|partition| keys.index_of(partition.as_ref()));
        KeySet::of(all.dimensions(), indexes).intersection(all)
    };
    let found = candidates.next(None, usize::MAX).into_iter().filter_map(|index| Some((at(&index)?, index)));
    found.chain(kept).max()
}
