//! The store itself: a state behind a lock, and the traits, which read or change it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, NewEvent};
use millwork_core::id::BackfillId;
use millwork_core::retention::{KeptValues, Retention};
use millwork_core::run::{RunId, RunStatus};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, Instigator, SwitchedCursor};

use super::state::{Pointed, Run, Slots, State};
use crate::micros::stored;
use crate::retention_store::LATELY;
use crate::version_store::{kept_versions, undecided_versions};
use crate::{
    AlertStore, Alias, AttemptOutcome, AutomationRow, AutomationStore, BackfillChange, BackfillQuery,
    BackfillRecord, BackfillStore, Batch, Claim, Commit, Delivery, DeliveryState, EventLog, EventQuery,
    Fence, Finding, Forgotten, HeldSlots, Holder, InstigatorState, InstigatorStore, KeepStatuses,
    KeptStatuses, LatestAsset, LatestOrder, Maintenance, NewBackfill, NewRun, Order, Pending, PendingState,
    PendingStore, PoolSlots, RenameStore, RetentionStore, RunQuery, RunRecord, RunStore, SlotId, StatusStore,
    StorageError, StoreCounts, StoreInfo, StoredBackfill, TakeSlots, Tick, Unwritable, VersionStore,
};

/// A store in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<State>);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state, unless the store is closed.
    fn state(&self) -> Result<MutexGuard<'_, State>, StorageError> {
        let state = self.locked();
        let closed = || StorageError::Database {
            action: "look up or change something",
            hint: None,
            source: "the store is closed".into(),
        };
        if state.is_closed { Err(closed()) } else { Ok(state) }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        // Every change is checked before it is made, so a panic elsewhere leaves nothing half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventLog for MemoryStore {
    async fn append(&self, batch: Batch) -> Result<Vec<u64>, StorageError> {
        self.state()?.append(batch)
    }

    async fn events(&self, query: EventQuery) -> Result<Vec<Event>, StorageError> {
        let state = self.state()?;
        let mut found: Vec<&Event> = state.events.iter().map(|stored| &stored.event).collect();
        found.retain(|event| is_event_of(&query, event));
        if query.order == Order::NewestFirst {
            found.reverse();
        }
        let limit = query.limit.map_or(usize::MAX, |limit| limit as usize);
        Ok(found.into_iter().take(limit).cloned().collect())
    }

    async fn latest(&self, assets: &[AssetKey]) -> Result<Vec<LatestAsset>, StorageError> {
        let mut latest = self.state()?.latest();
        latest.retain(|latest| assets.contains(&latest.asset));
        Ok(latest)
    }

    async fn latest_of(&self, partitions: &[AssetPartition]) -> Result<Vec<LatestAsset>, StorageError> {
        let mut latest = self.state()?.latest();
        latest.retain(|latest| {
            let is_wanted =
                |of: &AssetPartition| of.asset == latest.asset && of.partition == latest.partition;
            partitions.iter().any(is_wanted)
        });
        Ok(latest)
    }

    async fn latest_of_few(&self, assets: &[AssetKey], most: u32) -> Result<Vec<LatestAsset>, StorageError> {
        let mut counts: BTreeMap<AssetKey, u32> = BTreeMap::new();
        let mut latest = self.latest(assets).await?;
        latest.retain(|latest| {
            let count = counts.entry(latest.asset.clone()).or_default();
            *count += 1;
            *count <= most
        });
        Ok(latest)
    }

    async fn latest_page(
        &self,
        asset: &AssetKey,
        order: LatestOrder,
        skip: u64,
        most: u32,
    ) -> Result<Vec<LatestAsset>, StorageError> {
        let mut latest = self.latest(std::slice::from_ref(asset)).await?;
        if order == LatestOrder::NewestFirst {
            latest.sort_by_key(|latest| std::cmp::Reverse(latest.verdict.sequence));
        }
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Ok(latest.into_iter().skip(skip).take(most as usize).collect())
    }

    async fn value(&self, sequence: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let state = self.state()?;
        let found = state.events.iter().find(|stored| stored.event.sequence == sequence);
        Ok(found.and_then(|stored| stored.value.as_deref().cloned()))
    }
}

#[async_trait]
impl RunStore for MemoryStore {
    async fn create_run(&self, run: NewRun) -> Result<(), StorageError> {
        self.state()?.create(run)
    }

    async fn claim(&self, claim: Claim) -> Result<Fence, StorageError> {
        let claim = Claim { now: stored(claim.now), until: stored(claim.until), ..claim };
        let mut state = self.state()?;
        let started = state.run(claim.run)?.projection.claim(&claim)?;
        state.append_of_run(claim.run, claim.now, started)?;
        Ok(Fence { run: claim.run, epoch: state.run(claim.run)?.projection.epoch })
    }

    async fn renew(&self, fence: Fence, until: Timestamp) -> Result<(), StorageError> {
        let mut state = self.state()?;
        let run = state.run(fence.run)?;
        run.projection.check(fence)?;
        run.projection.leased_until = Some(stored(until));
        Ok(())
    }

    async fn request_cancel(&self, run: RunId, now: Timestamp) -> Result<RunStatus, StorageError> {
        let mut state = self.state()?;
        if let Some(event) = state.run(run)?.projection.cancel() {
            state.append_of_run(run, now, event)?;
        }
        Ok(state.run(run)?.projection.status)
    }

    async fn end_run(&self, fence: Fence, end: EventBody, now: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        if !state.run(fence.run)?.projection.can_end(fence) {
            return Ok(false);
        }
        state.append_of_run(fence.run, now, end)?;
        Ok(true)
    }

    async fn retry_run(&self, fence: Fence, delay: Duration, now: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        let Some(retrying) = state.run(fence.run)?.projection.retry(fence.epoch, delay) else {
            return Ok(false);
        };
        state.append_of_run(fence.run, now, retrying)?;
        Ok(true)
    }

    async fn run(&self, id: RunId) -> Result<Option<RunRecord>, StorageError> {
        Ok(self.state()?.run(id).ok().map(|run| run.record()))
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<RunRecord>, StorageError> {
        let state = self.state()?;
        let older = match query.before {
            Some(before) => state.runs.iter().position(|run| run.id == before).unwrap_or(0),
            None => state.runs.len(),
        };
        let limit = query.limit.map_or(usize::MAX, |limit| limit as usize);
        let found = state.runs[..older].iter().rev().filter(|run| is_run_of(&query, run));
        Ok(found.take(limit).map(Run::record).collect())
    }
}

#[async_trait]
impl PoolSlots for MemoryStore {
    async fn take_slots(&self, take: TakeSlots) -> Result<Option<Vec<SlotId>>, StorageError> {
        let mut state = self.state()?;
        state.slots.retain(|slots| slots.held.until > take.now);
        for share in &take.of {
            let held = state.slots.iter().filter(|slots| slots.held.pool == share.pool);
            if held.map(|slots| slots.held.slots).sum::<u32>() + share.slots > share.of {
                return Ok(None);
            }
        }
        let mut ids = Vec::new();
        for share in take.of {
            state.last_slot += 1;
            let id = SlotId(state.last_slot);
            let (holder, until) = (take.holder.clone(), stored(take.until));
            let held = HeldSlots { pool: share.pool, slots: share.slots, holder, until };
            state.slots.push(Slots { id, held });
            ids.push(id);
        }
        Ok(Some(ids))
    }

    async fn renew_slots(&self, holder: &Holder, until: Timestamp) -> Result<(), StorageError> {
        let mut state = self.state()?;
        let held = state.slots.iter_mut().map(|slots| &mut slots.held);
        held.filter(|held| held.holder == *holder).for_each(|held| held.until = stored(until));
        Ok(())
    }

    async fn give_slots_back(&self, slots: &[SlotId]) -> Result<(), StorageError> {
        self.state()?.slots.retain(|held| !slots.contains(&held.id));
        Ok(())
    }

    async fn free_slots(&self, holder: &Holder) -> Result<(), StorageError> {
        self.state()?.slots.retain(|slots| slots.held.holder != *holder);
        Ok(())
    }

    async fn held_slots(&self) -> Result<Vec<HeldSlots>, StorageError> {
        let mut held: Vec<HeldSlots> = self.state()?.slots.iter().map(|slots| slots.held.clone()).collect();
        held.sort_by(|left, right| left.pool.cmp(&right.pool));
        Ok(held)
    }
}

#[async_trait]
impl InstigatorStore for MemoryStore {
    async fn states(&self) -> Result<BTreeMap<Instigator, InstigatorState>, StorageError> {
        Ok(self.state()?.instigators.clone())
    }

    async fn state(&self, instigator: &Instigator) -> Result<InstigatorState, StorageError> {
        Ok(self.state()?.instigators.get(instigator).cloned().unwrap_or_default())
    }

    async fn switch(
        &self,
        instigator: &Instigator,
        on: Option<bool>,
        cursor: SwitchedCursor,
    ) -> Result<(), StorageError> {
        let mut state = self.state()?;
        let known = state.instigators.entry(instigator.clone()).or_default();
        if known.on != on && cursor == SwitchedCursor::Cleared {
            known.cursor = None;
        }
        known.on = on;
        Ok(())
    }

    async fn commit(&self, commit: Commit) -> Result<bool, StorageError> {
        self.state()?.commit(commit)
    }

    async fn ticks(&self, of: &[Instigator], limit: u32) -> Result<Vec<Tick>, StorageError> {
        let state = self.state()?;
        let ticks = state.ticks.iter().rev().map(|(_, tick)| tick);
        let is_wanted = |tick: &&Tick| of.is_empty() || of.contains(&tick.instigator);
        Ok(ticks.filter(is_wanted).take(limit as usize).cloned().collect())
    }

    async fn ticks_behind(&self, behind: u64, limit: u32) -> Result<Vec<(u64, Tick)>, StorageError> {
        let state = self.state()?;
        let later = state.ticks.iter().filter(|(number, _)| *number > behind);
        Ok(later.take(limit as usize).cloned().collect())
    }

    async fn newest_tick(&self) -> Result<u64, StorageError> {
        Ok(self.state()?.last_tick)
    }
}

#[async_trait]
impl BackfillStore for MemoryStore {
    async fn create_backfill(&self, backfill: NewBackfill) -> Result<BackfillId, StorageError> {
        Ok(self.state()?.create_backfill(backfill))
    }

    async fn backfills(&self, query: BackfillQuery) -> Result<Vec<BackfillRecord>, StorageError> {
        let state = self.state()?;
        let is_wanted = |record: &&BackfillRecord| {
            query.before.is_none_or(|before| record.id < before)
                && !(query.open_only && record.status.is_ended())
        };
        let records = state.backfills.iter().rev().map(|stored| &stored.record).filter(is_wanted);
        Ok(records.take(query.limit.map_or(usize::MAX, |limit| limit as usize)).cloned().collect())
    }

    async fn backfill(&self, id: BackfillId) -> Result<Option<StoredBackfill>, StorageError> {
        Ok(self.state()?.backfills.iter().find(|stored| stored.record.id == id).cloned())
    }

    async fn change_backfill(&self, change: BackfillChange) -> Result<bool, StorageError> {
        self.state()?.change_backfill(change)
    }
}

#[async_trait]
impl StatusStore for MemoryStore {
    async fn statuses(&self) -> Result<Option<KeptStatuses>, StorageError> {
        Ok(self.state()?.statuses.clone())
    }

    async fn keep_statuses(&self, keep: KeepStatuses) -> Result<bool, StorageError> {
        let KeepStatuses { statuses, are_all } = keep;
        let mut state = self.state()?;
        let before = state.statuses.as_ref();
        let is_later = before.is_none_or(|before| before.until <= statuses.until);
        let goes_on = before.is_some_and(|before| before.writer == statuses.writer);
        if !is_later || !are_all && !goes_on {
            return Ok(false);
        }
        let mut assets: BTreeMap<AssetKey, String> = if are_all {
            BTreeMap::new()
        } else {
            before.map(|before| before.assets.iter().cloned().collect()).unwrap_or_default()
        };
        assets.extend(statuses.assets.iter().cloned());
        state.statuses = Some(KeptStatuses { assets: assets.into_iter().collect(), ..statuses });
        Ok(true)
    }
}

#[async_trait]
impl PendingStore for MemoryStore {
    async fn pending(&self, of: &[Instigator], limit: u32) -> Result<Vec<Pending>, StorageError> {
        let state = self.state()?;
        let is_wanted = |pending: &&Pending| of.is_empty() || of.contains(&pending.instigator);
        Ok(state.pending.iter().filter(is_wanted).take(limit as usize).cloned().collect())
    }

    async fn due_pending(
        &self,
        of: &[Instigator],
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Pending>, StorageError> {
        let state = self.state()?;
        let due =
            state.pending.iter().filter(|pending| of.contains(&pending.instigator) && pending.is_due(now));
        Ok(due.take(limit as usize).cloned().collect())
    }

    async fn retry_pending(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        let found = state.pending.iter_mut().find(|pending| pending.id == id);
        Ok(found
            .map(|pending| {
                (pending.state, pending.attempts) = (PendingState::Waiting, 0);
                pending.next_at = stored(now);
            })
            .is_some())
    }

    async fn drop_pending(&self, id: u64) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        let before = state.pending.len();
        state.pending.retain(|pending| pending.id != id);
        Ok(state.pending.len() < before)
    }
}

#[async_trait]
impl AutomationStore for MemoryStore {
    async fn automation_rows(&self, asset: Option<&AssetKey>) -> Result<Vec<AutomationRow>, StorageError> {
        let state = self.state()?;
        let wanted = state.automation.iter().filter(|(key, _)| asset.is_none_or(|asset| asset == *key));
        let row = |(asset, state): (&AssetKey, &String)| AutomationRow {
            asset: asset.clone(),
            state: Some(state.clone()),
        };
        Ok(wanted.map(row).collect())
    }
}

#[async_trait]
impl AlertStore for MemoryStore {
    async fn pending_deliveries(&self, each: u32) -> Result<Vec<Delivery>, StorageError> {
        let state = self.state()?;
        let pending = state.deliveries.iter().filter(|delivery| delivery.state == DeliveryState::Pending);
        let mut next: Vec<&Delivery> = pending.collect();
        next.sort_by_key(|delivery| (delivery.next_at, delivery.id));
        let mut places = BTreeMap::<&str, u32>::new();
        next.retain(|delivery| {
            let place = places.entry(&delivery.destination).or_default();
            *place += 1;
            *place <= each
        });
        next.sort_by_key(|delivery| delivery.id);
        Ok(next.into_iter().cloned().collect())
    }

    async fn begin_delivery(&self, id: u64, attempts: u32, until: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        let is_meant = |delivery: &&mut Delivery| {
            (delivery.id, delivery.attempts, delivery.state) == (id, attempts, DeliveryState::Pending)
        };
        let found = state.deliveries.iter_mut().find(is_meant);
        Ok(found
            .map(|delivery| (delivery.attempts, delivery.next_at) = (attempts + 1, stored(until)))
            .is_some())
    }

    async fn end_delivery(
        &self,
        id: u64,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let (mut state, now) = (self.state()?, stored(now));
        let is_meant = |delivery: &&mut Delivery| {
            let has_arrived = outcome == AttemptOutcome::Delivered;
            delivery.id == id && (delivery.state == DeliveryState::Pending || has_arrived)
        };
        if let Some(delivery) = state.deliveries.iter_mut().find(is_meant) {
            let (destination, mut held_until) = (delivery.destination.clone(), None);
            let (next, next_at, error, finished_at) = match outcome {
                AttemptOutcome::Delivered => (DeliveryState::Delivered, now, None, Some(now)),
                AttemptOutcome::Retry { at, error } => {
                    (DeliveryState::Pending, stored(at), Some(error), None)
                }
                AttemptOutcome::Hold { until, error } => {
                    held_until = Some(stored(until));
                    (DeliveryState::Pending, stored(until), Some(error), None)
                }
                AttemptOutcome::Dead { error } => (DeliveryState::Dead, now, Some(error), Some(now)),
            };
            (delivery.state, delivery.next_at) = (next, next_at);
            (delivery.error, delivery.finished_at) = (error, finished_at);
            let pending = state.deliveries.iter_mut().filter(|one| one.state == DeliveryState::Pending);
            for waiting in pending.filter(|one| one.destination == destination) {
                waiting.next_at = held_until.map_or(waiting.next_at, |until| waiting.next_at.max(until));
            }
        }
        Ok(())
    }

    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        let all = self.state()?;
        let wanted =
            all.deliveries.iter().rev().filter(|found| state.is_none_or(|state| found.state == state));
        Ok(wanted.take(limit as usize).cloned().collect())
    }

    async fn retry_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        let is_meant =
            |delivery: &&mut Delivery| delivery.id == id && delivery.state != DeliveryState::Delivered;
        let found = state.deliveries.iter_mut().find(is_meant);
        Ok(found
            .map(|delivery| {
                (delivery.state, delivery.attempts) = (DeliveryState::Pending, 0);
                (delivery.next_at, delivery.finished_at) = (stored(now), None);
            })
            .is_some())
    }

    async fn drop_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        let is_meant = |delivery: &&mut Delivery| {
            delivery.id == id && matches!(delivery.state, DeliveryState::Pending | DeliveryState::Dead)
        };
        let found = state.deliveries.iter_mut().find(is_meant);
        let dropped = (DeliveryState::Dropped, Some(stored(now)));
        Ok(found.map(|delivery| (delivery.state, delivery.finished_at) = dropped).is_some())
    }
}

#[async_trait]
impl RetentionStore for MemoryStore {
    async fn forget(&self, rules: &Retention, now: Timestamp) -> Result<Forgotten, StorageError> {
        Ok(self.state()?.forget(rules, now))
    }

    async fn old_values(
        &self,
        kept: KeptValues,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Event>, StorageError> {
        let pointed = self.state()?.pointed(stored(Retention::before(now, LATELY)));
        let protected = kept_versions(self, &pointed).await?;
        let before = stored(Retention::before(now, kept.younger));
        let undecided = undecided_versions(self).await?;
        let mut old = self.state()?.old_values(kept, before, &protected, &undecided);
        old.truncate(limit as usize);
        Ok(old)
    }

    async fn forget_values(&self, sequences: &[u64]) -> Result<(), StorageError> {
        self.state()?.forget_values(sequences);
        Ok(())
    }
}

#[async_trait]
impl VersionStore for MemoryStore {
    async fn last_versions(
        &self,
        assets: &[AssetKey],
    ) -> Result<Vec<(AssetPartition, VersionNumber)>, StorageError> {
        let state = self.state()?;
        let versions = state.versions.keys().filter(|(of, _)| assets.contains(&of.asset)).cloned();
        // In the order of their numbers, so that the last one stays.
        Ok(versions.collect::<BTreeMap<_, _>>().into_iter().collect())
    }

    async fn version(
        &self,
        asset: &AssetPartition,
        version: VersionNumber,
    ) -> Result<Option<Event>, StorageError> {
        let state = self.state()?;
        let Some(sequence) = state.versions.get(&(asset.clone(), version)) else { return Ok(None) };
        let found = state.events.iter().find(|stored| stored.event.sequence == *sequence);
        Ok(found.map(|stored| stored.event.clone()))
    }

    async fn versions(&self, wanted: &[(AssetPartition, VersionNumber)]) -> Result<Vec<Event>, StorageError> {
        let state = self.state()?;
        let sequences: BTreeSet<u64> =
            wanted.iter().filter_map(|version| state.versions.get(version).copied()).collect();
        let found = state.events.iter().filter(|stored| sequences.contains(&stored.event.sequence));
        Ok(found.map(|stored| stored.event.clone()).collect())
    }

    async fn aliases(&self, assets: &[AssetKey]) -> Result<Vec<Alias>, StorageError> {
        let state = self.state()?;
        let is_wanted =
            |(of, _): &&(AssetPartition, AliasName)| assets.is_empty() || assets.contains(&of.asset);
        let wanted = state.aliases.keys().filter(is_wanted);
        let alias = |(asset, alias): &(AssetPartition, AliasName)| {
            let Pointed { version, data_version, moved, .. } = state.current(asset, alias)?.clone();
            Some(Alias { asset: asset.clone(), alias: alias.clone(), version, data_version, moved })
        };
        Ok(wanted.filter_map(alias).collect())
    }

    async fn removed_values(&self, sequences: &[u64]) -> Result<Vec<u64>, StorageError> {
        let state = self.state()?;
        let removed = state.events.iter().filter(|stored| stored.value_is_forgotten);
        let removed = removed.map(|stored| stored.event.sequence);
        Ok(removed.filter(|sequence| sequences.contains(sequence)).collect())
    }
}

#[async_trait]
impl RenameStore for MemoryStore {
    async fn rename(&self, renamed: NewEvent) -> Result<Option<u64>, StorageError> {
        self.state()?.rename(renamed)
    }

    async fn known_assets(&self, assets: &[AssetKey]) -> Result<Vec<AssetKey>, StorageError> {
        let state = self.state()?;
        Ok(assets.iter().filter(|asset| state.knows(asset)).cloned().collect())
    }
}

#[async_trait]
impl Maintenance for MemoryStore {
    fn unwritable(&self) -> Option<Unwritable> {
        None
    }

    fn counts(&self) -> StoreCounts {
        StoreCounts::default()
    }

    async fn info(&self) -> Result<StoreInfo, StorageError> {
        Ok(self.state()?.info())
    }

    async fn compact(&self) -> Result<u64, StorageError> {
        self.state().map(|_| 0)
    }

    /// Data in memory was never encoded, so it can't be damaged.
    async fn check(&self) -> Result<Vec<Finding>, StorageError> {
        self.state().map(|_| Vec::new())
    }

    async fn repair(&self, _now: Timestamp) -> Result<Vec<Finding>, StorageError> {
        self.check().await
    }

    async fn close(&self) {
        self.locked().is_closed = true;
    }
}

/// Whether an event fulfils all conditions of a query.
fn is_event_of(query: &EventQuery, event: &Event) -> bool {
    query.run.is_none_or(|run| event.run == Some(run))
        && query.not_run.is_none_or(|run| event.run != Some(run))
        && query.step.as_ref().is_none_or(|step| event.step.as_ref() == Some(step))
        && query.asset.as_ref().is_none_or(|asset| event.asset.as_ref() == Some(asset))
        && query.partition.as_ref().is_none_or(|partition| event.partition == *partition)
        && query.kinds.is_none_or(|kinds| event.body.is_one_of(kinds))
        && query.after.is_none_or(|sequence| event.sequence > sequence)
        && query.before.is_none_or(|sequence| event.sequence < sequence)
}

/// Whether a run fulfils all conditions of a query but `before`.
fn is_run_of(query: &RunQuery, run: &Run) -> bool {
    let text = run.id.to_string().replace('-', "");
    let of_part = |part: &String| {
        let part = part.replace('-', "").to_lowercase();
        !part.is_empty() && (text.starts_with(&part) || text.ends_with(&part))
    };
    let of_tag = |(key, value): &(String, String)| run.request.tags.get(key) == Some(value);
    (query.statuses.is_empty() || query.statuses.contains(&run.projection.status))
        && query.tag.as_ref().is_none_or(of_tag)
        && !query.without_tag.as_ref().is_some_and(of_tag)
        && query.finished_since.is_none_or(|since| run.projection.finished_at.is_some_and(|at| at >= since))
        && query.id_part.as_ref().is_none_or(of_part)
}
