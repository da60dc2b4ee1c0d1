//! Retries of runs: what failed or was lost is queued again, as the pipeline's rules say.
//!
//! The events of runs' ends are read behind a cursor. Queuing a run again is only possible under the claim under which
//! it ended, and a new run has an id that follows from the old one's, so an event that is looked at twice changes
//! nothing the second time.

use std::time::Duration;

use millwork_core::Instigator;
use millwork_core::event::{Event, EventBody, KindSet};
use millwork_core::run::{FailureClass, RetryStrategy, RunId, RunStatus, RunTag};
use millwork_storage::{Fence, Followed, NewRun, RunRecord, StorageError, follow};

use crate::cursor::{Cursor, begin_at_head};
use crate::daemon::Loop;
use crate::{Daemon, DaemonError, DaemonEvent};

/// One look reads so many events at most.
const MOST_EVENTS: u32 = 500;

#[derive(Debug)]
pub(crate) struct Retries;

impl Loop for Retries {
    fn name(&self) -> &'static str {
        "retries of runs"
    }

    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        let cursor: Cursor<u64> = Cursor::read(daemon, Instigator::Retries).await?;
        // Where the last daemon stopped; the first one ever begins with what happens from now on.
        let from = match cursor.position {
            Some(position) => position,
            None => daemon.store.head().await?,
        };
        let Followed { events, behind } =
            follow(&*daemon.store, from, KindSet::RUN_FAILURES, MOST_EVENTS).await?;
        for event in &events {
            consider(daemon, event).await?;
        }
        if cursor.position != Some(behind) {
            // Another daemon may have come further; its cursor is as good.
            daemon.store.commit(cursor.moved_to(&behind)?).await?;
        }
        Ok(daemon.options.slow_beat())
    }

    async fn begin(&mut self, daemon: &Daemon) -> Result<(), DaemonError> {
        begin_at_head(daemon, Instigator::Retries).await
    }
}

async fn consider(daemon: &Daemon, event: &Event) -> Result<(), DaemonError> {
    let (EventBody::RunFailed { class, .. } | EventBody::RunLost { class, .. }) = &event.body else {
        return Ok(());
    };
    let Some(run) = event.run else { return Ok(()) };
    let Some(record) = daemon.store.run(run).await? else { return Ok(()) };
    let is_ours = record.request.is_queued();
    let has_ended = matches!(record.status, RunStatus::Failed | RunStatus::Lost);
    if is_ours && has_ended && record.finished_at == Some(event.at) {
        retry(daemon, &record, *class).await?;
    }
    Ok(())
}

async fn retry(daemon: &Daemon, record: &RunRecord, class: FailureClass) -> Result<(), DaemonError> {
    let rules = daemon.pipeline.run_retries();
    let tags = &record.request.tags;
    let before = RunTag::Retry.of(tags).and_then(|number| number.parse().ok()).unwrap_or(0);
    let failures = match rules.strategy {
        RetryStrategy::FromFailure => record.epoch.max(1),
        RetryStrategy::FromScratch => before + 1,
    };
    let Some(pause) = rules.pause(class, failures, tags, fastrand::f64()) else { return Ok(()) };
    let now = daemon.options.clock.now();
    let (run, is_queued) = match rules.strategy {
        RetryStrategy::FromFailure => {
            let fence = Fence { run: record.id, epoch: record.epoch };
            (record.id, daemon.store.retry_run(fence, pause, now).await?)
        }
        RetryStrategy::FromScratch => repeat(daemon, record, failures).await?,
    };
    if is_queued {
        daemon.tell(&DaemonEvent::Retrying { run, of: record.id, number: failures, after: pause });
    }
    Ok(())
}

/// Requests a run like another one. Its id follows from the other's, so that there is one.
async fn repeat(daemon: &Daemon, record: &RunRecord, number: u32) -> Result<(RunId, bool), DaemonError> {
    let request = record.request.retry_of(record.id).tagged(RunTag::Retry, number.to_string());
    let id = record.id.following();
    let new = NewRun { id, request, at: daemon.options.clock.now(), lease: None };
    match daemon.store.create_run(new).await {
        Ok(()) => Ok((id, true)),
        Err(StorageError::DuplicateRun { .. }) => Ok((id, false)),
        Err(error) => Err(error.into()),
    }
}
