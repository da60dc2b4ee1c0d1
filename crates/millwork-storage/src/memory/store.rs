//! The store itself: a state behind a lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::Event;
use millwork_core::retention::{KeptValues, Retention};

use super::state::State;
use crate::micros::stored;
use crate::{
    Finding, Forgotten, Maintenance, RetentionStore, StorageError, StoreCounts, StoreInfo, Unwritable,
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
    pub(super) fn state(&self) -> Result<MutexGuard<'_, State>, StorageError> {
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
        let mut old = self.state()?.old_values(kept, stored(Retention::before(now, kept.younger)));
        old.truncate(limit as usize);
        Ok(old)
    }

    async fn forget_values(&self, sequences: &[u64]) -> Result<(), StorageError> {
        self.state()?.forget_values(sequences);
        Ok(())
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

    /// What is in memory was never written in a form that could be damaged.
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
