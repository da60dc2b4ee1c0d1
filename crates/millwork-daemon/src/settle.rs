//! What is recorded when a launched run comes to its end, however it does.

use std::collections::BTreeMap;

use millwork_core::LogLevel;
use millwork_core::event::{EventBody, LogLine, NewEvent};
use millwork_core::run::{RunId, RunStatus};
use millwork_storage::{Batch, Claim, Fence, RunRecord};

use crate::launcher::{Exit, LaunchedRun};
use crate::{Daemon, DaemonError, DaemonEvent};

/// The most that is kept of what a process printed outside of its steps, in bytes: the end says why it died.
const MOST_OUTPUT: usize = 64 * 1024;

/// Sees that a run that was launched and has come to its end has ended in the store as well.
pub(crate) async fn settle(
    daemon: &Daemon,
    run: RunId,
    launched: &dyn LaunchedRun,
    exit: &Exit,
) -> Result<(), DaemonError> {
    let Exit { class, reason } = exit.clone();
    let Some(record) = daemon.store.run(run).await? else { return Ok(()) };
    let output = daemon.launcher.take_output(run).await;
    if !record.status.is_finished() {
        keep_output(daemon, run, output).await?;
    }
    let now = daemon.options.clock.now();
    match record.status {
        // A process that an earlier daemon launched may have been faster to claim the run, and is at work on it.
        RunStatus::Running | RunStatus::Canceling
            if !record.holder.as_ref().is_some_and(|holder| launched.is_holder(holder)) => {}
        RunStatus::Running | RunStatus::Canceling => {
            let end = record.end_of_process(reason, class);
            daemon.store.end_run(Fence { run, epoch: record.epoch }, end, now).await?;
        }
        RunStatus::Queued if record.not_before.is_none() => {
            let holder = daemon.home.holder().clone();
            let fence = daemon.store.claim(Claim { run, holder, now, until: now, resumes: false }).await?;
            let reason = format!("it was not started: {reason}");
            let failed = NewEvent::of_run(run, now, EventBody::RunFailed { reason, class });
            daemon.store.append(Batch { fence: Some(fence), events: vec![failed] }).await?;
        }
        _ => {}
    }
    if let Some(RunRecord { status, reason, .. }) = daemon.store.run(run).await? {
        if matches!(status, RunStatus::Running | RunStatus::Canceling) {
            daemon.inherited().insert(run);
            return Ok(());
        }
        daemon.tell(&DaemonEvent::Ended { run, status, reason });
        daemon.wake().notify_waiters();
    }
    Ok(())
}

/// Appends what a process printed to the log of its run.
pub(crate) async fn keep_output(
    daemon: &Daemon,
    run: RunId,
    output: Option<String>,
) -> Result<(), DaemonError> {
    let Some(output) = output else { return Ok(()) };
    let kept = &output[output.ceil_char_boundary(output.len().saturating_sub(MOST_OUTPUT))..];
    let now = daemon.options.clock.now();
    let line = |line: &str| {
        let (level, target, message) = (LogLevel::Warn, "process".to_owned(), line.to_owned());
        let body = EventBody::Logged(LogLine { level, target, message, fields: BTreeMap::new() });
        NewEvent::of_run(run, now, body)
    };
    let events = kept.lines().filter(|line| !line.trim().is_empty()).map(line).collect();
    daemon.store.append(Batch { fence: None, events }).await?;
    Ok(())
}
