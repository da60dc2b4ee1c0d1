//! The pending store in memory.

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::Instigator;

use super::MemoryStore;
use crate::micros::stored;
use crate::{Pending, PendingState, PendingStore, StorageError};

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
