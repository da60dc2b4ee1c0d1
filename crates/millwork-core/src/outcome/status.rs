//! The states of runs and steps.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What has become of a run.
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

/// What has become of a step within a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// It hasn't started.
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
    /// The run was canceled while it was running.
    Canceled,
}

impl RunStatus {
    /// Whether nothing more happens to the run unless somebody asks for it.
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
