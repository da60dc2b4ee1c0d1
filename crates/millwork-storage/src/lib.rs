//! The event log, runs and leases of a Millwork home.
//!
//! Twelve small traits are the contract of a backend: [`EventLog`], [`RunStore`], [`PoolSlots`], [`InstigatorStore`], [`AutomationStore`],
//! [`AlertStore`], [`PendingStore`], [`BackfillStore`], [`StatusStore`], [`RetentionStore`], [`VersionStore`], [`RenameStore`] and [`Maintenance`]; a [`Store`] is all of them. [`SqliteStore`] is the default,
//! [`MemoryStore`] is for tests, and one conformance suite holds for both. Other crates have a `dyn Store`, from a [`Home`] or from
//! [`connect`], and name no backend.
//!
//! # What every store promises
//!
//! **A change is whole, and it lasts.** When a method that changes something returns, all of it is durable; when it fails, none of it is
//! there. A [`Batch`] of events and a [`Commit`] of an evaluation are single changes, however much they hold.
//!
//! **The log only grows at its end.** Sequence numbers become visible in their order: a reader that has come to a number and goes on behind
//! it misses no event. There may be gaps, since retention forgets; no number is used again.
//!
//! **Projections are never late.** A run's status and the latest events of an asset change in the commit of the events that they follow
//! from. A reader sees both or neither.
//!
//! **A refusal concerns one caller.** Callers that write at the same time may share a commit, and don't notice: one that isn't allowed
//! to do what it asks ([`StorageError::Fenced`], [`StorageError::AlreadySucceeded`], [`StorageError::DuplicateRun`] and others) is
//! refused, and the others aren't. [`StorageError::Database`] is no refusal, but a failure of the store itself.
//!
//! **A run has one writer.** [`RunStore::claim`] raises the run's *epoch* by one and returns it as a [`Fence`]. Appends carry the fence and
//! are compared with the epoch in their own commit, so that a process that was taken for dead, and wasn't, writes nothing into a run
//! that another process has claimed since. Leases, and the locks of a [`Home`], decide whether a process is dead; where they are wrong,
//! the fence keeps the log right.
//!
//! **What can't be read costs only itself.** A row that is damaged, or of a later version, is passed and shown as such; see
//! [`Maintenance::check`].
//!
//! A store decides nothing about steps, schedules or alerts: it keeps order, fences and projections.

mod alert_store;
mod asset_status;
mod automation_past;
mod automation_store;
mod automation_ticks;
mod backfill_store;
mod backfills;
mod error;
mod event_log;
mod follow;
mod history;
mod home;
mod instigator_store;
mod key_moment;
mod lineage;
mod live;
mod maintenance;
mod memory;
mod micros;
mod models;
mod partition_renames;
mod pending_store;
mod pool_slots;
mod rename_store;
mod retention_store;
mod run_projection;
mod run_store;
mod shadow_calls;
mod sqlite;
mod status_store;
mod statuses;
mod store_url;
mod version_store;
mod waiting;

pub use alert_store::{AlertStore, AttemptOutcome, Delivery, DeliveryState, NewDelivery};
pub use asset_status::{each_latest, failures, last_events};
pub use automation_past::{earlier_numbers, made_at_of_moved, recorded_changes};
pub use automation_store::{AutomationRow, AutomationStore};
pub use automation_ticks::ticks_and_moves;
pub use backfill_store::{
    BackfillChange, BackfillQuery, BackfillRecord, BackfillStore, NewBackfill, StoredBackfill,
};
pub use backfills::{
    BackfillFailure, BackfillOperationError, backfill_failures, keys_of_backfills, operate_backfill,
    overlapping_backfills, plan_backfill, typical_durations,
};
pub use error::{StorageError, Unwritable};
pub use event_log::{Batch, EventLog, EventQuery, LatestAsset, LatestOrder, Order};
pub use follow::{Followed, follow};
pub use history::{HistoryQuery, history};
pub use home::{Announced, Holder, Home, Liveness};
pub use instigator_store::{Commit, InstigatorState, InstigatorStore, Tick, TickOutcome};
pub use key_moment::{change_partitions, dynamic_texts, key_moment, key_moment_before, moment_of_run};
pub use lineage::{Direction, LineageLimits, LineageNode, LineageRest, lineage};
pub use live::{FoundPerformance, live_performances};
pub use maintenance::{Finding, Maintenance, StoreCounts, StoreInfo, Table};
pub use memory::MemoryStore;
pub use models::{
    ModelAction, ModelError, Seen, act_on_model, change_model, find_version, is_version, made_with,
    model_history, repairing_run, version_life,
};
pub use partition_renames::remap_partitions;
pub use pending_store::{
    LONGEST_PAUSE, NewPending, Pending, PendingAttempt, PendingOutcome, PendingState, PendingStore,
    PendingWork,
};
pub use pool_slots::{HeldSlots, PoolShare, PoolSlots, SlotId, TakeSlots};
pub use rename_store::RenameStore;
pub use retention_store::{Forgotten, RetentionStore};
pub use run_store::{Claim, Fence, Lease, NewRun, RunQuery, RunRecord, RunStore};
pub use shadow_calls::{ShadowCalls, shadow_calls};
pub use sqlite::SqliteStore;
pub use status_store::{KeepStatuses, KeptStatuses, StatusStore};
pub use statuses::CurrentStatuses;
pub use store_url::{StoreKind, connect};
pub use version_store::{Alias, VersionStore, append_version, input_event, next_version};
pub use waiting::{queued_runs, shown_states, waiting_runs};

/// A backend of the store.
pub trait Store:
    EventLog
    + RunStore
    + PoolSlots
    + InstigatorStore
    + AutomationStore
    + AlertStore
    + PendingStore
    + BackfillStore
    + StatusStore
    + RetentionStore
    + VersionStore
    + RenameStore
    + Maintenance
{
}

impl<T> Store for T where
    T: EventLog
        + RunStore
        + PoolSlots
        + InstigatorStore
        + AutomationStore
        + AlertStore
        + PendingStore
        + BackfillStore
        + StatusStore
        + RetentionStore
        + VersionStore
        + RenameStore
        + Maintenance
{
}
