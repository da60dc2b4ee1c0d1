//! The schedule store in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryStore;
use crate::micros::stored;
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
        let Evaluation { schedule, from, cursor, runs, ticks } = evaluation;
        let mut state = self.state();
        if state.schedules.get(&schedule).and_then(|known| known.cursor.as_ref()) != from.as_ref() {
            return Ok(false);
        }
        if let Some(run) = runs.iter().find(|run| state.run(run.id).is_ok()) {
            return Err(StorageError::DuplicateRun { run: run.id });
        }
        runs.into_iter().try_for_each(|run| state.create(run))?;
        state.schedules.entry(schedule).or_default().cursor = Some(cursor);
        state.ticks.extend(ticks.into_iter().map(|tick| Tick {
            due: stored(tick.due),
            at: stored(tick.at),
            ..tick
        }));
        Ok(true)
    }

    async fn ticks(&self, schedule: Option<&str>, limit: u32) -> Result<Vec<Tick>, StorageError> {
        let state = self.state();
        let of_schedule =
            state.ticks.iter().rev().filter(|tick| schedule.is_none_or(|name| tick.schedule == name));
        Ok(of_schedule.take(limit as usize).cloned().collect())
    }
}
