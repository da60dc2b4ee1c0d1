//! One attempt's line to the recorder of its run: log lines, progress, metadata.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use millwork_core::event::{EventBody, LogLine, NewEvent};
use millwork_core::run::{RunId, StepKey};
use millwork_core::{Clock, LogLevel, Metadata, MetadataValue, PartitionKey, StepSink};
use serde_json::Value;

use crate::runs::RecorderHandle;

/// An attempt may log so many lines; what comes after is counted, not kept.
const MOST_LINES: u32 = 10_000;
/// A line, or one of its fields, may be so many bytes long.
const LONGEST_LINE: usize = 64 * 1024;
/// Progress is recorded no more often than this.
const PROGRESS_INTERVAL: SignedDuration = SignedDuration::from_secs(1);

/// Records what one attempt of a step tells.
#[derive(Debug)]
pub(crate) struct StepRecorder {
    pub(crate) run: RunId,
    pub(crate) step: StepKey,
    pub(crate) partition: Option<PartitionKey>,
    pub(crate) attempt: u32,
    recorder: RecorderHandle,
    clock: Arc<dyn Clock>,
    /// Until the attempt is over: what a function that was left alone still tells is nobody's.
    is_open: RwLock<bool>,
    lines: AtomicU32,
    metadata: Mutex<Metadata>,
    progress_recorded: Mutex<Option<Timestamp>>,
}

impl StepRecorder {
    pub(crate) fn new(
        run: RunId,
        step: StepKey,
        partition: Option<PartitionKey>,
        attempt: u32,
        recorder: RecorderHandle,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            run,
            step,
            partition,
            attempt,
            recorder,
            clock,
            is_open: RwLock::new(true),
            lines: AtomicU32::new(0),
            metadata: Mutex::default(),
            progress_recorded: Mutex::default(),
        }
    }

    /// An event of this attempt.
    pub(crate) fn event(&self, body: EventBody) -> NewEvent {
        NewEvent {
            run: Some(self.run),
            at: self.clock.now(),
            step: Some(self.step.clone()),
            asset: None,
            partition: self.partition.clone(),
            attempt: self.attempt,
            body,
            value: None,
        }
    }

    /// Says that the attempt is over: from now on nothing that it tells is recorded or shown.
    pub(crate) fn close(&self) {
        *self.is_open.write().unwrap_or_else(PoisonError::into_inner) = false;
    }

    /// Whether the attempt is still under way.
    fn is_open(&self) -> bool {
        *self.is_open.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an event, unless the attempt is over. The lock is held until the event is on its way, so none follows
    /// the end of its attempt.
    fn tell(&self, event: NewEvent) {
        let is_open = self.is_open.read().unwrap_or_else(PoisonError::into_inner);
        if *is_open {
            self.recorder.record(vec![event]);
        }
    }

    /// Records a line of log.
    pub(crate) fn log(&self, line: LogLine) {
        if let Some(line) = self.limited(line) {
            self.tell(self.event(EventBody::Logged(line)));
        }
    }

    /// Records a line of log that comes from this step or from another one of its run.
    pub(super) fn log_for_run(&self, line: LogLine) {
        if let Some(line) = self.limited(line) {
            let event =
                NewEvent { step: None, partition: None, attempt: 0, ..self.event(EventBody::Logged(line)) };
            self.tell(event);
        }
    }

    /// The line, shortened if it is too long; nothing if there were too many.
    fn limited(&self, mut line: LogLine) -> Option<LogLine> {
        let number = self.lines.fetch_add(1, Ordering::Relaxed);
        if number > MOST_LINES {
            return None;
        }
        if number == MOST_LINES {
            line = LogLine {
                level: LogLevel::Warn,
                target: "millwork".into(),
                message: format!("the step has logged {MOST_LINES} lines; what follows is not kept"),
                fields: BTreeMap::new(),
            };
        }
        shorten(&mut line.message, LONGEST_LINE);
        for value in line.fields.values_mut() {
            if let Value::String(text) = value {
                shorten(text, LONGEST_LINE);
            }
        }
        Some(line)
    }

    /// What the step told about everything it makes.
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
        self.recorder.show_progress(&self.step, self.partition.as_ref(), done, of);
        let now = self.clock.now();
        let mut recorded = self.progress_recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if recorded.is_none_or(|at| now.duration_since(at) >= PROGRESS_INTERVAL) {
            *recorded = Some(now);
            self.tell(self.event(EventBody::StepProgressed { done, of }));
        }
    }

    fn metadata(&self, label: String, value: MetadataValue) {
        self.metadata.lock().unwrap_or_else(PoisonError::into_inner).insert(label, value);
    }
}

/// Cuts a text off that is longer than so many bytes.
pub(crate) fn shorten(text: &mut String, longest: usize) {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        text.push('…');
    }
}
