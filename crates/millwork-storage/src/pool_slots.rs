//! The contract of concurrency pools: slots held across runs and processes.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{Holder, StorageError};

/// Slots of one pool that are held together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotId(pub u64);

/// A request for slots of pools.
#[derive(Clone, Debug)]
pub struct TakeSlots {
    /// The pools, with the number of slots of each.
    pub of: Vec<PoolShare>,
    /// The process that requests them.
    pub holder: Holder,
    /// The current time.
    pub now: Timestamp,
    /// When the slots expire unless the holder renews them.
    pub until: Timestamp,
}

impl TakeSlots {
    /// A request for one slot of a pool that has `of`.
    pub fn one(pool: impl Into<String>, of: u32, holder: &Holder, now: Timestamp, until: Timestamp) -> Self {
        Self { of: vec![PoolShare { pool: pool.into(), slots: 1, of }], holder: holder.clone(), now, until }
    }
}

/// A number of slots of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolShare {
    /// The name of the pool.
    pub pool: String,
    /// The number of slots to take.
    pub slots: u32,
    /// The total number of slots that the pool has.
    pub of: u32,
}

/// Slots that a process holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldSlots {
    /// The name of the pool.
    pub pool: String,
    /// The number of held slots.
    pub slots: u32,
    /// The process that holds them.
    pub holder: Holder,
    /// When they expire unless the holder renews them.
    pub until: Timestamp,
}

/// Named pools with a number of slots each; a step holds some while it runs.
#[async_trait]
pub trait PoolSlots: Send + Sync {
    /// Takes slots of all these pools; takes none and returns `None` if one of them has too few that are free. Slots whose holder's process is
    /// known to have ended are free; so are those whose lease has run out, unless the process is known to live.
    async fn take_slots(&self, take: TakeSlots) -> Result<Option<Vec<SlotId>>, StorageError>;

    /// Extends all slots of a holder.
    async fn renew_slots(&self, holder: &Holder, until: Timestamp) -> Result<(), StorageError>;

    /// Gives slots back.
    async fn give_slots_back(&self, slots: &[SlotId]) -> Result<(), StorageError>;

    /// Frees all slots of a holder.
    async fn free_slots(&self, holder: &Holder) -> Result<(), StorageError>;

    /// All slots that are held, by pool.
    async fn held_slots(&self) -> Result<Vec<HeldSlots>, StorageError>;
}
