//! The run store in memory.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::EventBody;
use millwork_core::run::{RunId, RunStatus};

use super::MemoryStore;
use super::state::Run;
use crate::micros::stored;
use crate::{Claim, Fence, NewRun, RunQuery, RunRecord, RunStore, StorageError};

#[async_trait]
impl RunStore for MemoryStore {
    async fn create_run(&self, run: NewRun) -> Result<(), StorageError> {
        self.state()?.create(run)
    }

    async fn claim(&self, claim: Claim) -> Result<Fence, StorageError> {
        let claim = Claim { now: stored(claim.now), until: stored(claim.until), ..claim };
        let mut state = self.state()?;
        let started = state.run(claim.run)?.projection.claim(&claim)?;
        state.append_of_run(claim.run, claim.now, started)?;
        Ok(Fence { run: claim.run, epoch: state.run(claim.run)?.projection.epoch })
    }

    async fn renew(&self, fence: Fence, until: Timestamp) -> Result<(), StorageError> {
        let mut state = self.state()?;
        let run = state.run(fence.run)?;
        run.projection.check(fence)?;
        run.projection.leased_until = Some(stored(until));
        Ok(())
    }

    async fn request_cancel(&self, run: RunId, now: Timestamp) -> Result<RunStatus, StorageError> {
        let mut state = self.state()?;
        if let Some(event) = state.run(run)?.projection.cancel() {
            state.append_of_run(run, now, event)?;
        }
        Ok(state.run(run)?.projection.status)
    }

    async fn end_run(&self, fence: Fence, end: EventBody, now: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        if !state.run(fence.run)?.projection.can_end(fence) {
            return Ok(false);
        }
        state.append_of_run(fence.run, now, end)?;
        Ok(true)
    }

    async fn retry_run(&self, fence: Fence, delay: Duration, now: Timestamp) -> Result<bool, StorageError> {
        let mut state = self.state()?;
        let Some(retrying) = state.run(fence.run)?.projection.retry(fence.epoch, delay) else {
            return Ok(false);
        };
        state.append_of_run(fence.run, now, retrying)?;
        Ok(true)
    }

    async fn run(&self, id: RunId) -> Result<Option<RunRecord>, StorageError> {
        Ok(self.state()?.run(id).ok().map(|run| run.record()))
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<RunRecord>, StorageError> {
        let state = self.state()?;
        let older = match query.before {
            Some(before) => state.runs.iter().position(|run| run.id == before).unwrap_or(0),
            None => state.runs.len(),
        };
        let limit = query.limit.map_or(usize::MAX, |limit| limit as usize);
        let found = state.runs[..older].iter().rev().filter(|run| matches(&query, run));
        Ok(found.take(limit).map(Run::record).collect())
    }
}

fn matches(query: &RunQuery, run: &Run) -> bool {
    let text = run.id.to_string().replace('-', "");
    let of_part = |part: &String| {
        let part = part.replace('-', "").to_lowercase();
        text.starts_with(&part) || text.ends_with(&part)
    };
    let of_tag = |(key, value): &(String, String)| run.request.tags.get(key) == Some(value);
    (query.statuses.is_empty() || query.statuses.contains(&run.projection.status))
        && query.tag.as_ref().is_none_or(of_tag)
        && !query.without_tag.as_ref().is_some_and(of_tag)
        && query.finished_since.is_none_or(|since| run.projection.finished_at.is_some_and(|at| at >= since))
        && query.id_part.as_ref().is_none_or(of_part)
}
