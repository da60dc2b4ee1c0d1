//! The output of a run's process outside of its steps becomes part of the run's log: it explains why the process died.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::LogLevel;
use millwork_core::event::{EventBody, LogLine, NewEvent};
use millwork_core::run::RunId;
use millwork_storage::{Batch, Store};

use crate::error::DaemonError;
use crate::launcher::Launcher;

/// Maximum output of a process outside of its steps that is kept, in bytes. The end is kept, since it explains why the process died.
const MOST_OUTPUT: usize = 64 * 1024;

/// Moves the output of a process to the log of its run. It is removed only once it is recorded there: if the log can't be written, the
/// launcher still has it when this is tried again.
pub(crate) async fn keep_output(
    store: &dyn Store,
    launcher: &dyn Launcher,
    run: RunId,
    now: Timestamp,
) -> Result<(), DaemonError> {
    if let Some(output) = launcher.output(run).await {
        record(store, run, &output, now).await?;
    }
    launcher.remove_output(run).await;
    Ok(())
}

async fn record(store: &dyn Store, run: RunId, output: &str, now: Timestamp) -> Result<(), DaemonError> {
    let kept = &output[output.ceil_char_boundary(output.len().saturating_sub(MOST_OUTPUT))..];
    let line = |line: &str| {
        let (level, target, message) = (LogLevel::Warn, "process".to_owned(), line.to_owned());
        let body = EventBody::Logged(LogLine { level, target, message, fields: BTreeMap::new() });
        NewEvent::of_run(run, now, body)
    };
    let events = kept.lines().filter(|line| !line.trim().is_empty()).map(line).collect();
    store.append(Batch { fence: None, events }).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use millwork_core::run::RunRequest;
    use millwork_storage::{EventQuery, Home, NewRun};

    use super::*;
    use crate::launcher::fake::FakeLauncher;

    #[tokio::test]
    async fn output_is_kept_until_the_log_has_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (launcher, at) = (FakeLauncher::default(), Timestamp::UNIX_EPOCH);
        let run = RunId::new(at);
        let store = Home::open(folder.path()).await.expect("a home").store();
        let new = NewRun { id: run, request: RunRequest::default().queued(), at, lease: None };
        store.create_run(new).await.expect("a run");
        launcher.print(run, "last words");
        store.close().await;
        keep_output(&*store, &launcher, run, at).await.expect_err("a store that can't be written");
        assert_eq!(launcher.runs_with_output().await, [run]);
        let store = Home::open(folder.path()).await.expect("a home").store();
        keep_output(&*store, &launcher, run, at).await.expect("an append");
        assert_eq!(launcher.runs_with_output().await, []);
        let logged = EventQuery { run: Some(run), ..EventQuery::default() };
        let logged = store.events(logged).await.expect("events").pop().expect("an event");
        let EventBody::Logged(line) = logged.body else { panic!("{logged:?}") };
        assert_eq!(line.message, "last words");
    }
}
