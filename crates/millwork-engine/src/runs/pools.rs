//! Slots of concurrency pools for the steps of one run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use millwork_core::{Clock, Pipeline};
use millwork_storage::{Holder, SlotId, StorageError, Store};

use super::lease::LEASE;

/// The steps of a run that wait for a slot, by pool.
#[derive(Debug, Default)]
pub(crate) struct WaitingForSlot {
    by_pool: BTreeMap<String, VecDeque<usize>>,
}

impl WaitingForSlot {
    pub(crate) fn push(&mut self, pool: &str, position: usize) {
        self.by_pool.entry(pool.to_owned()).or_default().push_back(position);
    }

    pub(crate) fn push_front(&mut self, pool: &str, position: usize) {
        self.by_pool.entry(pool.to_owned()).or_default().push_front(position);
    }

    /// Whether any step waits for a slot of this pool.
    pub(crate) fn is_awaited(&self, pool: &str) -> bool {
        self.by_pool.get(pool).is_some_and(|waiting| !waiting.is_empty())
    }

    pub(crate) fn pop(&mut self, pool: &str) -> Option<usize> {
        self.by_pool.get_mut(pool)?.pop_front()
    }

    pub(crate) fn pools(&self) -> Vec<String> {
        self.by_pool.iter().filter(|(_, waiting)| !waiting.is_empty()).map(|(pool, _)| pool.clone()).collect()
    }

    /// Takes out everything that waits.
    pub(crate) fn drain(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.by_pool).into_values().flatten().collect()
    }
}

/// Takes slots of the home's pools.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) holder: Holder,
}

impl Pools {
    pub(crate) async fn take(&self, pipeline: &Pipeline, pool: &str) -> Result<Option<SlotId>, StorageError> {
        let now = self.clock.now();
        self.store.take_slot(pool, pipeline.pool_slots(pool), &self.holder, now, now + LEASE).await
    }

    pub(crate) async fn give_back(&self, slot: SlotId) -> Result<(), StorageError> {
        self.store.give_slot_back(slot).await
    }
}
