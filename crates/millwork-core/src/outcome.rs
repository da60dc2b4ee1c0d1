//! The outcomes of runs and steps: their statuses and failures. Names are stored, and never change.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::problem::with_hint;

/// The status of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It waits to be started.
    Queued,
    /// It is being executed.
    Running,
    /// It was asked to stop, and hasn't yet.
    Canceling,
    /// Every step succeeded, or had nothing to do.
    Succeeded,
    /// A step failed.
    Failed,
    /// It was asked to stop, and did.
    Canceled,
    /// Its process ended without finishing it.
    Lost,
}

/// The status of a step within a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Its execution has not begun.
    #[default]
    Pending,
    /// An attempt is under way.
    Running,
    /// An attempt failed, and the next one waits for its time.
    Retrying,
    /// Its outputs are stored.
    Succeeded,
    /// Its last attempt failed.
    Failed,
    /// It was not run, for a reason.
    Skipped,
    /// It was running when the run was canceled, or ended in another way without an end of the step.
    Canceled,
}

impl RunStatus {
    /// Whether the status is final: it changes only if the run is retried.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled | Self::Lost)
    }

    /// The status as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Canceling => "canceling",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Lost => "lost",
        }
    }

    /// The status that [`as_str`](RunStatus::as_str) names.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Queued,
            Self::Running,
            Self::Canceling,
            Self::Succeeded,
            Self::Failed,
            Self::Canceled,
            Self::Lost,
        ];
        all.into_iter().find(|status| status.as_str() == name)
    }
}

impl StepStatus {
    /// The status as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Canceled => "canceled",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a run failed or was lost. Names are stored, and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The user's code, its configuration or its data: a step failed.
    Error,
    /// A step or the whole run took too long.
    Timeout,
    /// There was not enough memory.
    OutOfMemory,
    /// A signal ended its process, or the process gave up.
    Killed,
    /// Its process is gone, and its exit was not observed.
    Lost,
}

impl FailureClass {
    /// All classes, in the order of their declaration.
    pub const ALL: [Self; 5] = [Self::Error, Self::Timeout, Self::OutOfMemory, Self::Killed, Self::Lost];

    pub(crate) fn error() -> Self {
        Self::Error
    }

    pub(crate) fn lost() -> Self {
        Self::Lost
    }

    pub(crate) fn is_error(&self) -> bool {
        *self == Self::Error
    }

    pub(crate) fn is_lost(&self) -> bool {
        *self == Self::Lost
    }

    /// The class as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::OutOfMemory => "out_of_memory",
            Self::Killed => "killed",
            Self::Lost => "lost",
        }
    }

    /// The class that [`as_str`](FailureClass::as_str) names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// The error and its causes, outermost first.
    pub chain: Vec<String>,
    /// What to do about it, if the error or one of its causes knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The file, line and column of a panic; `None` for other failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The function returned an error.
    Error,
    /// The step's function panicked.
    Panic,
    /// The attempt took too long.
    Timeout,
    /// An input could not be loaded.
    Input,
    /// An output could not be stored.
    Output,
    /// A blocking check failed.
    Check,
}

impl Failure {
    /// A failure with a message of one sentence and no causes.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, chain: vec![message.into()], hint: None, location: None }
    }

    /// The failure with a remedy.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == FailureKind::Panic {
            f.write_str("panicked: ")?;
        }
        f.write_str(&with_hint(&self.chain.join(": "), self.hint.as_deref()))?;
        self.location.as_ref().map_or(Ok(()), |location| write!(f, " (at {location})"))
    }
}
