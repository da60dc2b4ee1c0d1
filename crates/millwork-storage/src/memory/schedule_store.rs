//! The schedule store in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{Evaluation, ScheduleState, ScheduleStore, StorageError, Tick};

#[async_trait]
impl ScheduleStore for MemoryStore {
    async fn schedules(&self) -> Result<BTreeMap<String, ScheduleState>, StorageError> {
        Ok(self.state().schedules.clone())
    }

    async fn switch_schedule(&self, name: &str, on: Option<bool>) -> Result<(), StorageError> {
        let mut state = self.state();
        let known = state.schedules.entry(name.to_owned()).or_default();
        if known.on != on {
            *known = ScheduleState { on, cursor: None };
        }
        Ok(())
    }

    async fn record_evaluation(&self, evaluation: Evaluation) -> Result<bool, StorageError> {
        self.state().record(evaluation)
    }

    async fn ticks(&self, schedule: Option<&str>, limit: u32) -> Result<Vec<Tick>, StorageError> {
        let state = self.state();
        let of_schedule =
            state.ticks.iter().rev().filter(|tick| schedule.is_none_or(|name| tick.schedule == name));
        Ok(of_schedule.take(limit as usize).cloned().collect())
    }

    async fn ticks_behind(&self, behind: u64, limit: u32) -> Result<Vec<(u64, Tick)>, StorageError> {
        let state = self.state();
        let numbered = (1..).zip(state.ticks.iter().cloned()).filter(|(number, _)| *number > behind);
        Ok(numbered.take(limit as usize).collect())
    }

    async fn newest_tick(&self) -> Result<u64, StorageError> {
        Ok(self.state().ticks.len() as u64)
    }
}
