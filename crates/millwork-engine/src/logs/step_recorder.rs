//! The connection of one attempt to the recorder of its run: log lines, progress, metadata.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use millwork_core::event::{EventBody, LogLine, NewEvent};
use millwork_core::run::RunId;
use millwork_core::{Clock, LogLevel, Metadata, MetadataValue, StepPartition, StepSink};
use serde_json::Value;

use super::line_budget::LineBudget;
use super::line_buffer::left_out_note;
use crate::runs::RecorderHandle;

/// Maximum bytes of a line or one of its fields.
const LONGEST_LINE: usize = 64 * 1024;
/// The minimum time between two recorded events of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// Records what one attempt of a step reports.
#[derive(Debug)]
pub(crate) struct StepRecorder {
    pub(crate) run: RunId,
    /// The step of the attempt.
    pub(crate) of: StepPartition,
    pub(crate) attempt: u32,
    recorder: RecorderHandle,
    clock: Arc<dyn Clock>,
    /// Cleared when the attempt is over: everything that an abandoned function reports later is dropped.
    is_open: RwLock<bool>,
    /// Logged and printed lines have budgets of their own, so that much output costs no log line.
    logged: LineBudget,
    printed: LineBudget,
    metadata: Mutex<Metadata>,
    /// When progress was last recorded, by the steady clock.
    progress_recorded: Mutex<Option<Duration>>,
}

impl StepRecorder {
    pub(crate) fn new(
        run: RunId,
        of: StepPartition,
        attempt: u32,
        recorder: RecorderHandle,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            run,
            of,
            attempt,
            recorder,
            clock,
            is_open: RwLock::new(true),
            logged: LineBudget::default(),
            printed: LineBudget::default(),
            metadata: Mutex::default(),
            progress_recorded: Mutex::default(),
        }
    }

    /// An event of this attempt.
    pub(crate) fn event(&self, body: EventBody) -> NewEvent {
        NewEvent {
            run: Some(self.run),
            at: self.clock.now(),
            step: Some(self.of.step.clone()),
            asset: None,
            partition: self.of.partition.clone(),
            attempt: self.attempt,
            body,
            value: None,
        }
    }

    /// Ends the attempt: everything that it reports from now on is dropped.
    pub(crate) fn close(&self) {
        *self.is_open.write().unwrap_or_else(PoisonError::into_inner) = false;
    }

    /// Whether the attempt is still under way.
    fn is_open(&self) -> bool {
        *self.is_open.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an event, unless the attempt is over. The lock is held until the event is sent, so none follows the end of its attempt.
    fn record(&self, event: NewEvent) -> bool {
        let is_open = self.is_open.read().unwrap_or_else(PoisonError::into_inner);
        if *is_open {
            self.recorder.record(vec![event]);
        }
        *is_open
    }

    /// Records a line of log.
    pub(crate) fn log(&self, line: LogLine) {
        let line = self.logged.spend(line, || format!("step `{}` has logged", self.of.step));
        self.record_line(line);
    }

    /// Records a line that this step has printed.
    pub(super) fn log_printed(&self, line: LogLine) {
        let line = self.printed.spend(line, || format!("step `{}` has printed", self.of.step));
        self.record_line(line);
    }

    fn record_line(&self, line: Option<LogLine>) {
        if let Some(line) = line {
            self.record(self.event(EventBody::Logged(shortened(line))));
        }
    }

    /// The budget of lines that steps of this run print while several run, which can't be attributed to one.
    pub(super) fn shared_budget(&self) -> &LineBudget {
        self.recorder.shared_budget()
    }

    /// Records a line that comes from this step or from another one of its run, unless this attempt is over.
    pub(super) fn log_for_run(&self, line: LogLine) -> bool {
        let body = EventBody::Logged(shortened(line));
        self.record(NewEvent { step: None, partition: None, attempt: 0, ..self.event(body) })
    }

    /// What the step reported about all of its outputs.
    pub(crate) fn take_metadata(&self) -> Metadata {
        std::mem::take(&mut *self.metadata.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl StepSink for StepRecorder {
    fn line(&self, level: LogLevel, message: String) {
        self.log(LogLine { level, target: "step".into(), message, fields: BTreeMap::new() });
    }

    fn progress(&self, done: u64, of: u64) {
        if !self.is_open() {
            return;
        }
        self.recorder.show_progress(&self.of, done, of);
        let now = self.clock.steady();
        let mut recorded = self.progress_recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if recorded.is_none_or(|at| now.saturating_sub(at) >= PROGRESS_INTERVAL) {
            *recorded = Some(now);
            self.record(self.event(EventBody::StepProgressed { done, of }));
        }
    }

    fn metadata(&self, label: String, value: MetadataValue) {
        self.metadata.lock().unwrap_or_else(PoisonError::into_inner).insert(label, value);
    }
}

fn shortened(mut line: LogLine) -> LogLine {
    shorten(&mut line.message, LONGEST_LINE);
    for value in line.fields.values_mut() {
        if let Value::String(text) = value {
            shorten(text, LONGEST_LINE);
        }
    }
    line
}

/// Cuts the middle out of a text that is longer than the given number of bytes, and notes how much was cut.
pub(crate) fn shorten(text: &mut String, longest: usize) {
    if text.len() > longest {
        let head = text.floor_char_boundary(longest / 4 * 3);
        let tail = text.ceil_char_boundary(text.len() - longest / 4);
        text.replace_range(head..tail, &left_out_note((tail - head) as u64));
    }
}
