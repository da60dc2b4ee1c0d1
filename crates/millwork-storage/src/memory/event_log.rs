//! The event log in memory.

use async_trait::async_trait;
use millwork_core::AssetKey;
use millwork_core::event::Event;

use super::MemoryStore;
use crate::{Batch, EventLog, EventQuery, LatestAsset, Order, StorageError};

#[async_trait]
impl EventLog for MemoryStore {
    async fn append(&self, batch: Batch) -> Result<Vec<u64>, StorageError> {
        self.state()?.append(batch)
    }

    async fn events(&self, query: EventQuery) -> Result<Vec<Event>, StorageError> {
        let state = self.state()?;
        let mut found: Vec<&Event> = state.events.iter().map(|stored| &stored.event).collect();
        found.retain(|event| matches(&query, event));
        if query.order == Order::NewestFirst {
            found.reverse();
        }
        let limit = query.limit.map_or(usize::MAX, |limit| limit as usize);
        Ok(found.into_iter().take(limit).cloned().collect())
    }

    async fn latest(&self, assets: &[AssetKey]) -> Result<Vec<LatestAsset>, StorageError> {
        let mut latest = self.state()?.latest();
        latest.retain(|latest| assets.contains(&latest.asset));
        Ok(latest)
    }

    async fn value(&self, sequence: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let state = self.state()?;
        let found = state.events.iter().find(|stored| stored.event.sequence == sequence);
        Ok(found.and_then(|stored| stored.value.clone()))
    }
}

fn matches(query: &EventQuery, event: &Event) -> bool {
    query.run.is_none_or(|run| event.run == Some(run))
        && query.not_run.is_none_or(|run| event.run != Some(run))
        && query.step.as_ref().is_none_or(|step| event.step.as_ref() == Some(step))
        && query.asset.as_ref().is_none_or(|asset| event.asset.as_ref() == Some(asset))
        && query.partition.as_ref().is_none_or(|partition| event.partition == *partition)
        && query.kinds.is_none_or(|kinds| event.body.is_one_of(kinds))
        && query.after.is_none_or(|sequence| event.sequence > sequence)
        && query.before.is_none_or(|sequence| event.sequence < sequence)
}
