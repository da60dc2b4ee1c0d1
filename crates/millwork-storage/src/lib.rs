//! The event log, runs and leases of a Millwork home.
//!
//! Nine small traits say what a backend does: [`EventLog`], [`RunStore`], [`PoolSlots`], [`InstigatorStore`], [`AutomationStore`],
//! [`AlertStore`], [`PendingStore`], [`RetentionStore`] and [`Maintenance`]; a [`Store`] is all of them. [`SqliteStore`] is the default,
//! [`MemoryStore`] is for tests, and one conformance suite holds for both. Whoever works with a store has a `dyn Store`, from a [`Home`]
//! or from [`connect`], and names no backend.

mod alert_store;
mod asset_status;
mod automation_store;
mod error;
mod event_log;
mod follow;
mod home;
mod instigator_store;
mod maintenance;
mod memory;
mod micros;
mod pending_store;
mod pool_slots;
mod retention_store;
mod run_projection;
mod run_store;
mod sqlite;
mod store_url;
mod waiting;

pub use alert_store::{AlertStore, AttemptOutcome, Delivery, DeliveryState, NewDelivery};
pub use asset_status::{last_events, read_status};
pub use automation_store::{AutomationRow, AutomationStore};
pub use error::{StorageError, Unwritable};
pub use event_log::{Batch, EventLog, EventQuery, LatestAsset, Order};
pub use follow::{Followed, follow};
pub use home::{Announced, Holder, Home, Liveness};
pub use instigator_store::{Commit, InstigatorState, InstigatorStore, Tick, TickOutcome};
pub use maintenance::{Finding, Maintenance, StoreCounts, StoreInfo, Table};
pub use memory::MemoryStore;
pub use pending_store::{
    LONGEST_PAUSE, NewPending, Pending, PendingAttempt, PendingOutcome, PendingState, PendingStore,
    PendingWork,
};
pub use pool_slots::{HeldSlots, PoolShare, PoolSlots, SlotId, TakeSlots};
pub use retention_store::{Forgotten, RetentionStore};
pub use run_store::{Claim, Fence, Lease, NewRun, RunQuery, RunRecord, RunStore};
pub use sqlite::SqliteStore;
pub use store_url::connect;
pub use waiting::{queued_runs, waiting_runs};

/// A backend.
pub trait Store:
    EventLog
    + RunStore
    + PoolSlots
    + InstigatorStore
    + AutomationStore
    + AlertStore
    + PendingStore
    + RetentionStore
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
        + RetentionStore
        + Maintenance
{
}
