//! The partitions of an asset by what is known of them, as sets of keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::asset::AssetStatus;
use crate::id::PartitionKey;
use crate::partition::{Axis, KeyIndex, KeySet, KeySpace, Texts};

/// The partitions of an asset by what is known of them. An asset without partitions has one key.
///
/// What is made is kept as a set, and so is what is behind, runs or has failed; everything else is a difference. So a million partitions
/// that are missing take no more memory than one.
#[derive(Clone, Debug)]
pub struct PartitionSets {
    pub(super) keys: Keys,
    pub(super) all: KeySet,
    pub(super) existing: KeySet,
    pub(super) behind: KeySet,
    pub(super) running: KeySet,
    pub(super) failed: KeySet,
    counts: [u64; AssetStatus::ALL.len()],
}

/// What the keys of an asset are.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    /// None: the asset has no partitions.
    None(Arc<KeySpace>),
    /// Those of its definition at a moment.
    Defined(Arc<KeySpace>),
    /// Those of an external asset that something was reported of, by their places.
    Reported(Arc<KeySpace>, Arc<[Option<PartitionKey>]>),
}

impl Keys {
    /// Those of an external asset that something was reported of, in order: of the asset as a whole, if nothing was.
    pub(super) fn reported(reported: BTreeSet<Option<PartitionKey>>, now: Timestamp) -> Self {
        let reported: Arc<[_]> =
            if reported.is_empty() { Arc::new([None]) } else { reported.into_iter().collect() };
        let places = Texts::new((0..reported.len()).map(|place| place.to_string()));
        let axis = ("partition".to_owned(), Axis::Texts(places));
        Self::Reported(Arc::new(KeySpace::new(vec![axis], now)), reported)
    }

    pub(super) fn space(&self) -> &Arc<KeySpace> {
        match self {
            Self::None(space) | Self::Defined(space) | Self::Reported(space, _) => space,
        }
    }

    /// The place of a partition; `None` if the asset never had it.
    pub(super) fn index_of(&self, partition: Option<&PartitionKey>) -> Option<KeyIndex> {
        match (self, partition) {
            (Self::None(_), None) => Some(vec![0]),
            (Self::None(_), Some(_)) | (Self::Defined(_), None) => None,
            (Self::Defined(space), Some(partition)) => space.index_of(partition),
            (Self::Reported(_, reported), _) => {
                let place = reported.binary_search_by(|known| known.as_ref().cmp(&partition));
                Some(vec![i64::try_from(place.ok()?).ok()?])
            }
        }
    }

    /// The partition with a place; `None` for the asset as a whole.
    pub(super) fn partition_at(&self, index: &[i64]) -> Option<PartitionKey> {
        match self {
            Self::None(_) => None,
            Self::Defined(space) => space.partition_key_at(index),
            Self::Reported(_, reported) => {
                let [place] = index else { return None };
                reported.get(usize::try_from(*place).ok()?)?.clone()
            }
        }
    }
}

impl PartitionSets {
    /// The sets of keys, of which those that there are count.
    pub(super) fn new(keys: Keys, existing: &KeySet, behind: &KeySet, at_work: (KeySet, KeySet)) -> Self {
        let all = keys.space().all();
        let (running, failed) = at_work;
        let existing = existing.intersection(&all);
        let behind = all.difference(&existing).union(&behind.intersection(&all));
        let (running, failed) = (running.intersection(&all), failed.intersection(&all));
        let mut sets = Self { keys, all, existing, behind, running, failed, counts: [0; 6] };
        sets.counts = AssetStatus::ALL.map(|status| sets.of(status).count());
        sets
    }

    /// The space of the keys: of an asset without partitions [`KeySpace::unpartitioned`], of an external one the places of its partitions.
    pub fn space(&self) -> &Arc<KeySpace> {
        self.keys.space()
    }

    /// Whether its keys are partitions; otherwise there is one key, of the asset as a whole.
    pub fn is_partitioned(&self) -> bool {
        match &self.keys {
            Keys::None(_) => false,
            Keys::Defined(_) => true,
            Keys::Reported(_, reported) => reported.iter().any(Option::is_some),
        }
    }

    /// Whether the asset is external, so that its partitions are those that were reported.
    pub fn is_external(&self) -> bool {
        matches!(self.keys, Keys::Reported(..))
    }

    /// All keys that there are.
    pub fn all(&self) -> &KeySet {
        &self.all
    }

    /// The keys that have a value, or of which it was decided that they have none.
    pub fn existing(&self) -> &KeySet {
        &self.existing
    }

    /// The keys that are stale or missing, whatever runs or has failed.
    pub fn behind(&self) -> &KeySet {
        &self.behind
    }

    /// The keys whose value is what making it now would be based on, whatever runs or has failed.
    pub fn fresh(&self) -> KeySet {
        self.all.difference(&self.behind)
    }

    /// The keys that are stale, whatever runs or has failed.
    pub fn stale(&self) -> KeySet {
        self.existing.intersection(&self.behind)
    }

    /// The keys whose step is running.
    pub fn running(&self) -> &KeySet {
        &self.running
    }

    /// The keys whose last attempt failed, also those that run again.
    pub fn failed(&self) -> &KeySet {
        &self.failed
    }

    /// The keys with a status. Each key has one: one that runs isn't among the failed ones, and one that has failed isn't stale.
    pub fn of(&self, status: AssetStatus) -> KeySet {
        if self.is_external() {
            let is_external = status == AssetStatus::External;
            return if is_external { self.all.clone() } else { KeySet::empty(self.all.dimensions()) };
        }
        let idle = |keys: &KeySet| keys.difference(&self.running).difference(&self.failed);
        match status {
            AssetStatus::External => KeySet::empty(self.all.dimensions()),
            AssetStatus::Fresh => idle(&self.fresh()),
            AssetStatus::Missing => idle(&self.all.difference(&self.existing)),
            AssetStatus::Stale => idle(&self.stale()),
            AssetStatus::Running => self.running.clone(),
            AssetStatus::Failed => self.failed.difference(&self.running),
        }
    }

    /// The number of keys with a status.
    pub fn count(&self, status: AssetStatus) -> u64 {
        self.counts[status as usize]
    }

    /// Whether the same keys exist and are behind.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.existing == other.existing && self.behind == other.behind
    }

    /// The status of a key; `None` if it isn't there.
    pub fn status(&self, index: &[i64]) -> Option<AssetStatus> {
        if !self.all.contains(index) {
            return None;
        }
        Some(if self.is_external() {
            AssetStatus::External
        } else if self.running.contains(index) {
            AssetStatus::Running
        } else if self.failed.contains(index) {
            AssetStatus::Failed
        } else if !self.existing.contains(index) {
            AssetStatus::Missing
        } else if self.behind.contains(index) {
            AssetStatus::Stale
        } else {
            AssetStatus::Fresh
        })
    }

    /// The worst status of all keys; `None` if there are none.
    pub fn worst(&self) -> Option<AssetStatus> {
        AssetStatus::worst(AssetStatus::ALL.into_iter().filter(|status| self.count(*status) > 0))
    }

    /// The keys to list first, `most` at most: all of few, in order; of more, those with the worst status first.
    pub fn listed(&self, most: usize) -> Vec<KeyIndex> {
        if self.all.count() <= most as u64 {
            return self.all.next(None, most);
        }
        let mut listed = Vec::new();
        for status in AssetStatus::ALL.into_iter().rev() {
            listed.extend(self.of(status).next(None, most - listed.len()));
        }
        listed
    }

    /// The partition with an index; `None` for an asset without partitions.
    pub fn partition_at(&self, index: &[i64]) -> Option<PartitionKey> {
        self.keys.partition_at(index)
    }

    /// The index of a partition, whether or not it is there; `None` if the asset never had it.
    pub fn index_of(&self, partition: Option<&PartitionKey>) -> Option<KeyIndex> {
        self.keys.index_of(partition)
    }
}
