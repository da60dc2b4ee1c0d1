//! What is recorded when a launched run comes to its end, however it does.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use millwork_core::LogLevel;
use millwork_core::advice::{one_line_of, with_hint};
use millwork_core::event::{EventBody, LogLine, NewEvent};
use millwork_core::run::{FailureClass, RunId, RunStatus};
use millwork_storage::{Batch, Claim, Fence, RunRecord};

use crate::launcher::Exit;
use crate::memory::OutOfMemory;
use crate::processes::end_group;
use crate::{Daemon, DaemonError, DaemonEvent};

/// The most that is kept of what a process printed outside of its steps, in bytes: the end says why it died.
const MOST_OUTPUT: usize = 64 * 1024;

/// What is known of a run that was launched by this daemon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaunchedRun {
    pub(crate) id: RunId,
    pub(crate) pid: Option<u32>,
    /// How often memory had run out on this machine before.
    pub(crate) memory: OutOfMemory,
}

/// Sees that a run that was launched and has come to its end has ended in the store as well, and that nothing of it
/// is left behind.
pub(crate) async fn settle(daemon: &Daemon, launched: LaunchedRun, exit: &Exit) -> Result<(), DaemonError> {
    if let Some(pid) = launched.pid {
        end_group(pid);
    }
    let run = launched.id;
    let Some(record) = daemon.store.run(run).await? else { return Ok(()) };
    let output = daemon.launcher.take_output(run);
    let (class, reason) = class(exit, launched.memory, output.as_deref());
    if !record.status.is_finished() {
        keep_output(daemon, run, output).await?;
    }
    let now = daemon.options.clock.now();
    match record.status {
        // A process that an earlier daemon launched may have been faster to claim the run, and is at work on it.
        RunStatus::Running | RunStatus::Canceling if !is_held_by(&record, launched) => {}
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

/// Whether a run is executed by what was launched.
fn is_held_by(record: &RunRecord, launched: LaunchedRun) -> bool {
    let pid = launched.pid.unwrap_or(std::process::id());
    record.holder.as_ref().is_some_and(|holder| holder.pid == pid)
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

/// Why a run ended that didn't say so itself.
fn class(exit: &Exit, memory: OutOfMemory, output: Option<&str>) -> (FailureClass, String) {
    // What the allocator of Rust says before it gives up.
    if output.is_some_and(|output| output.contains("memory allocation of")) {
        return (FailureClass::OutOfMemory, "its process ran out of memory".to_owned());
    }
    match exit {
        Exit::Process(Ok(exit)) => class_of_status(*exit, memory),
        Exit::Process(Err(error)) => {
            (FailureClass::Lost, format!("its process could not be watched: {error}"))
        }
        Exit::InProcess(Some(Ok(()))) => (FailureClass::Error, "it ended without a verdict".to_owned()),
        Exit::InProcess(Some(Err(error))) => (
            FailureClass::Error,
            format!("it could not be executed to its end: {}", one_line_of(error.as_ref())),
        ),
        Exit::InProcess(None) => (FailureClass::Error, "what executed it panicked".to_owned()),
    }
}

fn class_of_status(exit: ExitStatus, memory: OutOfMemory) -> (FailureClass, String) {
    match (exit.code(), exit.signal()) {
        (Some(code), _) => (FailureClass::Killed, format!("its process ended with exit code {code}")),
        (None, Some(9)) if memory.has_run_out_since() => {
            let reason = "its process was killed by the system, as memory ran out";
            let hint = "give the machine more, or the step a pool that counts memory";
            (FailureClass::OutOfMemory, with_hint(reason, Some(hint)))
        }
        (None, Some(9)) => (FailureClass::Killed, "its process was killed (SIGKILL)".to_owned()),
        (None, signal) => {
            (FailureClass::Killed, format!("its process was ended by signal {}", signal.unwrap_or(0)))
        }
    }
}
