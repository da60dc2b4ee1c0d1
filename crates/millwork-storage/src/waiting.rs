//! Why requested runs wait.

use jiff::Timestamp;
use millwork_core::run::{QUEUE_TAG, QueueLimits, RunId, RunStatus, WaitReason, WaitingRun, admit};

use crate::{RunQuery, RunRecord, StorageError, Store};

/// The runs that are left to daemons and haven't started, those that come first first, each with the reason why it waits;
/// one without a reason is about to start, if a daemon is there.
pub async fn waiting_runs(
    store: &dyn Store,
    limits: &QueueLimits,
    now: Timestamp,
) -> Result<Vec<(RunId, Option<WaitReason>)>, StorageError> {
    let going_on = queued_runs(store, vec![RunStatus::Running, RunStatus::Canceling]).await?;
    let mut waiting = queued_runs(store, vec![RunStatus::Queued]).await?;
    waiting.reverse();
    let candidates = waiting
        .iter()
        .map(|run| WaitingRun { id: run.id, request: &run.request, not_before: run.not_before })
        .collect();
    Ok(admit(limits, going_on.iter().map(|run| &run.request.tags), candidates, now))
}

/// The runs with one of these statuses that are left to daemons, newest first.
pub async fn queued_runs(
    store: &dyn Store,
    statuses: Vec<RunStatus>,
) -> Result<Vec<RunRecord>, StorageError> {
    let tag = Some((QUEUE_TAG.0.to_owned(), QUEUE_TAG.1.to_owned()));
    store.runs(RunQuery { statuses, tag, ..RunQuery::default() }).await
}
