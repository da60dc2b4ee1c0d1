//! The instigator store in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use millwork_core::Instigator;

use super::MemoryStore;
use crate::{Commit, InstigatorState, InstigatorStore, StorageError, Tick};

#[async_trait]
impl InstigatorStore for MemoryStore {
    async fn states(&self) -> Result<BTreeMap<Instigator, InstigatorState>, StorageError> {
        Ok(self.state()?.instigators.clone())
    }

    async fn state(&self, instigator: &Instigator) -> Result<InstigatorState, StorageError> {
        Ok(self.state()?.instigators.get(instigator).cloned().unwrap_or_default())
    }

    async fn switch(&self, instigator: &Instigator, on: Option<bool>) -> Result<(), StorageError> {
        let mut state = self.state()?;
        let known = state.instigators.entry(instigator.clone()).or_default();
        if known.on != on {
            (known.on, known.cursor) = (on, None);
        }
        Ok(())
    }

    async fn commit(&self, commit: Commit) -> Result<bool, StorageError> {
        self.state()?.commit(commit)
    }

    async fn ticks(&self, of: &[Instigator], limit: u32) -> Result<Vec<Tick>, StorageError> {
        let state = self.state()?;
        let ticks = state.ticks.iter().rev().map(|(_, tick)| tick);
        let is_wanted = |tick: &&Tick| of.is_empty() || of.contains(&tick.instigator);
        Ok(ticks.filter(is_wanted).take(limit as usize).cloned().collect())
    }

    async fn ticks_behind(&self, behind: u64, limit: u32) -> Result<Vec<(u64, Tick)>, StorageError> {
        let state = self.state()?;
        let later = state.ticks.iter().filter(|(number, _)| *number > behind);
        Ok(later.take(limit as usize).cloned().collect())
    }

    async fn newest_tick(&self) -> Result<u64, StorageError> {
        Ok(self.state()?.last_tick)
    }
}
