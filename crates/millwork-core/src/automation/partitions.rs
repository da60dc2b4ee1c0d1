//! Which partitions the assets of conditions have, and how those of upstream assets belong to them.
//!
//! Assets that are partitioned alike share a [`Partitioning`], so that their keys are found once for an evaluation. Between two assets a
//! [`Link`] takes sets of upstream keys to sets of downstream ones. An asset without partitions has one key.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::graph::{AssetGraph, AssetIndex, AssetSet};
use crate::index::{IndexVec, TypedIndex};
use crate::partition::mapping::ResolvedMapping;
use crate::partition::{
    Axis, Calendar, Dimension, DimensionKind, IndexSet, KeyIndex, KeyMoment, KeySet, KeySpace, PartitionKey,
    PartitionsDefinition, TimeWindow,
};

/// The position of a partitioning among those of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PartitioningIndex(usize);

impl TypedIndex for PartitioningIndex {
    fn at(position: usize) -> Self {
        Self(position)
    }

    fn position(self) -> usize {
        self.0
    }
}

/// Partitions that one or several assets have.
#[derive(Debug)]
pub(super) struct Partitioning {
    definition: PartitionsDefinition,
    /// Identifies what the indexes of its keys mean: the same as long as they mean the same keys.
    pub(super) identity: String,
    pub(super) calendars: Vec<Calendar>,
    /// The names of its dimensions whose texts come at run time.
    pub(super) dynamic: Vec<String>,
    /// The assets that have it.
    pub(super) assets: AssetSet,
    /// The indexes of keys that were looked up, which never change.
    known: Mutex<HashMap<PartitionKey, Arc<KeyIndex>>>,
}

/// The most keys whose indexes are kept.
const MOST_KNOWN: usize = 100_000;

/// How the keys of an upstream asset belong to those of one downstream of it.
#[derive(Debug)]
pub(super) struct Link {
    /// Those of all inputs; without any, everything belongs together.
    mappings: Vec<ResolvedMapping>,
    /// Whether each key takes the same key and no other.
    is_same: bool,
}

/// The partitions of all assets.
#[derive(Debug, Default)]
pub(super) struct Partitionings {
    pub(super) all: IndexVec<PartitioningIndex, Partitioning>,
    /// Of each asset; `None` of one without partitions.
    pub(super) of: IndexVec<AssetIndex, Option<PartitioningIndex>>,
    /// By the downstream asset and the upstream one, of which at least one has partitions.
    links: BTreeMap<(AssetIndex, AssetIndex), Link>,
}

impl Partitionings {
    pub(super) fn new(graph: &AssetGraph) -> Self {
        let mut partitionings = Self::default();
        let mut known: HashMap<String, PartitioningIndex> = HashMap::new();
        for asset in graph.assets().indices() {
            let index = graph.partitions(asset).map(|definition| {
                let described = format!("{:?}", definition.dimensions());
                let index = *known
                    .entry(described)
                    .or_insert_with(|| partitionings.all.push(Partitioning::new(definition)));
                partitionings.all[index].assets.insert(asset);
                index
            });
            partitionings.of.push(index);
        }
        partitionings
    }

    /// Adds what stands for an asset, such as one of its aliases, and has the same partitions.
    pub(super) fn push_like(&mut self, asset: Option<AssetIndex>) {
        let index = asset.and_then(|asset| self.of[asset]);
        let added = self.of.push(index);
        if let Some(index) = index {
            self.all[index].assets.insert(added);
        }
    }

    pub(super) fn of(&self, asset: AssetIndex) -> Option<&Partitioning> {
        self.of[asset].map(|index| &self.all[index])
    }

    /// Links an asset to one upstream of it, or to what stands for that.
    pub(super) fn link(
        &mut self,
        (down, up): (AssetIndex, AssetIndex),
        mappings: impl FnOnce() -> Vec<ResolvedMapping>,
    ) {
        let (own, upstream) = (self.of[down], self.of[up]);
        if own.or(upstream).is_none() {
            return;
        }
        let mappings = mappings();
        let is_same = own.filter(|own| Some(*own) == upstream).is_some_and(|own| {
            // Of one definition it is the same at any moment; a late one has windows.
            let space = self.all[own].definition.space(&KeyMoment::at(late()));
            !mappings.is_empty() && mappings.iter().all(|mapping| mapping.is_same_key(&space, &space))
        });
        self.links.insert((down, up), Link { mappings, is_same });
    }

    /// Whether one run can make both, the same partitions of each, so that a request of the upstream asset is one that a condition of the other
    /// need not wait for.
    pub(super) fn share_runs(&self, down: AssetIndex, up: AssetIndex) -> bool {
        match self.links.get(&(down, up)) {
            Some(link) => link.is_same,
            None => self.of[down] == self.of[up],
        }
    }

    pub(super) fn get(&self, down: AssetIndex, up: AssetIndex) -> Option<&Link> {
        self.links.get(&(down, up))
    }
}

impl Partitioning {
    fn new(definition: &PartitionsDefinition) -> Self {
        let dimensions = || definition.dimensions().iter();
        let space = definition.space(&KeyMoment::default());
        let calendars = dimensions().filter_map(|dimension| match space.axis(&dimension.name)? {
            Axis::Windows(calendar) => Some(calendar.clone()),
            Axis::Texts(_) => None,
        });
        let dynamic = dimensions().filter(|dimension| dimension.is_dynamic());
        let parts: Vec<String> = dimensions().map(identity_of).collect();
        Self {
            identity: blake3::hash(parts.join(";").as_bytes()).to_hex().as_str()[..16].to_owned(),
            calendars: calendars.collect(),
            dynamic: dynamic.map(|dimension| dimension.name.clone()).collect(),
            assets: AssetSet::new(),
            known: Mutex::default(),
            definition: definition.clone(),
        }
    }

    pub(super) fn dimensions(&self) -> usize {
        self.definition.dimensions().iter().count()
    }

    /// Whether its keys are others at another time.
    pub(super) fn has_changed(&self, before: Timestamp, now: Timestamp) -> bool {
        self.calendars.iter().any(|calendar| calendar.range(before) != calendar.range(now))
    }

    /// When its keys may be others next.
    pub(super) fn changes_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.calendars.iter().filter_map(|calendar| calendar.timetable().next(now)).min()
    }
}

/// What the indexes of a dimension mean.
fn identity_of(dimension: &Dimension) -> String {
    let name = &dimension.name;
    match &dimension.kind {
        DimensionKind::Windows(windows) => format!("{name}={} {}", windows.every.cron(), windows.zone),
        DimensionKind::Fixed(texts) => format!("{name}={texts:?}"),
        DimensionKind::Dynamic => format!("{name}=dynamic"),
    }
}

/// The keys of an asset at an evaluation.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) space: Arc<KeySpace>,
    pub(super) all: KeySet,
}

impl Keys {
    fn new(space: Arc<KeySpace>) -> Self {
        Self { all: space.all(), space }
    }

    /// The keys of the latest windows that there were at a time, and of those that start within a lookback before the end of the latest;
    /// all, if there are no windows.
    pub(super) fn latest(&self, at: Timestamp, lookback: Duration) -> KeySet {
        let names: Vec<&str> = self.space.names().collect();
        KeySet::product(names.into_iter().enumerate().map(|(place, name)| {
            let present = self.all.indexes(place);
            match self.space.axis(name) {
                Some(Axis::Windows(calendar)) => latest_windows(&present, calendar, at, lookback),
                Some(Axis::Texts(_)) | None => present,
            }
        }))
    }
}

fn latest_windows(present: &IndexSet, calendar: &Calendar, at: Timestamp, lookback: Duration) -> IndexSet {
    let Some(range) = calendar.range(at) else { return IndexSet::default() };
    let there = present.intersection(&IndexSet::from(range));
    let Some(last) = there.last() else { return IndexSet::default() };
    let end = calendar.at_index(last).as_ref().map(TimeWindow::end);
    let from = end.map(|end| end.saturating_sub(span(lookback)).unwrap_or(Timestamp::MIN));
    let started = from.zip(end).and_then(|(from, end)| calendar.starting_in(from, end));
    let started = started.map(IndexSet::from).unwrap_or_default();
    started.intersection(&there).union(&IndexSet::from(last..=last))
}

fn span(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}

/// The keys of all assets at an evaluation, found when they are asked for.
#[derive(Debug)]
pub(super) struct KeysAtEvaluation {
    moment: KeyMoment,
    of: IndexVec<PartitioningIndex, OnceCell<Keys>>,
    /// Those of an asset without partitions.
    single: OnceCell<Keys>,
}

impl KeysAtEvaluation {
    pub(super) fn new(partitionings: &Partitionings, moment: KeyMoment) -> Self {
        let of = partitionings.all.indices().map(|_| OnceCell::new());
        Self { moment, of: of.collect(), single: OnceCell::new() }
    }

    pub(super) fn of(&self, partitionings: &Partitionings, asset: AssetIndex) -> &Keys {
        match partitionings.of[asset] {
            Some(index) => self.of[index]
                .get_or_init(|| Keys::new(partitionings.all[index].definition.space(&self.moment))),
            None => {
                let unpartitioned = || Keys::new(Arc::new(KeySpace::unpartitioned(self.moment.now())));
                self.single.get_or_init(unpartitioned)
            }
        }
    }

    /// The indexes of partitions; `None` of those that the asset never had.
    pub(super) fn indexes<'k>(
        &self,
        partitionings: &Partitionings,
        asset: AssetIndex,
        keys: impl IntoIterator<Item = &'k PartitionKey>,
    ) -> Vec<Option<Arc<KeyIndex>>> {
        let Some(partitioning) = partitionings.of(asset) else { return Vec::new() };
        let space = &self.of(partitionings, asset).space;
        let mut known = partitioning.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MOST_KNOWN {
            known.clear();
        }
        let index = |key: &PartitionKey| {
            if let Some(index) = known.get(key) {
                return Some(index.clone());
            }
            let index = Arc::new(space.index_of(key)?);
            known.insert(key.clone(), index.clone());
            Some(index)
        };
        keys.into_iter().map(index).collect()
    }

    /// The downstream keys, of those that there are, to which some upstream ones belong.
    pub(super) fn downstream(
        &self,
        partitionings: &Partitionings,
        (down, up): (AssetIndex, AssetIndex),
        keys: &KeySet,
    ) -> KeySet {
        let own = self.of(partitionings, down);
        let none = || KeySet::empty(own.all.dimensions());
        if keys.is_empty() {
            return none();
        }
        match partitionings.get(down, up) {
            Some(link) if link.is_same => keys.intersection(&own.all),
            Some(link) if !link.mappings.is_empty() => {
                let to = &self.of(partitionings, up).space;
                let mapped = link.mappings.iter().map(|mapping| mapping.downstream_of(keys, &own.space, to));
                mapped.fold(none(), |all, keys| all.union(&keys))
            }
            None if partitionings.of[down] == partitionings.of[up] => keys.intersection(&own.all),
            // What has no mapping is about the whole asset.
            Some(_) | None => own.all.clone(),
        }
    }

    /// The downstream keys that need an upstream one that there isn't.
    pub(super) fn lacking(
        &self,
        partitionings: &Partitionings,
        (down, up): (AssetIndex, AssetIndex),
    ) -> KeySet {
        let own = self.of(partitionings, down);
        let none = KeySet::empty(own.all.dimensions());
        let Some(link) = partitionings.get(down, up).filter(|link| !link.is_same) else { return none };
        let to = &self.of(partitionings, up).space;
        let needing = link.mappings.iter().filter(|mapping| !mapping.tolerates_missing());
        let lacking = needing.map(|mapping| mapping.upstream_of(&own.all, &own.space, to).lacking);
        lacking.fold(none, |all, keys| all.union(&keys))
    }
}

impl Link {
    /// Whether upstream keys may be missing.
    pub(super) fn tolerates_missing(&self) -> bool {
        !self.mappings.is_empty() && self.mappings.iter().all(ResolvedMapping::tolerates_missing)
    }
}

/// A moment at which definitions have windows.
fn late() -> Timestamp {
    const YEAR: i64 = 366 * 24 * 60 * 60;
    Timestamp::from_second(300 * YEAR).unwrap_or(Timestamp::MAX)
}

/// The set of some keys.
pub(super) fn set_of<'k>(dimensions: usize, keys: impl Iterator<Item = &'k KeyIndex>) -> KeySet {
    match dimensions {
        1 => KeySet::product([keys.filter_map(|key| key.first().copied()).collect::<IndexSet>()]),
        _ => KeySet::of(dimensions, keys.cloned()),
    }
}

/// The mappings of the inputs by which an asset takes another one.
pub(super) fn input_mappings(graph: &AssetGraph, down: AssetIndex, up: AssetIndex) -> Vec<ResolvedMapping> {
    let Some(step) = graph.assets()[down].step.map(|step| &graph.steps()[step]) else { return Vec::new() };
    let inputs = step.computation().requirements.inputs.iter().zip(&step.mappings.inputs);
    let of = inputs.filter(|(input, _)| input.asset == *graph.key(up));
    of.map(|(_, mapping)| mapping.clone()).collect()
}

/// The mappings by which an asset reads the history of another one.
pub(super) fn history_mappings(graph: &AssetGraph, down: AssetIndex, up: AssetIndex) -> Vec<ResolvedMapping> {
    let Some(step) = graph.assets()[down].step.map(|step| &graph.steps()[step]) else { return Vec::new() };
    let histories = step.computation().requirements.histories.iter().zip(&step.mappings.histories);
    let of = histories.filter(|(history, _)| history.asset == *graph.key(up));
    of.map(|(_, mapping)| mapping.clone()).collect()
}
