//! A store in memory, for tests: simple enough to be right by inspection. Nothing is indexed, and everything happens
//! under one lock.

mod event_log;
mod pool_slots;
mod run_store;
mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};

use state::State;

/// A store in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<State>);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is checked before it is made, so a panic elsewhere leaves nothing half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
