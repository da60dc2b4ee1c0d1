//! What the daemons of a home are doing, as far as it follows from which of them live: why requested runs wait, and what is stuck.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::Instigator;
use millwork_core::run::{QUEUE_TAG, QueueLimits, RunId, RunStatus, WaitReason, WaitingRun, admit};

use crate::{InstigatorState, RunQuery, RunRecord, StorageError, Store};

/// The runs that are left to daemons and haven't started, in the order in which they will start, each with the reason why it waits; a run
/// without a reason is about to start. `limits` are those [in force](crate::Home::queue_limits); without them no daemon is running.
/// `launch_error` is [why launches fail](crate::Home::launch_error); `None` if they don't.
pub async fn waiting_runs(
    store: &dyn Store,
    limits: Option<&QueueLimits>,
    launch_error: Option<&str>,
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
    if let Some(error) = launch_error {
        let fails = || Some(WaitReason::LaunchFails { error: error.to_owned() });
        decided.iter_mut().for_each(|(_, reason)| *reason = reason.take().or_else(fails));
    }
    if limits.is_none() {
        decided.iter_mut().for_each(|(_, reason)| *reason = reason.take().or(Some(WaitReason::NoDaemon)));
    }
    Ok(decided)
}

/// The states of all instigators, as they are shown. A function is stuck in a daemon's process, and ends with it: `limits` are those [in
/// force](crate::Home::queue_limits), and without them no daemon is running, so that none is stuck.
pub async fn shown_states(
    store: &dyn Store,
    limits: Option<&QueueLimits>,
) -> Result<BTreeMap<Instigator, InstigatorState>, StorageError> {
    let mut states = store.states().await?;
    if limits.is_none() {
        states.values_mut().for_each(|state| state.stuck_since = None);
    }
    Ok(states)
}

/// The runs with one of these statuses that are left to daemons, newest first.
pub async fn queued_runs(
    store: &dyn Store,
    statuses: Vec<RunStatus>,
) -> Result<Vec<RunRecord>, StorageError> {
    let tag = Some((QUEUE_TAG.0.to_owned(), QUEUE_TAG.1.to_owned()));
    store.runs(RunQuery { statuses, tag, ..RunQuery::default() }).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Commit, MemoryStore};

    #[tokio::test]
    async fn what_was_stuck_in_a_daemon_has_ended_with_it() {
        let store = MemoryStore::default();
        let (inbox, now) = (Instigator::Sensor("inbox".to_owned()), Timestamp::UNIX_EPOCH);
        let commit = Commit { stuck_since: Some(now), ..Commit::new(inbox.clone(), None, "1") };
        assert!(crate::InstigatorStore::commit(&store, commit).await.expect("a commit"));
        let limits = QueueLimits::default();
        for (limits, expected) in [(Some(&limits), Some(now)), (None, None)] {
            let states = shown_states(&store, limits).await.expect("states");
            assert_eq!((states[&inbox].stuck_since, states[&inbox].cursor.as_deref()), (expected, Some("1")));
        }
    }
}
