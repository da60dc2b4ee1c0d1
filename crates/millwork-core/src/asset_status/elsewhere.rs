//! Facts of partitions that a store has and that aren't in memory.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::compared::Compared;
use crate::id::{AssetKey, PartitionKey};
use crate::partition::AssetPartition;

/// The facts of an asset that aren't in memory, with those that were asked for.
#[derive(Debug)]
pub(super) struct Elsewhere {
    /// Whose keys they are.
    compared: Arc<Compared>,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    partitions: HashSet<Option<PartitionKey>>,
    all: bool,
}

/// Facts that were asked for and aren't in memory.
#[derive(Debug, Default)]
pub struct Lacking {
    /// Some partitions.
    pub partitions: Vec<AssetPartition>,
    /// Assets of which all partitions are wanted.
    pub assets: Vec<AssetKey>,
}

impl Lacking {
    /// Whether nothing is lacking.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty() && self.assets.is_empty()
    }
}

impl Elsewhere {
    pub(super) fn new(compared: Arc<Compared>) -> Self {
        Self { compared, noted: Mutex::default() }
    }

    /// Whether anything is known of a partition.
    pub(super) fn has(&self, partition: Option<&PartitionKey>) -> bool {
        self.compared.knows(partition)
    }

    pub(super) fn note(&self, partition: &Option<PartitionKey>) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if !noted.partitions.contains(partition) {
            noted.partitions.insert(partition.clone());
        }
    }

    pub(super) fn note_all(&self) {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).all = true;
    }

    pub(super) fn take_noted(&self, asset: &AssetKey, lacking: &mut Lacking) {
        let noted = std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner));
        if noted.all {
            lacking.assets.push(asset.clone());
            return;
        }
        let partitions = noted.partitions.into_iter();
        lacking.partitions.extend(partitions.map(|partition| AssetPartition::new(asset.clone(), partition)));
    }
}
