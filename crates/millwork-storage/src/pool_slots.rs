//! The contract of concurrency pools: slots held across runs and processes.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{Holder, StorageError};

/// A slot that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotId(pub u64);

/// Named pools with a number of slots each; a step holds one while it runs.
#[async_trait]
pub trait PoolSlots: Send + Sync {
    /// Takes a slot of `pool` if fewer than `slots` are held; nothing if it is full. A slot whose lease has run out,
    /// or whose holder's process is known to have ended, is free.
    async fn take_slot(
        &self,
        pool: &str,
        slots: u32,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<SlotId>, StorageError>;

    /// Extends all slots of a holder.
    async fn renew_slots(&self, holder: &Holder, until: Timestamp) -> Result<(), StorageError>;

    /// Gives a slot back.
    async fn give_slot_back(&self, slot: SlotId) -> Result<(), StorageError>;

    /// Frees everything that a holder holds.
    async fn free_slots(&self, holder: &Holder) -> Result<(), StorageError>;
}
