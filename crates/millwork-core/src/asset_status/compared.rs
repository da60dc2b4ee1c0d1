//! What was made of an asset, compared with what it would be made from now.

use std::collections::{HashMap, HashSet};
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
use crate::plan::{ComparedConfigs, MappedStep, differs_beyond_code};
use crate::value::CodeVersion;

/// What was made of an asset, compared with what it would be made from now, whatever the staleness of its inputs.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    pub(super) keys: Keys,
    /// The keys with an evaluation, also those that aren't there any more.
    pub(super) known: KeySet,
    /// Of those that are there, the ones that were made from something else.
    pub(super) outdated: KeySet,
    /// The same, whatever their code: only of other data or with another configuration.
    pub(super) differing: KeySet,
    /// Those that are there, by the version of the code that made them.
    pub(super) by_code: Vec<(CodeVersion, KeySet)>,
    /// When any that is there was last materialized, and which.
    pub(super) newest: Option<(Timestamp, KeyIndex)>,
    /// Partitions that something happened to, and that no key of now or before is.
    pub(super) unplaced: HashSet<Option<PartitionKey>>,
}

impl Compared {
    /// An external asset, which is never outdated.
    pub(super) fn external(keys: Keys, newest: Option<(Timestamp, KeyIndex)>) -> Self {
        let known = keys.space().all();
        let none = || KeySet::empty(known.dimensions());
        let (outdated, differing) = (none(), none());
        Self { keys, known, outdated, differing, by_code: Vec::new(), newest, unplaced: HashSet::new() }
    }

    /// Those of some keys that are outdated, if the code has a version.
    pub(super) fn outdated(
        existing: &KeySet,
        differing: &KeySet,
        by_code: &[(CodeVersion, KeySet)],
        current: &CodeVersion,
    ) -> KeySet {
        let of_current = by_code.iter().find(|(version, _)| version == current);
        let by_others = of_current.map_or_else(|| existing.clone(), |(_, keys)| existing.difference(keys));
        by_others.union(differing)
    }

    /// Whether there is an evaluation of a partition.
    pub(super) fn knows(&self, partition: Option<&PartitionKey>) -> bool {
        match self.keys.index_of(partition) {
            Some(index) => self.known.contains(&index),
            None => self.unplaced.contains(&partition.cloned()),
        }
    }
}

/// What has changed of an asset since its statuses were derived.
#[derive(Debug)]
pub(super) struct Moved {
    /// Whether everything has: it is derived for the first time, or its keys are others.
    pub(super) is_new: bool,
    /// The keys that events were about.
    pub(super) touched: KeySet,
    /// Their partitions: to find them by their keys takes long.
    partitions: HashMap<KeyIndex, Option<PartitionKey>>,
    /// Whether those are all that anything is known of.
    are_all: bool,
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
        let (partitions, opened, closed, are_all) = (HashMap::new(), none(), none(), false);
        Self { is_new, touched, partitions, are_all, opened, closed, unplaced, are_unplaced_others }
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
        let (mut partitions, mut unplaced) = (HashMap::new(), HashSet::new());
        let mut place = |partition: &Option<PartitionKey>| match keys.index_of(partition.as_ref()) {
            Some(index) => drop(partitions.insert(index, partition.clone())),
            None => drop(unplaced.insert(partition.clone())),
        };
        let (mut opened, mut closed) = (KeySet::empty(dimensions), KeySet::empty(dimensions));
        match before {
            None => facts.into_iter().flat_map(AssetFacts::partitions).for_each(&mut place),
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
        let touched = KeySet::of(dimensions, partitions.keys().cloned());
        let are_unplaced_others = before.is_some_and(|before| before.unplaced != unplaced);
        let (is_new, are_all) = (before.is_none(), before.is_none());
        Self { is_new, touched, partitions, are_all, opened, closed, unplaced, are_unplaced_others }
    }

    /// The partition with a key.
    fn partition(&self, keys: &Keys, index: &KeyIndex) -> Option<PartitionKey> {
        self.partitions.get(index).cloned().unwrap_or_else(|| keys.partition_at(index))
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

pub(super) fn histories<'a>(graph: &'a AssetGraph, step: StepIndex) -> impl Iterator<Item = Read<'a>> {
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
    pub(super) compared: &'a IndexVec<AssetIndex, Option<Arc<Compared>>>,
}

impl Comparison<'_> {
    /// Compares what has changed since the asset was compared, by what has moved of it and of what it reads.
    pub(super) fn update(&mut self, before: Option<&Compared>) -> Compared {
        let (own, space) = (&self.moved[self.asset], self.keys.space());
        let (all, dimensions) = (space.all(), space.names().count());
        let before = before.filter(|_| !own.is_new);
        let facts = self.log.asset(self.graph.key(self.asset));
        let made = |index: &KeyIndex| {
            let facts = facts?.get(&own.partition(self.keys, index))?;
            facts.evaluation.provenance.as_ref()
        };
        let none = || KeySet::empty(dimensions);
        let mut known = before.map_or_else(none, |before| before.known.clone());
        if !own.touched.is_empty() {
            let touched = own.touched.next(None, usize::MAX);
            let evaluated = touched.into_iter().filter(|index| made(index).is_some());
            known = known.difference(&own.touched).union(&KeySet::of(dimensions, evaluated));
        }
        let existing = known.intersection(&all);
        let dirty = self.dirty(before).intersection(&existing);
        let mut differing = before.map_or_else(none, |before| before.differing.clone());
        let mut by_code = before.map_or_else(Vec::new, |before| before.by_code.clone());
        if !dirty.is_empty() {
            let mut mapped = MappedStep::new(self.graph, self.step, self.moment);
            let (mut found, mut of_code) = (Vec::new(), HashMap::<&CodeVersion, Vec<KeyIndex>>::new());
            for index in dirty.next(None, usize::MAX) {
                let Some(provenance) = made(&index) else { continue };
                let planned = mapped.planned_at(own.partition(self.keys, &index), Some(&index));
                if differs_beyond_code(self.graph, self.log, &planned, provenance, self.configs) {
                    found.push(index.clone());
                }
                of_code.entry(&provenance.code_version).or_default().push(index);
            }
            differing = differing.difference(&dirty).union(&KeySet::of(dimensions, found));
            by_code.iter_mut().for_each(|(_, keys)| *keys = keys.difference(&dirty));
            for (version, keys) in of_code {
                let keys = KeySet::of(dimensions, keys);
                match by_code.iter_mut().find(|(known, _)| known == version) {
                    Some((_, known)) => *known = known.union(&keys),
                    None => by_code.push((version.clone(), keys)),
                }
            }
        }
        let differing = differing.intersection(&existing);
        by_code.iter_mut().for_each(|(_, keys)| *keys = keys.intersection(&existing));
        by_code.retain(|(_, keys)| !keys.is_empty());
        let current = &self.graph.steps()[self.step].computation().code_version;
        let outdated = Compared::outdated(&existing, &differing, &by_code, current);
        let newest = newest(self.keys, before, own, facts, &all);
        let (keys, unplaced) = (self.keys.clone(), own.unplaced.clone());
        Compared { keys, known, outdated, differing, by_code, newest, unplaced }
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
                let Some(upstream_before) = &self.compared[read.asset] else { return space.all() };
                let upstream_before = upstream_before.keys.space();
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
    let at = |index: &KeyIndex| facts.get(&own.partition(keys, index))?.materialized_at;
    let then = before.and_then(|before| before.newest.clone());
    // It may be an older one now, or not be there any more.
    let is_as_then =
        |then: Timestamp, index: &KeyIndex| !own.touched.contains(index) || at(index) >= Some(then);
    let kept = then.clone().filter(|(then, index)| all.contains(index) && is_as_then(*then, index));
    let candidates = if own.are_all || before.is_some() && then.is_some() == kept.is_some() {
        own.touched.union(&own.opened).intersection(all)
    } else {
        let indexes = facts.partitions().filter_map(|partition| keys.index_of(partition.as_ref()));
        KeySet::of(all.dimensions(), indexes).intersection(all)
    };
    let found = candidates.next(None, usize::MAX).into_iter().filter_map(|index| Some((at(&index)?, index)));
    found.chain(kept).max()
}
