//! The event log, runs and leases of a Millwork home.
//!
//! Seven small traits say what a backend does: [`EventLog`], [`RunStore`], [`PoolSlots`], [`InstigatorStore`],
//! [`AutomationStore`], [`AlertStore`] and [`PendingStore`]; a [`Store`] is all of them. [`SqliteStore`] is the default, [`MemoryStore`] is for tests, and one conformance suite holds for both.

mod alert_store;
mod asset_status;
mod automation_store;
mod course;
mod error;
mod event_log;
mod follow;
mod home;
mod instigator_store;
mod memory;
mod micros;
mod pending_store;
mod pool_slots;
mod run_store;
mod sqlite;
mod waiting;

pub use alert_store::{AlertStore, AttemptOutcome, Delivery, DeliveryState, NewDelivery};
pub use asset_status::{last_events, read_status};
pub use automation_store::{AutomationRow, AutomationStore};
pub use error::{StorageError, Unwritable};
pub use event_log::{Batch, EventLog, EventQuery, LatestAsset, Order};
pub use follow::{Followed, follow};
pub use home::{Announced, Holder, Home, Liveness};
pub use instigator_store::{Commit, InstigatorState, InstigatorStore, Tick, TickOutcome};
pub use memory::MemoryStore;
pub use pending_store::{
    LONGEST_PAUSE, NewPending, Pending, PendingAttempt, PendingOutcome, PendingState, PendingStore,
    PendingWork,
};
pub use pool_slots::{HeldSlots, PoolShare, PoolSlots, SlotId, TakeSlots};
pub use run_store::{Claim, Fence, Lease, NewRun, RunQuery, RunRecord, RunStore};
pub use sqlite::{Finding, Forgotten, SqliteStore, StoreInfo, Table};
pub use waiting::{queued_runs, waiting_runs};

/// A backend.
pub trait Store:
    EventLog + RunStore + PoolSlots + InstigatorStore + AutomationStore + AlertStore + PendingStore
{
}

impl<T: EventLog + RunStore + PoolSlots + InstigatorStore + AutomationStore + AlertStore + PendingStore> Store
    for T
{
}
