//! Concurrency pools in memory.

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryStore;
use super::state::Slot;
use crate::{Holder, PoolSlots, SlotId, StorageError};

#[async_trait]
impl PoolSlots for MemoryStore {
    async fn take_slot(
        &self,
        pool: &str,
        slots: u32,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<SlotId>, StorageError> {
        let mut state = self.state();
        state.slots.retain(|slot| slot.until > now);
        if state.slots.iter().filter(|slot| slot.pool == pool).count() >= slots as usize {
            return Ok(None);
        }
        state.last_slot += 1;
        let id = SlotId(state.last_slot);
        state.slots.push(Slot { id, pool: pool.to_owned(), holder: holder.clone(), until });
        Ok(Some(id))
    }

    async fn renew_slots(&self, holder: &Holder, until: Timestamp) -> Result<(), StorageError> {
        let mut state = self.state();
        state.slots.iter_mut().filter(|slot| slot.holder == *holder).for_each(|slot| slot.until = until);
        Ok(())
    }

    async fn give_slot_back(&self, slot: SlotId) -> Result<(), StorageError> {
        self.state().slots.retain(|held| held.id != slot);
        Ok(())
    }

    async fn free_slots(&self, holder: &Holder) -> Result<(), StorageError> {
        self.state().slots.retain(|slot| slot.holder != *holder);
        Ok(())
    }
}
