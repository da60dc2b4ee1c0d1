//! What the changes of an asset's partitions mean: many at once become sets of keys, so that a thousand partitions of an asset cost little more
//! than one.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::evaluate::EvaluationContext;
use super::partitions::{Partitioning, set_of};
use super::{AssetState, Automation, AutomationState, Change, ChangeKind, PartitionFacts};
use crate::asset::AssetKey;
use crate::graph::{AssetIndex, AssetSet};
use crate::partition::{KeyIndex, KeySet, Texts};

/// Which keys of an asset a change is about.
enum About {
    /// One of them.
    Key(Arc<KeyIndex>),
    /// The asset as a whole.
    All,
    /// One that the asset never had.
    Unknown,
}

/// The keys that something happened to, by the moment.
#[derive(Default)]
struct Moments<'k> {
    keys: BTreeMap<Timestamp, Vec<&'k KeyIndex>>,
    all: Option<Timestamp>,
}

impl<'k> Moments<'k> {
    fn add(&mut self, at: Timestamp, about: &'k About) {
        match about {
            About::Key(key) => self.keys.entry(at).or_default().push(key),
            About::All => self.all = self.all.max(Some(at)),
            About::Unknown => {}
        }
    }

    fn sets(self, all: &KeySet) -> Vec<(Timestamp, KeySet)> {
        let keys = self.keys.into_iter();
        let keys = keys.map(|(at, keys)| (at, set_of(all.dimensions(), keys.into_iter())));
        keys.chain(self.all.map(|at| (at, all.clone()))).collect()
    }
}

impl Automation {
    /// Whether conditions ask for what the changes of an asset as a whole are, one by one: its numbers, or what it is called by an alias.
    pub(super) fn asks_of_whole(&self, asset: AssetIndex) -> bool {
        self.wanted.contains_key(&asset)
            || self.adding.contains_key(&asset)
            || self.counting.contains_key(&asset)
            || self.aliased.contains_key(&asset)
    }

    /// Takes in the changes of an asset with partitions.
    pub(super) fn take_in_partitions(
        &self,
        state: &mut AutomationState,
        context: &mut EvaluationContext,
        asset: AssetIndex,
        changes: &[&Change],
        now: Timestamp,
    ) {
        let seen_from = self.seen_from(asset);
        // What is known of them begins with what is known of the asset before the changes.
        state.change(&self.keys[asset], |row| {
            self.partition_facts(row, asset);
        });
        if !self.asks_of_whole(asset) {
            let is_update = |change: &Change| change.kind.updated().is_some();
            for (place, change) in changes.iter().enumerate() {
                // Of the asset as a whole the last update counts.
                let next = changes.get(place + 1).is_some_and(|next| is_update(next));
                if !(next && is_update(change)) {
                    self.take_in_change(state, context, (asset, &seen_from), change, now);
                }
            }
        }
        let named = changes.iter().filter_map(|change| change.partition.as_ref());
        let mut indexes = context.keys.indexes(&self.partitionings, asset, named).into_iter();
        let about = changes.iter().map(|change| match &change.partition {
            None => About::All,
            Some(_) => indexes.next().flatten().map_or(About::Unknown, About::Key),
        });
        let about: Vec<About> = about.collect();
        let all = context.keys.of(&self.partitionings, asset).all.clone();
        let of_runs = self.started_keys(context, asset, changes, &all);
        let (updated, altered) = state.change(&self.keys[asset], |row| {
            let facts = self.partition_facts(row, asset);
            self.fold(facts, (changes, &about, &of_runs), (&seen_from, &all), now)
        });
        for (moments, known) in [(updated, &mut context.updated_keys), (altered, &mut context.altered_keys)] {
            let sets = moments.sets(&all);
            if !sets.is_empty() {
                known.insert(asset, sets);
            }
        }
        context.dirty.extend(seen_from);
    }

    /// The keys that runs are started for, by the place of the change.
    fn started_keys(
        &self,
        context: &EvaluationContext,
        asset: AssetIndex,
        changes: &[&Change],
        all: &KeySet,
    ) -> BTreeMap<usize, KeySet> {
        let mut found = BTreeMap::new();
        for (place, change) in changes.iter().enumerate() {
            if let ChangeKind::StartedFor(keys) = &change.kind {
                let indexes = context.keys.indexes(&self.partitionings, asset, &**keys);
                found.insert(place, set_of(all.dimensions(), indexes.iter().flatten().map(|index| &**index)));
            }
        }
        found
    }

    /// Folds changes into what is known. Returns the keys that were updated, and those that have other data since.
    fn fold<'k>(
        &self,
        facts: &mut PartitionFacts,
        (changes, about, of_runs): (&[&Change], &'k [About], &BTreeMap<usize, KeySet>),
        (seen_from, all): (&AssetSet, &KeySet),
        now: Timestamp,
    ) -> (Moments<'k>, Moments<'k>) {
        let (mut updated, mut altered) = (Moments::default(), Moments::default());
        let set = |about: &[About]| {
            if about.iter().any(|about| matches!(about, About::All)) {
                return all.clone();
            }
            let keys = about.iter().filter_map(|about| match about {
                About::Key(key) => Some(&**key),
                About::All | About::Unknown => None,
            });
            set_of(all.dimensions(), keys)
        };
        let mut place = 0;
        while let Some(change) = changes.get(place) {
            let (first, at) = (place, change.at.min(now));
            place += 1;
            if let Some(update) = change.kind.updated() {
                let is_alike = |other: &&&Change| {
                    let by = other.kind.updated().map(|other| &other.by);
                    other.run == change.run && by.is_some_and(|by| Arc::ptr_eq(by, &update.by))
                };
                place += changes[place..].iter().take_while(is_alike).count();
                facts.updated(&set(&about[first..place]), change.run, &self.narrowed(seen_from, &update.by));
                for (change, about) in changes[first..place].iter().zip(&about[first..place]) {
                    let at = change.at.min(now);
                    updated.add(at, about);
                    if self.asks_for_data && self.has_other_data(facts, change, about) {
                        altered.add(at, about);
                    }
                }
                continue;
            }
            let about = &about[first];
            let keys = || set(std::slice::from_ref(about));
            let some = || change.partition.as_ref().map(|_| keys());
            match &change.kind {
                ChangeKind::Started => {
                    if let Some(run) = change.run {
                        facts.started(run, &keys());
                    }
                }
                ChangeKind::StartedFor(_) => {
                    if let Some((run, keys)) = change.run.zip(of_runs.get(&first)) {
                        facts.started(run, keys);
                    }
                }
                ChangeKind::Observed { .. } => {
                    facts.found(&keys());
                    updated.add(at, about);
                    altered.add(at, about);
                }
                ChangeKind::Kept => facts.ended_well(&keys(), change.run),
                ChangeKind::Failed => facts.failed(change.run, some().as_ref(), at),
                ChangeKind::Ended => {
                    if let Some(run) = change.run {
                        facts.ended(run, some().as_ref());
                    }
                }
                ChangeKind::Wiped => facts.wiped(&keys()),
                ChangeKind::Check { name, passed } => facts.checked(name, *passed, &keys()),
                ChangeKind::Earlier(earlier) if earlier.has_value => facts.found(&keys()),
                ChangeKind::Code(version) => facts.coded(version),
                ChangeKind::Updated(_)
                | ChangeKind::Asked(_)
                | ChangeKind::Tried(_)
                | ChangeKind::Decided(_)
                | ChangeKind::InUse(_)
                | ChangeKind::Earlier(_) => {}
            }
        }
        (updated, altered)
    }

    fn has_other_data(&self, facts: &mut PartitionFacts, change: &Change, about: &About) -> bool {
        let Some(update) = change.kind.updated() else { return false };
        match about {
            About::Key(key) => facts.has_other_data(key, update.data_version.as_ref()),
            About::All => true,
            About::Unknown => false,
        }
    }

    /// What is known of the partitions of an asset that has some.
    pub(super) fn partition_facts<'a>(
        &self,
        row: &'a mut AssetState,
        asset: AssetIndex,
    ) -> &'a mut PartitionFacts {
        let (identity, dimensions) =
            self.partitionings.of(asset).map_or((String::new(), 1), |partitioning| {
                (partitioning.identity.clone(), partitioning.dimensions())
            });
        let code = row.facts.code.clone();
        row.partitions.get_or_insert_with(|| PartitionFacts::new(identity, dimensions, code))
    }

    /// Whether the state of an asset is that of other partitions than it has.
    fn has_other_partitions(&self, row: &AssetState, asset: AssetIndex) -> bool {
        let own = self.partitionings.of(asset).map(|partitioning| &partitioning.identity);
        row.partitions.as_ref().map(|known| &known.keys) != own
    }

    /// The assets with partitions of which the state doesn't say which of them have a value: it was stored for other partitions, by an earlier
    /// version, or not yet. What there is becomes known by [`Earlier::has_value`](super::Earlier::has_value).
    pub fn unknown_partitions(&self, state: &AutomationState) -> Vec<&AssetKey> {
        let partitioned =
            self.keys.iter_enumerated().filter(|(asset, _)| self.partitionings.of(*asset).is_some());
        let unknown = partitioned
            .filter(|(asset, key)| state.asset(key).is_none_or(|row| self.has_other_partitions(row, *asset)));
        unknown.map(|(_, key)| key).collect()
    }

    /// Begins anew with what is known of other partitions than assets have: a definition has changed, or an earlier version has stored it, to
    /// which an asset was a whole. Conditions that see such an asset begin anew as well, so that nothing is requested because of the change.
    pub(super) fn renew_partitions(&self, state: &mut AutomationState, context: &EvaluationContext) {
        let changed = state.assets.iter().filter_map(|(key, row)| {
            let asset = *self.index.get(key)?;
            self.has_other_partitions(row, asset).then_some(asset)
        });
        let changed: Vec<AssetIndex> = changed.collect();
        for &asset in &changed {
            let all = &context.keys.of(&self.partitionings, asset).all;
            state.change(&self.keys[asset], |row| {
                let had_none = row.partitions.is_none();
                row.requested_keys = None;
                row.partitions = self.partitionings.of(asset).map(|partitioning| {
                    let identity = partitioning.identity.clone();
                    if had_none {
                        return PartitionFacts::of_whole(identity, all, &row.facts);
                    }
                    let code = row.facts.code.clone();
                    let mut facts = PartitionFacts::new(identity, all.dimensions(), code);
                    row.facts.runs.iter().for_each(|run| facts.started(*run, all));
                    facts
                });
            });
        }
        let seen: AssetSet = changed.iter().flat_map(|asset| self.seen_from(*asset)).collect();
        for asset in seen.into_iter().filter(|asset| self.conditions.contains_key(asset)) {
            if state.asset(&self.keys[asset]).is_some_and(|row| row.memory.is_some()) {
                state.change(&self.keys[asset], |row| (row.memory, row.unsettled) = (None, false));
            }
        }
    }

    /// The assets whose keys are others than at the last evaluation, or that other backfills are going to make: windows have opened, or texts
    /// were added or removed.
    pub(super) fn with_other_keys(&self, state: &mut AutomationState, now: Timestamp) -> AssetSet {
        let mut found = AssetSet::new();
        let partitionings = || self.partitionings.all.iter();
        if state.opens_at.is_none_or(|opens_at| opens_at <= now) {
            let before = state.evaluated_at;
            let changed = partitionings()
                .filter(|partitioning| before.is_some_and(|before| partitioning.has_changed(before, now)));
            found.extend(changed.flat_map(|partitioning| &partitioning.assets));
            let next = partitionings().filter_map(|partitioning| partitioning.changes_after(now)).min();
            state.opens_at = Some(next.unwrap_or(Timestamp::MAX));
        }
        let (known, before) = (&state.known, state.known_before.as_ref());
        if before == Some(known) {
            return found;
        }
        let has_same = |name: &str| {
            let present = before.and_then(|before| before.moment.texts(name)).map(Texts::present);
            before.is_some() && present == known.moment.texts(name).map(Texts::present)
        };
        let changed = |partitioning: &&Partitioning| !partitioning.dynamic.iter().all(|name| has_same(name));
        found.extend(partitionings().filter(changed).flat_map(|partitioning| &partitioning.assets));
        let of_before = |key: &AssetKey| before.and_then(|before| before.backfills.get(key));
        let named = known.backfills.keys().chain(before.iter().flat_map(|before| before.backfills.keys()));
        let others = named.filter(|key| of_before(key) != known.backfills.get(*key));
        found.extend(others.filter_map(|key| self.index.get(key)));
        if before.is_none() {
            // What backfills were going to make at the last evaluation of another process isn't known.
            let asks = self.conditions.iter().filter(|(_, prepared)| prepared.asked.backfills);
            found.extend(asks.map(|(asset, _)| *asset));
        }
        state.known_before = Some(state.known.clone());
        found
    }
}
