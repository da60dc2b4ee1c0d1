//! Backfills: requests their runs, and records what has become of them.
//!
//! What is made next is decided in `core`, by a plan that doesn't change and a state that does. This loop tells it which runs have ended, and
//! writes the new state and the runs that it asks for in one commit: killed before, it decides the same again; killed after, the runs
//! are there and known.

use std::sync::Arc;
use std::time::Duration;

use millwork_core::advice::one_line_of;
use millwork_core::backfill::{Backfill, BackfillStatus, PlannedAsset, RunOutcome};
use millwork_core::definitions::run_outcome;
use millwork_core::event::{EventBody, KindSet};
use millwork_core::id::BackfillId;
use millwork_core::partition::KeySet;
use millwork_core::run::{FailureClass, RetryStrategy, RunId, RunRequest, RunState, RunStatus};
use millwork_core::{Clock, Instigator, Pipeline};
use millwork_storage::{
    BackfillChange, BackfillQuery, CurrentStatuses, EventQuery, Fence, NewRun, Order, RunRecord, Store,
    StoredBackfill, key_moment,
};

use crate::activation::{Activation, Activations};
use crate::cursor::Cursor;
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};
use crate::loop_name::LoopName;

/// Requests the runs of backfills.
pub(crate) struct Backfills {
    pub(crate) pipeline: Pipeline,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Observer,
    pub(crate) activations: Activations,
    pub(crate) poll_interval: Duration,
}

/// How a run of a backfill has ended.
enum End {
    /// It hasn't: it is to be taken back before it begins.
    Withdrawing,
    /// It hasn't, and is not to be taken back any more.
    Kept,
    /// Before it began, since it was taken back.
    Withdrawn,
    /// With these partitions made.
    Outcome(RunOutcome),
    /// Another run makes the same partitions in its place.
    Repeated(RunId),
}

impl DaemonLoop for Backfills {
    const NAME: LoopName = LoopName::Backfills;
    const WOKEN_BY: &'static [Activation] =
        &[Activation::StoreWritten, Activation::ClockSet, Activation::RunEnded];

    fn poll_interval(&self) -> Duration {
        self.poll_interval
    }

    /// Advances every backfill that hasn't ended. One that can't be read doesn't keep the others waiting.
    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        let query = BackfillQuery { open_only: true, ..BackfillQuery::default() };
        let mut next = NextTick::Poll;
        for record in self.store.backfills(query).await?.into_iter().rev() {
            match self.advance(record.id).await {
                Ok(true) => {}
                Ok(false) => next = NextTick::Within(Duration::ZERO),
                Err(error) => {
                    let error = format!("backfill {}: {}", record.id, one_line_of(&error));
                    (self.observer)(&DaemonEvent::LoopFailed { of: Self::NAME, error });
                }
            }
        }
        Ok(next)
    }
}

impl Backfills {
    /// Records which runs have ended, and requests those that may start. Returns `false`, having done nothing, if another process was first.
    async fn advance(&self, id: BackfillId) -> Result<bool, DaemonError> {
        let Some(StoredBackfill { record, revision, mut backfill }) = self.store.backfill(id).await? else {
            return Ok(true);
        };
        let now = self.clock.now();
        if backfill.status() == BackfillStatus::Canceling {
            // What asked for that may have ended before it could tell the runs.
            for run in backfill.state().runs().keys() {
                if self.store.run(*run).await?.is_some() {
                    self.store.request_cancel(*run, now).await?;
                }
            }
        }
        let has_ended = self.take_in_ends(&mut backfill).await?;
        let runs = self.start(&mut backfill, id, &record.request);
        if !has_ended && runs.is_empty() {
            return Ok(true);
        }
        let withdraws = backfill.state().runs().keys().any(|run| backfill.state().is_withdrawing(*run));
        let requested: Vec<RunId> = runs.iter().map(|run| run.id).collect();
        let change = BackfillChange { id, revision, state: backfill.state().clone(), runs, at: now };
        if !self.store.change_backfill(change).await? {
            return Ok(false);
        }
        for run in &requested {
            let by = format!("backfill {id}");
            (self.observer)(&DaemonEvent::Requested { by, due: None, run: *run });
        }
        if !requested.is_empty() {
            self.activations.send(Activation::RunQueued);
        }
        if backfill.status().is_ended() {
            let (status, counts) = (backfill.status(), backfill.state().counts());
            (self.observer)(&DaemonEvent::BackfillEnded { id, status, counts });
        }
        if withdraws {
            // What is taken back is ended at once, now that this is stored.
            return Box::pin(self.advance(id)).await;
        }
        Ok(true)
    }

    /// Takes in what has become of its runs. Returns whether anything has.
    async fn take_in_ends(&self, backfill: &mut Backfill) -> Result<bool, DaemonError> {
        let mut has_ended = false;
        let runs: Vec<RunId> = backfill.state().runs().keys().copied().collect();
        if runs.is_empty() {
            return Ok(false);
        }
        // Read before the runs, so that what was retried by then is seen to have been.
        let retried = self.retried_up_to().await?;
        for id in runs {
            let Some(end) = self.end(backfill, id, retried).await? else { continue };
            has_ended = true;
            match end {
                End::Outcome(outcome) => backfill.finished(id, &outcome)?,
                End::Repeated(by) => backfill.repeated(id, by)?,
                End::Withdrawn => backfill.withdrawn(id)?,
                End::Withdrawing => backfill.withdrawing(id)?,
                End::Kept => backfill.kept(id),
            }
        }
        Ok(has_ended)
    }

    /// How a run has ended; `None` if it hasn't, or will go on by itself. `retried` is the place in the log up to which failed runs were retried.
    async fn end(
        &self,
        backfill: &Backfill,
        id: RunId,
        retried: Option<u64>,
    ) -> Result<Option<End>, DaemonError> {
        let Some(run) = backfill.state().runs().get(&id) else { return Ok(None) };
        let is_paused = backfill.status() == BackfillStatus::Paused;
        let is_withdrawing = backfill.state().is_withdrawing(id);
        let Some(record) = self.store.run(id).await? else {
            return Ok(Some(End::Outcome(RunOutcome::all_lost(run))));
        };
        match record.status {
            RunStatus::Queued if is_paused && !is_withdrawing => return Ok(Some(End::Withdrawing)),
            RunStatus::Queued if is_paused => {
                // A run that is claimed meanwhile has begun, and isn't ended by this.
                let fence = Fence { run: id, epoch: record.epoch };
                let is_withdrawn =
                    self.store.end_run(fence, EventBody::RunCanceled, self.clock.now()).await?;
                return Ok(is_withdrawn.then_some(End::Withdrawn));
            }
            RunStatus::Queued | RunStatus::Running | RunStatus::Canceling => {
                return Ok(is_withdrawing.then_some(End::Kept));
            }
            // It was ended, and the daemon or a change of the backfill was ahead of the record of that.
            RunStatus::Canceled
                if is_withdrawing
                    && record.started_at.is_none()
                    && backfill.status() != BackfillStatus::Canceling =>
            {
                return Ok(Some(End::Withdrawn));
            }
            RunStatus::Succeeded | RunStatus::Canceled => {}
            RunStatus::Failed | RunStatus::Lost => {
                if self.pipeline.run_retries().strategy == RetryStrategy::FromScratch
                    && self.store.run(id.following()).await?.is_some()
                {
                    return Ok(Some(End::Repeated(id.following())));
                }
                if self.is_retried(&record) && !self.has_been_considered(id, retried).await? {
                    return Ok(None);
                }
            }
        }
        let query = EventQuery { run: Some(id), kinds: Some(RunState::KINDS), ..EventQuery::default() };
        let state = RunState::of_stored(&self.store.events(query).await?);
        let graph = self.pipeline.graph();
        let skips_fresh = !backfill.plan().request().options.all && record.status != RunStatus::Succeeded;
        let current = match skips_fresh {
            true => {
                let moment = key_moment(&*self.store, graph, self.clock.now()).await?;
                Some(CurrentStatuses::at(&*self.store, graph, &moment).await?)
            }
            false => None,
        };
        let fresh = |asset: &PlannedAsset| {
            let space = backfill.plan().space(asset);
            let index = graph.index_of_past(asset.name.as_str());
            let sets = current.as_ref().zip(index);
            let sets = sets.map(|(current, index)| &current.statuses().of(index).partitions);
            sets.map_or_else(
                || KeySet::empty(space.names().count()),
                |sets| sets.space().carried(&sets.fresh(), space),
            )
        };
        let outcome = run_outcome(graph, backfill.plan(), run, &state, fresh);
        Ok(Some(End::Outcome(outcome)))
    }

    /// The place in the log up to which failed runs were retried; `None` before any was.
    async fn retried_up_to(&self) -> Result<Option<u64>, DaemonError> {
        let cursor: Cursor<u64> = Cursor::read(&*self.store, &self.observer, Instigator::Retries).await?;
        Ok(cursor.position)
    }

    /// Whether the rules have a failed run tried again.
    fn is_retried(&self, record: &RunRecord) -> bool {
        let (rules, tags) = (self.pipeline.run_retries(), &record.request.tags);
        let failures = rules.failures(record.epoch, tags);
        let class = record.class.unwrap_or(FailureClass::Error);
        rules.pause(class, failures, tags, 0.0).is_some()
    }

    /// Whether what retries runs has seen the end of one.
    async fn has_been_considered(&self, run: RunId, retried: Option<u64>) -> Result<bool, DaemonError> {
        let query = EventQuery {
            run: Some(run),
            kinds: Some(KindSet::RUN_FAILURES),
            order: Order::NewestFirst,
            limit: Some(1),
            ..EventQuery::default()
        };
        let ends = self.store.events(query).await?;
        Ok(ends.first().is_none_or(|end| retried.is_some_and(|retried| retried >= end.sequence)))
    }

    /// Starts the runs that may start, and returns what is to be requested.
    fn start(&self, backfill: &mut Backfill, id: BackfillId, request: &RunRequest) -> Vec<NewRun> {
        let now = self.clock.now();
        let mut started = Vec::new();
        for run in backfill.next_runs() {
            let request = request.of_backfill(self.pipeline.graph(), backfill.plan(), &run, id);
            let new = NewRun { id: RunId::new(now), request, at: now, lease: None };
            // What `next_runs` names can be started.
            if backfill.started(new.id, run).is_ok() {
                started.push(new);
            }
        }
        started
    }
}

#[cfg(test)]
mod tests;
