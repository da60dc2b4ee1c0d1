//! The log of a running step: messages, progress and cancellation.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FromStep, StepContext};
use crate::BoxError;
use crate::value::MetadataValue;

/// The running step's line to its run: progress, messages, metadata, and whether the run was canceled.
///
/// `tracing` events inside a step land in the run's log as well; this is for progress, metadata and cancellation.
#[derive(Clone, Debug)]
pub struct StepLog(StepContext);

impl FromStep for StepLog {
    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        Ok(Self(context.clone()))
    }
}

impl StepLog {
    /// The number of the step's attempt; the first is 1.
    pub fn attempt(&self) -> u32 {
        self.0.attempt()
    }

    /// A log without a reader, for calling an asset's function in a test.
    pub fn detached() -> Self {
        Self(StepContext::builder("detached").build())
    }

    /// Reports that `done` of `of` units of work are done.
    pub fn progress(&self, done: u64, of: u64) {
        self.0.sink().progress(done, of);
    }

    /// Adds a line to the run's log.
    pub fn info(&self, message: impl fmt::Display) {
        self.0.sink().line(LogLevel::Info, message.to_string());
    }

    /// Adds a warning to the run's log.
    pub fn warn(&self, message: impl fmt::Display) {
        self.0.sink().line(LogLevel::Warn, message.to_string());
    }

    /// Adds metadata to every asset that the step materializes.
    pub fn metadata(&self, label: &str, value: impl Into<MetadataValue>) {
        self.0.sink().metadata(label.to_owned(), value.into());
    }

    /// Whether the run was canceled, so that long work should stop.
    pub fn is_canceled(&self) -> bool {
        self.0.cancellation().is_requested()
    }

    /// An error if the run was canceled: `log.check_canceled()?` inside a long loop.
    pub fn check_canceled(&self) -> Result<(), BoxError> {
        if self.is_canceled() { Err("the run was canceled".into()) } else { Ok(()) }
    }
}

/// How loud a line of the run's log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        })
    }
}

/// Where a [`StepLog`] leads: the engine's side of it.
pub trait StepSink: Send + Sync {
    /// Takes a line of log.
    fn line(&self, level: LogLevel, message: String);
    /// Records that `done` of `of` units of work are done.
    fn progress(&self, done: u64, of: u64);
    /// Takes metadata for every asset that the step materializes.
    fn metadata(&self, label: String, value: MetadataValue);
}

/// A sink that discards everything.
pub(super) fn discarding() -> Arc<dyn StepSink> {
    struct Forgetful;

    impl StepSink for Forgetful {
        fn line(&self, _: LogLevel, _: String) {}
        fn progress(&self, _: u64, _: u64) {}
        fn metadata(&self, _: String, _: MetadataValue) {}
    }

    Arc::new(Forgetful)
}
