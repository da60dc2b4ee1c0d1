//! A store that fails on demand.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, NewEvent};
use millwork_core::id::BackfillId;
use millwork_core::retention::{KeptValues, Retention};
use millwork_core::run::{RunId, RunStatus};
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, AssetPartition, Instigator, SwitchedCursor};
use millwork_storage::{
    AlertStore, Alias, AttemptOutcome, AutomationRow, AutomationStore, BackfillChange, BackfillQuery,
    BackfillRecord, BackfillStore, Batch, Claim, Commit, Delivery, DeliveryState, EventLog, EventQuery,
    Fence, Finding, Forgotten, HeldSlots, Holder, InstigatorState, InstigatorStore, KeepStatuses,
    KeptStatuses, LatestAsset, LatestOrder, Maintenance, NewBackfill, NewRun, Pending, PendingStore,
    PoolSlots, RenameStore, RetentionStore, RunQuery, RunRecord, RunStore, SlotId, StatusStore, StorageError,
    Store, StoreCounts, StoreInfo, StoredBackfill, TakeSlots, Tick, Unwritable, VersionStore,
};
use tokio::sync::RwLock;

/// The operation that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Append,
    Latest,
    TakeSlot,
    GiveSlotBack,
}

/// A store that fails on demand.
#[derive(Debug)]
pub(crate) struct Faulty {
    inner: Arc<dyn Store>,
    fault: Mutex<Option<Fault>>,
    /// The number of events that are appended before appending fails.
    events_left: AtomicUsize,
    pub(crate) most_slots: AtomicUsize,
    slots: AtomicUsize,
    /// Appending waits while a test holds this lock.
    pub(crate) slow: RwLock<()>,
}

impl Faulty {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            fault: Mutex::default(),
            events_left: AtomicUsize::new(usize::MAX),
            most_slots: AtomicUsize::new(0),
            slots: AtomicUsize::new(0),
            slow: RwLock::default(),
        })
    }

    pub(crate) fn fail(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
    }

    pub(crate) fn fail_after(&self, events: usize) {
        self.events_left.store(events, Ordering::SeqCst);
    }

    pub(crate) fn slots_held(&self) -> usize {
        self.slots.load(Ordering::SeqCst)
    }

    fn check(&self, fault: Fault) -> Result<(), StorageError> {
        if *self.fault.lock().unwrap() == Some(fault) { Err(broken()) } else { Ok(()) }
    }
}

fn broken() -> StorageError {
    StorageError::Database { action: "work", hint: None, source: "the disk is gone".into() }
}

#[async_trait]
impl EventLog for Faulty {
    async fn append(&self, batch: Batch) -> Result<Vec<u64>, StorageError> {
        let _fast = self.slow.read().await;
        self.check(Fault::Append)?;
        let left = self.events_left.load(Ordering::SeqCst);
        let rest = left.checked_sub(batch.events.len());
        self.events_left.store(rest.unwrap_or(0), Ordering::SeqCst);
        rest.ok_or_else(broken)?;
        self.inner.append(batch).await
    }

    async fn events(&self, query: EventQuery) -> Result<Vec<Event>, StorageError> {
        self.inner.events(query).await
    }

    async fn latest(&self, assets: &[AssetKey]) -> Result<Vec<LatestAsset>, StorageError> {
        self.check(Fault::Latest)?;
        self.inner.latest(assets).await
    }

    async fn latest_of(&self, partitions: &[AssetPartition]) -> Result<Vec<LatestAsset>, StorageError> {
        self.check(Fault::Latest)?;
        self.inner.latest_of(partitions).await
    }

    async fn latest_of_few(&self, assets: &[AssetKey], most: u32) -> Result<Vec<LatestAsset>, StorageError> {
        self.check(Fault::Latest)?;
        self.inner.latest_of_few(assets, most).await
    }

    async fn latest_page(
        &self,
        asset: &AssetKey,
        order: LatestOrder,
        skip: u64,
        most: u32,
    ) -> Result<Vec<LatestAsset>, StorageError> {
        self.check(Fault::Latest)?;
        self.inner.latest_page(asset, order, skip, most).await
    }

    async fn value(&self, sequence: u64) -> Result<Option<Vec<u8>>, StorageError> {
        self.inner.value(sequence).await
    }
}

#[async_trait]
impl RunStore for Faulty {
    async fn create_run(&self, run: NewRun) -> Result<(), StorageError> {
        self.inner.create_run(run).await
    }

    async fn claim(&self, claim: Claim) -> Result<Fence, StorageError> {
        self.inner.claim(claim).await
    }

    async fn renew(&self, fence: Fence, until: Timestamp) -> Result<(), StorageError> {
        self.inner.renew(fence, until).await
    }

    async fn request_cancel(&self, run: RunId, now: Timestamp) -> Result<RunStatus, StorageError> {
        self.inner.request_cancel(run, now).await
    }

    async fn end_run(&self, fence: Fence, end: EventBody, now: Timestamp) -> Result<bool, StorageError> {
        self.inner.end_run(fence, end, now).await
    }

    async fn retry_run(&self, fence: Fence, delay: Duration, now: Timestamp) -> Result<bool, StorageError> {
        self.inner.retry_run(fence, delay, now).await
    }

    async fn run(&self, id: RunId) -> Result<Option<RunRecord>, StorageError> {
        self.inner.run(id).await
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<RunRecord>, StorageError> {
        self.inner.runs(query).await
    }
}

#[async_trait]
impl PoolSlots for Faulty {
    async fn take_slots(&self, take: TakeSlots) -> Result<Option<Vec<SlotId>>, StorageError> {
        self.check(Fault::TakeSlot)?;
        let taken = self.inner.take_slots(take).await?;
        if taken.is_some() {
            let held = self.slots.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_slots.fetch_max(held, Ordering::SeqCst);
        }
        Ok(taken)
    }

    async fn renew_slots(&self, holder: &Holder, until: Timestamp) -> Result<(), StorageError> {
        self.inner.renew_slots(holder, until).await
    }

    async fn give_slots_back(&self, slots: &[SlotId]) -> Result<(), StorageError> {
        self.check(Fault::GiveSlotBack)?;
        self.slots.fetch_sub(slots.len(), Ordering::SeqCst);
        self.inner.give_slots_back(slots).await
    }

    async fn free_slots(&self, holder: &Holder) -> Result<(), StorageError> {
        self.inner.free_slots(holder).await
    }

    async fn held_slots(&self) -> Result<Vec<HeldSlots>, StorageError> {
        self.inner.held_slots().await
    }
}

#[async_trait]
impl InstigatorStore for Faulty {
    async fn states(&self) -> Result<BTreeMap<Instigator, InstigatorState>, StorageError> {
        self.inner.states().await
    }

    async fn state(&self, instigator: &Instigator) -> Result<InstigatorState, StorageError> {
        self.inner.state(instigator).await
    }

    async fn switch(
        &self,
        instigator: &Instigator,
        on: Option<bool>,
        cursor: SwitchedCursor,
    ) -> Result<(), StorageError> {
        self.inner.switch(instigator, on, cursor).await
    }

    async fn commit(&self, commit: Commit) -> Result<bool, StorageError> {
        self.inner.commit(commit).await
    }

    async fn ticks(&self, of: &[Instigator], limit: u32) -> Result<Vec<Tick>, StorageError> {
        self.inner.ticks(of, limit).await
    }

    async fn ticks_behind(&self, behind: u64, limit: u32) -> Result<Vec<(u64, Tick)>, StorageError> {
        self.inner.ticks_behind(behind, limit).await
    }

    async fn newest_tick(&self) -> Result<u64, StorageError> {
        self.inner.newest_tick().await
    }
}

#[async_trait]
impl PendingStore for Faulty {
    async fn pending(&self, of: &[Instigator], limit: u32) -> Result<Vec<Pending>, StorageError> {
        self.inner.pending(of, limit).await
    }

    async fn due_pending(
        &self,
        of: &[Instigator],
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Pending>, StorageError> {
        self.inner.due_pending(of, now, limit).await
    }

    async fn retry_pending(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        self.inner.retry_pending(id, now).await
    }

    async fn drop_pending(&self, id: u64) -> Result<bool, StorageError> {
        self.inner.drop_pending(id).await
    }
}

#[async_trait]
impl BackfillStore for Faulty {
    async fn create_backfill(&self, backfill: NewBackfill) -> Result<BackfillId, StorageError> {
        self.inner.create_backfill(backfill).await
    }

    async fn backfills(&self, query: BackfillQuery) -> Result<Vec<BackfillRecord>, StorageError> {
        self.inner.backfills(query).await
    }

    async fn backfill(&self, id: BackfillId) -> Result<Option<StoredBackfill>, StorageError> {
        self.inner.backfill(id).await
    }

    async fn change_backfill(&self, change: BackfillChange) -> Result<bool, StorageError> {
        self.inner.change_backfill(change).await
    }
}

#[async_trait]
impl StatusStore for Faulty {
    async fn statuses(&self) -> Result<Option<KeptStatuses>, StorageError> {
        self.inner.statuses().await
    }

    async fn keep_statuses(&self, statuses: KeepStatuses) -> Result<bool, StorageError> {
        self.inner.keep_statuses(statuses).await
    }
}

#[async_trait]
impl AutomationStore for Faulty {
    async fn automation_rows(&self, asset: Option<&AssetKey>) -> Result<Vec<AutomationRow>, StorageError> {
        self.inner.automation_rows(asset).await
    }
}

#[async_trait]
impl AlertStore for Faulty {
    async fn pending_deliveries(&self, each: u32) -> Result<Vec<Delivery>, StorageError> {
        self.inner.pending_deliveries(each).await
    }

    async fn begin_delivery(&self, id: u64, attempts: u32, until: Timestamp) -> Result<bool, StorageError> {
        self.inner.begin_delivery(id, attempts, until).await
    }

    async fn end_delivery(
        &self,
        id: u64,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.inner.end_delivery(id, outcome, now).await
    }

    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        self.inner.deliveries(state, limit).await
    }

    async fn retry_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        self.inner.retry_delivery(id, now).await
    }

    async fn drop_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        self.inner.drop_delivery(id, now).await
    }
}

#[async_trait]
impl RetentionStore for Faulty {
    async fn forget(&self, rules: &Retention, now: Timestamp) -> Result<Forgotten, StorageError> {
        self.inner.forget(rules, now).await
    }

    async fn old_values(
        &self,
        kept: KeptValues,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Event>, StorageError> {
        self.inner.old_values(kept, now, limit).await
    }

    async fn forget_values(&self, sequences: &[u64]) -> Result<(), StorageError> {
        self.inner.forget_values(sequences).await
    }
}

#[async_trait]
impl VersionStore for Faulty {
    async fn last_versions(
        &self,
        assets: &[AssetKey],
    ) -> Result<Vec<(AssetPartition, VersionNumber)>, StorageError> {
        self.inner.last_versions(assets).await
    }

    async fn version(
        &self,
        asset: &AssetPartition,
        version: VersionNumber,
    ) -> Result<Option<Event>, StorageError> {
        self.inner.version(asset, version).await
    }

    async fn versions(&self, wanted: &[(AssetPartition, VersionNumber)]) -> Result<Vec<Event>, StorageError> {
        self.inner.versions(wanted).await
    }

    async fn aliases(&self, assets: &[AssetKey]) -> Result<Vec<Alias>, StorageError> {
        self.inner.aliases(assets).await
    }

    async fn removed_values(&self, sequences: &[u64]) -> Result<Vec<u64>, StorageError> {
        self.inner.removed_values(sequences).await
    }
}

#[async_trait]
impl RenameStore for Faulty {
    async fn rename(&self, renamed: NewEvent) -> Result<Option<u64>, StorageError> {
        self.inner.rename(renamed).await
    }

    async fn known_assets(&self, assets: &[AssetKey]) -> Result<Vec<AssetKey>, StorageError> {
        self.inner.known_assets(assets).await
    }
}

#[async_trait]
impl Maintenance for Faulty {
    fn unwritable(&self) -> Option<Unwritable> {
        self.inner.unwritable()
    }

    fn counts(&self) -> StoreCounts {
        self.inner.counts()
    }

    async fn info(&self) -> Result<StoreInfo, StorageError> {
        self.inner.info().await
    }

    async fn compact(&self) -> Result<u64, StorageError> {
        self.inner.compact().await
    }

    async fn check(&self) -> Result<Vec<Finding>, StorageError> {
        self.inner.check().await
    }

    async fn repair(&self, now: Timestamp) -> Result<Vec<Finding>, StorageError> {
        self.inner.repair(now).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
