//! A stand-in while the real one is being written.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::AssetKey;
use millwork_core::event::Event;
use millwork_core::run::{RunId, RunStatus};

use crate::home::Processes;
use crate::*;

/// A stand-in.
#[derive(Debug)]
pub struct SqliteStore(MemoryStore);

impl SqliteStore {
    /// Opens.
    pub async fn open(_path: &Path) -> Result<Self, StorageError> {
        Ok(Self(MemoryStore::new()))
    }
    pub(crate) async fn open_shared(path: &Path, _processes: Arc<Processes>) -> Result<Self, StorageError> {
        Self::open(path).await
    }
}

#[async_trait]
impl EventLog for SqliteStore {
    async fn append(&self, batch: Batch) -> Result<Vec<u64>, StorageError> { self.0.append(batch).await }
    async fn events(&self, query: EventQuery) -> Result<Vec<Event>, StorageError> { self.0.events(query).await }
    async fn latest(&self, assets: &[AssetKey]) -> Result<Vec<LatestAsset>, StorageError> { self.0.latest(assets).await }
    async fn value(&self, sequence: u64) -> Result<Option<Vec<u8>>, StorageError> { self.0.value(sequence).await }
}
#[async_trait]
impl RunStore for SqliteStore {
    async fn create_run(&self, run: NewRun) -> Result<(), StorageError> { self.0.create_run(run).await }
    async fn claim(&self, claim: Claim) -> Result<Fence, StorageError> { self.0.claim(claim).await }
    async fn renew(&self, fence: Fence, until: Timestamp) -> Result<(), StorageError> { self.0.renew(fence, until).await }
    async fn request_cancel(&self, run: RunId, now: Timestamp) -> Result<RunStatus, StorageError> { self.0.request_cancel(run, now).await }
    async fn mark_lost(&self, fence: Fence, reason: &str, now: Timestamp) -> Result<bool, StorageError> { self.0.mark_lost(fence, reason, now).await }
    async fn run(&self, id: RunId) -> Result<Option<RunRecord>, StorageError> { self.0.run(id).await }
    async fn runs(&self, query: RunQuery) -> Result<Vec<RunRecord>, StorageError> { self.0.runs(query).await }
}
#[async_trait]
impl PoolSlots for SqliteStore {
    async fn take_slot(&self, pool: &str, slots: u32, holder: &Holder, now: Timestamp, until: Timestamp) -> Result<Option<SlotId>, StorageError> { self.0.take_slot(pool, slots, holder, now, until).await }
    async fn renew_slots(&self, holder: &Holder, until: Timestamp) -> Result<(), StorageError> { self.0.renew_slots(holder, until).await }
    async fn give_slot_back(&self, slot: SlotId) -> Result<(), StorageError> { self.0.give_slot_back(slot).await }
    async fn free_slots(&self, holder: &Holder) -> Result<(), StorageError> { self.0.free_slots(holder).await }
}
