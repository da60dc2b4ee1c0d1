//! Concurrency pools in memory.

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryStore;
use super::state::Slots;
use crate::micros::stored;
use crate::{HeldSlots, Holder, PoolSlots, SlotId, StorageError, TakeSlots};

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
