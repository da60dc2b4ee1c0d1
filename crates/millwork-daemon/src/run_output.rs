//! The output of a run's process outside of its steps becomes part of the run's log: it explains why the process died.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::LogLevel;
use millwork_core::event::{EventBody, LogLine, NewEvent};
use millwork_core::run::RunId;
use millwork_storage::{Batch, Store};

use crate::error::DaemonError;

/// Maximum output of a process outside of its steps that is kept, in bytes. The end is kept, since it explains why the process died.
const MOST_OUTPUT: usize = 64 * 1024;

/// Appends the output of a process to the log of its run.
pub(crate) async fn keep_output(
    store: &dyn Store,
    run: RunId,
    output: Option<String>,
    now: Timestamp,
) -> Result<(), DaemonError> {
    let Some(output) = output else { return Ok(()) };
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
