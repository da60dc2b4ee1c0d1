//! The store itself: a state behind a lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::state::State;

/// A store in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<State>);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Every change is checked before it is made, so a panic elsewhere leaves nothing half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
