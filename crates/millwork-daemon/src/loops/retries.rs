//! Retries of runs: failed and lost runs are queued again, as the pipeline's rules say.
//!
//! The events of runs' ends are read behind a cursor. A run can only be queued again under the claim under which it ended, and the ID of a
//! new run is derived from that of the old one, so an event that is read twice has no second effect.

use std::sync::Arc;
use std::time::Duration;

use millwork_core::event::{Event, EventBody, KindSet};
use millwork_core::run::{FailureClass, RetryStrategy, RunId, RunStatus, RunTag};
use millwork_core::{Clock, Instigator, Pipeline};
use millwork_storage::{Fence, Followed, NewRun, RunRecord, StorageError, Store, follow};

use crate::activation::{Activation, Activations};
use crate::cursor::{Cursor, begin_at_head};
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};
use crate::loop_name::LoopName;

/// Maximum events that one tick reads.
const MOST_EVENTS: u32 = 500;

/// Queues failed and lost runs again.
pub(crate) struct RunRetries {
    pub(crate) pipeline: Pipeline,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Observer,
    pub(crate) activations: Activations,
    pub(crate) poll_interval: Duration,
}

impl DaemonLoop for RunRetries {
    const NAME: LoopName = LoopName::RunRetries;
    const WOKEN_BY: &'static [Activation] =
        &[Activation::StoreWritten, Activation::ClockSet, Activation::RunEnded];

    fn poll_interval(&self) -> Duration {
        self.poll_interval
    }

    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        let cursor: Cursor<u64> = Cursor::read(&*self.store, &self.observer, Instigator::Retries).await?;
        // Where the last daemon stopped; the very first one begins with events from now on.
        let from = match cursor.position {
            Some(position) => position,
            None => self.store.head().await?,
        };
        let Followed { events, behind } =
            follow(&*self.store, from, KindSet::RUN_FAILURES, MOST_EVENTS).await?;
        for event in &events {
            self.consider(event).await?;
        }
        if cursor.position != Some(behind) {
            // Another daemon may have read further; its cursor is as good.
            self.store.commit(cursor.moved_to(&behind)?).await?;
        }
        Ok(NextTick::Poll)
    }

    async fn begin(&mut self) -> Result<(), DaemonError> {
        begin_at_head(&*self.store, &self.observer, Instigator::Retries).await
    }
}

impl RunRetries {
    async fn consider(&self, event: &Event) -> Result<(), DaemonError> {
        let (EventBody::RunFailed { class, .. } | EventBody::RunLost { class, .. }) = &event.body else {
            return Ok(());
        };
        let Some(run) = event.run else { return Ok(()) };
        let Some(record) = self.store.run(run).await? else { return Ok(()) };
        let is_ours = record.request.is_queued();
        let has_ended = matches!(record.status, RunStatus::Failed | RunStatus::Lost);
        if is_ours && has_ended && record.finished_at == Some(event.at) {
            self.retry(&record, *class).await?;
        }
        Ok(())
    }

    async fn retry(&self, record: &RunRecord, class: FailureClass) -> Result<(), DaemonError> {
        let rules = self.pipeline.run_retries();
        let tags = &record.request.tags;
        let failures = rules.failures(record.epoch, tags);
        let Some(pause) = rules.pause(class, failures, tags, fastrand::f64()) else { return Ok(()) };
        let now = self.clock.now();
        let (run, is_queued) = match rules.strategy {
            RetryStrategy::FromFailure => {
                let fence = Fence { run: record.id, epoch: record.epoch };
                (record.id, self.store.retry_run(fence, pause, now).await?)
            }
            RetryStrategy::FromScratch => self.repeat(record, failures).await?,
        };
        if is_queued {
            (self.observer)(&DaemonEvent::Retrying { run, of: record.id, number: failures, after: pause });
            self.activations.send(Activation::RunQueued);
        }
        Ok(())
    }

    /// Requests a run like another one. Its ID is derived from the other's, so that there is only one.
    async fn repeat(&self, record: &RunRecord, number: u32) -> Result<(RunId, bool), DaemonError> {
        let request = record.request.retry_of(record.id).tagged(RunTag::Retry, number.to_string());
        let id = record.id.following();
        let new = NewRun { id, request, at: self.clock.now(), lease: None };
        match self.store.create_run(new).await {
            Ok(()) => Ok((id, true)),
            Err(StorageError::DuplicateRun { .. }) => Ok((id, false)),
            Err(error) => Err(error.into()),
        }
    }
}
