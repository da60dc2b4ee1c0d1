//! What partitions of one asset take of another, as it was when the backfill was planned.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::BackfillInput;
use crate::partition::mapping::ResolvedMapping;
use crate::partition::{KeyIndex, KeySet, KeySpace};

/// An input of an asset from an asset of another stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Dependency {
    /// The position of the upstream asset in the plan.
    pub(super) upstream: usize,
    /// The position of the downstream asset in the plan.
    pub(super) downstream: usize,
    /// Whether a downstream partition is made though an upstream one failed.
    pub(super) tolerates_missing: bool,
    relation: Relation,
}

/// Which upstream keys a downstream key takes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Relation {
    /// What a mapping says.
    Mapping(ResolvedMapping),
    /// What a function of the author said when the backfill was planned. It can't be stored, and another version of it may say
    /// something else.
    Listed(Listing),
}

impl Dependency {
    /// The dependency of some downstream keys. A function is called with each of them.
    pub(super) fn new(
        input: &BackfillInput,
        downstream: usize,
        keys: &KeySet,
        from: &KeySpace,
        to: &KeySpace,
    ) -> Self {
        let mapping = &input.mapping;
        let relation = if mapping.calls_function() {
            Relation::Listed(Listing::new(mapping, keys, from, to))
        } else {
            Relation::Mapping(mapping.clone())
        };
        let tolerates_missing = mapping.tolerates_missing();
        Self { upstream: input.upstream, downstream, tolerates_missing, relation }
    }

    /// The upstream keys that some downstream keys take, of those that there were.
    pub(super) fn upstream_of(&self, keys: &KeySet, from: &KeySpace, to: &KeySpace) -> KeySet {
        match &self.relation {
            Relation::Mapping(mapping) => mapping.upstream_of(keys, from, to).keys,
            Relation::Listed(listing) => listing.upstream_of(keys),
        }
    }

    /// The downstream keys that take some of a set of upstream keys.
    pub(super) fn downstream_of(&self, keys: &KeySet, from: &KeySpace, to: &KeySpace) -> KeySet {
        match &self.relation {
            Relation::Mapping(mapping) => mapping.downstream_of(keys, from, to),
            Relation::Listed(listing) => listing.downstream_of(keys),
        }
    }
}

/// Downstream keys with the upstream keys that they take. Those that take the same are together.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "ListedGroups", into = "ListedGroups")]
struct Listing {
    listed: ListedGroups,
    by_downstream: HashMap<KeyIndex, usize>,
    by_upstream: HashMap<KeyIndex, Vec<usize>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ListedGroups {
    /// The numbers of dimensions of downstream and upstream keys.
    dimensions: (usize, usize),
    groups: Vec<Group>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Group {
    downstream: KeySet,
    upstream: KeySet,
}

impl Listing {
    fn new(mapping: &ResolvedMapping, keys: &KeySet, from: &KeySpace, to: &KeySpace) -> Self {
        let mut by_upstream: HashMap<KeySet, Vec<KeyIndex>> = HashMap::new();
        for key in keys.next(None, usize::MAX) {
            let taken = mapping.upstream_of(&KeySet::of(keys.dimensions(), [key.clone()]), from, to);
            by_upstream.entry(taken.keys).or_default().push(key);
        }
        let mut groups: Vec<(Vec<KeyIndex>, KeySet)> =
            by_upstream.into_iter().map(|(upstream, keys)| (keys, upstream)).collect();
        // The same listing is stored as the same text.
        groups.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let group = |(downstream, upstream): (Vec<KeyIndex>, KeySet)| Group {
            downstream: KeySet::of(keys.dimensions(), downstream),
            upstream,
        };
        let groups = groups.into_iter().map(group).collect();
        ListedGroups { dimensions: (keys.dimensions(), to.names().count()), groups }.into()
    }

    fn upstream_of(&self, keys: &KeySet) -> KeySet {
        let places = keys.next(None, usize::MAX).into_iter();
        let places: BTreeSet<usize> =
            places.filter_map(|key| self.by_downstream.get(&key).copied()).collect();
        let none = KeySet::empty(self.listed.dimensions.1);
        places.into_iter().fold(none, |all, place| all.union(&self.listed.groups[place].upstream))
    }

    fn downstream_of(&self, keys: &KeySet) -> KeySet {
        let places = keys.next(None, usize::MAX).into_iter();
        let places: BTreeSet<usize> =
            places.filter_map(|key| self.by_upstream.get(&key)).flatten().copied().collect();
        let none = KeySet::empty(self.listed.dimensions.0);
        places.into_iter().fold(none, |all, place| all.union(&self.listed.groups[place].downstream))
    }
}

impl From<ListedGroups> for Listing {
    fn from(listed: ListedGroups) -> Self {
        let mut by_downstream = HashMap::new();
        let mut by_upstream: HashMap<KeyIndex, Vec<usize>> = HashMap::new();
        for (place, group) in listed.groups.iter().enumerate() {
            by_downstream.extend(group.downstream.next(None, usize::MAX).into_iter().map(|key| (key, place)));
            for key in group.upstream.next(None, usize::MAX) {
                by_upstream.entry(key).or_default().push(place);
            }
        }
        Self { listed, by_downstream, by_upstream }
    }
}

impl From<Listing> for ListedGroups {
    fn from(listing: Listing) -> Self {
        listing.listed
    }
}
