//! Reasons why requested runs wait.

use jiff::Timestamp;
use millwork_core::run::{QUEUE_TAG, QueueLimits, RunId, RunStatus, WaitReason, WaitingRun, admit};

use crate::{RunQuery, RunRecord, StorageError, Store};

/// The runs that are left to daemons and haven't started, in the order in which they will start, each with the reason why it waits; a run
/// without a reason is about to start. `limits` are those [in force](crate::Home::queue_limits); without them no daemon is running.
pub async fn waiting_runs(
    store: &dyn Store,
    limits: Option<&QueueLimits>,
    now: Timestamp,
) -> Result<Vec<(RunId, Option<WaitReason>)>, StorageError> {
    let going_on = queued_runs(store, vec![RunStatus::Running, RunStatus::Canceling]).await?;
    let mut waiting = queued_runs(store, vec![RunStatus::Queued]).await?;
    waiting.reverse();
    let candidates = waiting
        .iter()
        .map(|run| WaitingRun { id: run.id, request: &run.request, not_before: run.not_before })
        .collect();
    let none = QueueLimits::of(usize::MAX);
    let mut decided =
        admit(limits.unwrap_or(&none), going_on.iter().map(|run| &run.request.tags), candidates, now);
    if limits.is_none() {
        decided.iter_mut().for_each(|(_, reason)| *reason = reason.take().or(Some(WaitReason::NoDaemon)));
    }
    Ok(decided)
}

/// The runs with one of these statuses that are left to daemons, newest first.
pub async fn queued_runs(
    store: &dyn Store,
    statuses: Vec<RunStatus>,
) -> Result<Vec<RunRecord>, StorageError> {
    let tag = Some((QUEUE_TAG.0.to_owned(), QUEUE_TAG.1.to_owned()));
    store.runs(RunQuery { statuses, tag, ..RunQuery::default() }).await
}
