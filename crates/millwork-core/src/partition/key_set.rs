//! Sets of keys of several dimensions.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Deref, RangeInclusive};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::index_set::{IndexSet, Operation};
use super::stored::StoredKeySet;

/// The most keys of which one run makes partitions. More are a backfill's, of several runs.
pub(crate) const MOST_OF_A_RUN: u64 = 10_000;

/// A key by its index in each dimension, in the order of the dimensions.
pub type KeyIndex = Vec<i64>;

/// A set of keys, as disjoint products of sets of indexes.
///
/// The first dimension is cut into parts whose keys have the same rest, and so on: of two parts the rests differ, so that a set has
/// one form only, and equal sets are equal values. Of two sets with other numbers of dimensions, the second counts as empty.
///
/// ```
/// use millwork_core::partition::{IndexSet, KeySet};
///
/// let days = IndexSet::from(0..=9_999);
/// let countries = IndexSet::from(0..=999);
/// let all = KeySet::product([days, countries]);
/// let made = KeySet::product([IndexSet::from(0..=99), IndexSet::from(0..=9)]);
/// assert_eq!(all.difference(&made).count(), 10_000_000 - 1_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "StoredKeySet", try_from = "StoredKeySet")]
pub struct KeySet {
    dimensions: usize,
    root: Node,
}

/// The keys of one dimension and those behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    /// The last dimension.
    Last(IndexSet),
    /// By the first index of each part. Parts and rests aren't empty, parts are disjoint, and rests differ.
    Parts(Vec<Part>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Part {
    indexes: IndexSet,
    rest: Rest,
}

/// The keys behind a dimension. Copies share them, and their hash is known, so that what an operation leaves as it is costs little.
#[derive(Clone, Debug)]
struct Rest(Arc<(u64, Node)>);

impl Rest {
    fn new(node: Node) -> Self {
        let mut hasher = DefaultHasher::new();
        node.hash(&mut hasher);
        Self(Arc::new((hasher.finish(), node)))
    }

    fn combine(&self, other: &Self, operation: Operation) -> Self {
        match operation {
            Operation::Union | Operation::Intersection if self == other => self.clone(),
            Operation::Union | Operation::Intersection | Operation::Difference => {
                Self::new(self.deref().combine(other, operation))
            }
        }
    }
}

impl Deref for Rest {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.0.1
    }
}

impl PartialEq for Rest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for Rest {}

impl Hash for Rest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.0);
    }
}

impl KeySet {
    /// No key, of a number of dimensions.
    pub fn empty(dimensions: usize) -> Self {
        Self { dimensions, root: Node::empty(dimensions) }
    }

    /// Every key with an index of each of the sets, one for each dimension.
    pub fn product(sets: impl IntoIterator<Item = IndexSet>) -> Self {
        let sets: Vec<IndexSet> = sets.into_iter().collect();
        let dimensions = sets.len();
        if dimensions == 0 || sets.iter().any(IndexSet::is_empty) {
            return Self::empty(dimensions);
        }
        let mut sets = sets.into_iter().rev();
        let last = Node::Last(sets.next().unwrap_or_default());
        let root =
            sets.fold(last, |rest, indexes| Node::Parts(vec![Part { indexes, rest: Rest::new(rest) }]));
        Self { dimensions, root }
    }

    /// The keys with some indexes. Those with another number of dimensions are left out.
    pub fn of(dimensions: usize, keys: impl IntoIterator<Item = KeyIndex>) -> Self {
        let mut keys: Vec<KeyIndex> = keys.into_iter().filter(|key| key.len() == dimensions).collect();
        keys.sort_unstable();
        keys.dedup();
        if dimensions == 0 {
            return Self::empty(0);
        }
        Self { dimensions, root: Node::of_sorted(&keys, 0, dimensions) }
    }

    /// The number of dimensions.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Whether no key is in it.
    pub fn is_empty(&self) -> bool {
        self.root.is_empty()
    }

    /// The number of keys; `u64::MAX` also stands for more.
    pub fn count(&self) -> u64 {
        self.root.count()
    }

    /// Whether a key is in it.
    pub fn contains(&self, key: &[i64]) -> bool {
        key.len() == self.dimensions && self.root.contains(key)
    }

    /// The keys of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, Operation::Union)
    }

    /// The keys of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, Operation::Intersection)
    }

    /// The keys without those of another set.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(other, Operation::Difference)
    }

    /// The next keys after one, or the first ones, in the order of their indexes.
    pub fn next(&self, after: Option<&[i64]>, limit: usize) -> Vec<KeyIndex> {
        let mut page = Page { skip: 0, limit, keys: Vec::new() };
        self.root.collect(after, &mut Vec::new(), &mut page);
        page.keys
    }

    /// The keys of a page, in the order of their indexes, without going through those before it.
    pub fn page(&self, skip: u64, limit: usize) -> Vec<KeyIndex> {
        let mut page = Page { skip, limit, keys: Vec::new() };
        self.root.collect(None, &mut Vec::new(), &mut page);
        page.keys
    }

    /// The indexes that keys have in a dimension; none beyond the last.
    pub fn indexes(&self, dimension: usize) -> IndexSet {
        self.root.indexes(dimension)
    }

    /// The products that it consists of: disjoint, each with a set for each dimension.
    pub fn products(&self) -> Vec<Vec<IndexSet>> {
        let mut products = Vec::new();
        self.root.products(&mut Vec::new(), &mut products);
        products
    }

    /// The bytes of memory that it takes beside itself.
    pub fn bytes(&self) -> usize {
        self.root.bytes()
    }

    fn combine(&self, other: &Self, operation: Operation) -> Self {
        let root = if self.dimensions == other.dimensions {
            self.root.combine(&other.root, operation)
        } else {
            self.root.combine(&Node::empty(self.dimensions), operation)
        };
        Self { dimensions: self.dimensions, root }
    }
}

/// Keys that are gathered.
struct Page {
    /// The number of keys still to pass over.
    skip: u64,
    /// The most keys that are gathered.
    limit: usize,
    keys: Vec<KeyIndex>,
}

impl Page {
    fn is_full(&self) -> bool {
        self.keys.len() >= self.limit
    }
}

impl Node {
    fn empty(dimensions: usize) -> Self {
        if dimensions > 1 { Self::Parts(Vec::new()) } else { Self::Last(IndexSet::default()) }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Last(indexes) => indexes.is_empty(),
            Self::Parts(parts) => parts.is_empty(),
        }
    }

    fn count(&self) -> u64 {
        match self {
            Self::Last(indexes) => indexes.count(),
            Self::Parts(parts) => {
                let counts = parts.iter().map(|part| part.indexes.count().saturating_mul(part.rest.count()));
                counts.fold(0, u64::saturating_add)
            }
        }
    }

    fn contains(&self, key: &[i64]) -> bool {
        match (self, key) {
            (Self::Last(indexes), [index]) => indexes.contains(*index),
            (Self::Parts(parts), [index, rest @ ..]) => {
                let part = parts.iter().find(|part| part.indexes.contains(*index));
                part.is_some_and(|part| part.rest.contains(rest))
            }
            (Self::Last(_) | Self::Parts(_), _) => false,
        }
    }

    fn indexes(&self, dimension: usize) -> IndexSet {
        match self {
            Self::Last(indexes) if dimension == 0 => indexes.clone(),
            Self::Last(_) => IndexSet::default(),
            Self::Parts(parts) => parts.iter().fold(IndexSet::default(), |all, part| match dimension {
                0 => all.union(&part.indexes),
                dimension => all.union(&part.rest.indexes(dimension - 1)),
            }),
        }
    }

    fn products(&self, before: &mut Vec<IndexSet>, products: &mut Vec<Vec<IndexSet>>) {
        match self {
            Self::Last(indexes) if indexes.is_empty() => {}
            Self::Last(indexes) => {
                products.push(before.iter().cloned().chain([indexes.clone()]).collect());
            }
            Self::Parts(parts) => {
                for part in parts {
                    before.push(part.indexes.clone());
                    part.rest.products(before, products);
                    before.pop();
                }
            }
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Last(indexes) => indexes.bytes(),
            Self::Parts(parts) => {
                let own = parts.capacity() * (size_of::<Part>() + size_of::<(u64, Self)>());
                own + parts.iter().map(|part| part.indexes.bytes() + part.rest.bytes()).sum::<usize>()
            }
        }
    }

    /// The node of keys in order without repetitions, by their indexes from a dimension on.
    fn of_sorted(keys: &[KeyIndex], dimension: usize, dimensions: usize) -> Self {
        if dimension + 1 == dimensions {
            return Self::Last(keys.iter().map(|key| key[dimension]).collect());
        }
        let groups = keys.chunk_by(|one, other| one[dimension] == other[dimension]);
        Self::of_parts(groups.map(|group| {
            let index = group[0][dimension];
            (vec![index..=index], Rest::new(Self::of_sorted(group, dimension + 1, dimensions)))
        }))
    }

    /// The node of disjoint lists of runs, each from low to high and with its rest. Rests may be equal.
    fn of_parts(lists: impl IntoIterator<Item = (Vec<RangeInclusive<i64>>, Rest)>) -> Self {
        let mut by_rest: HashMap<Rest, Vec<RangeInclusive<i64>>> = HashMap::new();
        for (runs, rest) in lists {
            if !rest.is_empty() {
                by_rest.entry(rest).or_default().extend(runs);
            }
        }
        let part = |(rest, mut runs): (Rest, Vec<RangeInclusive<i64>>)| {
            runs.sort_unstable_by_key(|run| *run.start());
            Part { indexes: IndexSet::from_sorted_runs(runs), rest }
        };
        let mut parts: Vec<Part> = by_rest.into_iter().map(part).collect();
        parts.sort_by_cached_key(|part| part.indexes.first());
        Self::Parts(parts)
    }

    fn combine(&self, other: &Self, operation: Operation) -> Self {
        match (self, other) {
            (Self::Last(these), Self::Last(those)) => Self::Last(match operation {
                Operation::Union => these.union(those),
                Operation::Intersection => these.intersection(those),
                Operation::Difference => these.difference(those),
            }),
            (Self::Parts(these), Self::Parts(those)) => {
                // A pair of rests is combined once, however many runs have it.
                let mut by_parts: HashMap<_, Vec<RangeInclusive<i64>>> = HashMap::new();
                for (run, this, that) in common_runs(these, those) {
                    if operation.keeps(this.is_some(), that.is_some()) || this.is_some() && that.is_some() {
                        by_parts.entry((this, that)).or_default().push(run);
                    }
                }
                Self::of_parts(by_parts.into_iter().filter_map(|((this, that), runs)| {
                    let rests = (this.map(|at| &these[at].rest), that.map(|at| &those[at].rest));
                    let rest = match rests {
                        (Some(this), Some(that)) => this.combine(that, operation),
                        (Some(rest), None) | (None, Some(rest)) => rest.clone(),
                        (None, None) => return None,
                    };
                    Some((runs, rest))
                }))
            }
            // Both have the same number of dimensions.
            (Self::Last(_), Self::Parts(_)) | (Self::Parts(_), Self::Last(_)) => self.clone(),
        }
    }

    /// Gathers the keys after one in order, with what stands before them.
    fn collect(&self, after: Option<&[i64]>, before: &mut KeyIndex, page: &mut Page) {
        let (at, further) = match after {
            Some([at, further @ ..]) => (Some(*at), Some(further)),
            Some([]) | None => (None, None),
        };
        let parts = match self {
            Self::Last(indexes) => {
                let from = at.map_or(i64::MIN, |at| at.saturating_add(1));
                if at == Some(i64::MAX) {
                    return;
                }
                for run in indexes.runs_from(from) {
                    let length = length(&run);
                    if page.skip >= length {
                        page.skip -= length;
                        continue;
                    }
                    let first = run.start() + std::mem::take(&mut page.skip) as i64;
                    for index in first..=*run.end() {
                        if page.is_full() {
                            return;
                        }
                        page.keys.push(before.iter().copied().chain([index]).collect());
                    }
                }
                return;
            }
            Self::Parts(parts) => parts,
        };
        let counts: Vec<u64> = parts.iter().map(|part| part.rest.count()).collect();
        for (run, place) in sorted_runs(parts, at.unwrap_or(i64::MIN)) {
            if page.is_full() {
                return;
            }
            let mut first = *run.start();
            if at.is_none() {
                // Whole indexes are passed over at once.
                let passed = (page.skip / counts[place].max(1)).min(length(&run));
                page.skip -= passed * counts[place];
                match first.checked_add_unsigned(passed) {
                    Some(next) if next <= *run.end() => first = next,
                    Some(_) | None => continue,
                }
            }
            for index in first..=*run.end() {
                if page.is_full() {
                    return;
                }
                before.push(index);
                parts[place].rest.collect(further.filter(|_| at == Some(index)), before, page);
                before.pop();
            }
        }
    }
}

fn length(run: &RangeInclusive<i64>) -> u64 {
    run.end().abs_diff(*run.start()).saturating_add(1)
}

/// The runs of all parts from an index on, from low to high, each with the place of its part.
fn sorted_runs(parts: &[Part], from: i64) -> Vec<(RangeInclusive<i64>, usize)> {
    let runs_of = |(place, part): (usize, &Part)| {
        part.indexes.runs_from(from).map(|run| (run, place)).collect::<Vec<_>>()
    };
    let mut runs: Vec<_> = parts.iter().enumerate().flat_map(runs_of).collect();
    runs.sort_unstable_by_key(|(run, _)| *run.start());
    runs
}

/// A run, and the part of either side that it belongs to.
type CommonRun = (RangeInclusive<i64>, Option<usize>, Option<usize>);

/// The runs of both sides, cut where either has an end.
fn common_runs(these: &[Part], those: &[Part]) -> Vec<CommonRun> {
    let (these, those) = (sorted_runs(these, i64::MIN), sorted_runs(those, i64::MIN));
    let (mut these, mut those) = (these.into_iter(), those.into_iter());
    let (mut this, mut that) = (these.next(), those.next());
    let mut runs = Vec::new();
    loop {
        let starts = [&this, &that].map(|side| side.as_ref().map(|(run, _)| *run.start()));
        let Some(first) = starts.into_iter().flatten().min() else { return runs };
        // The run ends before the other side begins, or where either ends.
        let last = [&this, &that]
            .into_iter()
            .flatten()
            .map(|(run, _)| if *run.start() > first { *run.start() - 1 } else { *run.end() });
        let Some(last) = last.min() else { return runs };
        let place = |side: &Option<(RangeInclusive<i64>, usize)>| {
            side.as_ref().filter(|(run, _)| *run.start() == first).map(|(_, place)| *place)
        };
        runs.push((first..=last, place(&this), place(&that)));
        for (side, further) in [(&mut this, &mut these), (&mut that, &mut those)] {
            let Some((run, place)) = side.as_ref() else { continue };
            if *run.start() > last {
                continue;
            }
            *side = if *run.end() == last { further.next() } else { Some((last + 1..=*run.end(), *place)) };
        }
    }
}
