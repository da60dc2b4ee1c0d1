//! The status of a backfill, and which operations each allows.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::BackfillError;

/// The status of a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackfillStatus {
    /// It is planned, and no run has started.
    Requested,
    /// Runs are started.
    Running,
    /// No run is started until it is resumed; those that run go on.
    Paused,
    /// It was canceled while runs were running, which are being canceled too.
    Canceling,
    /// Too many partitions failed: no run is started, and those that run go on.
    Failing,
    /// It was canceled, and no run is running. Final.
    Canceled,
    /// All partitions succeeded. Final.
    Succeeded,
    /// It has ended, and not all partitions succeeded. They can be retried.
    Failed,
}

/// What is done with a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A run is started.
    StartRun,
    /// No further run is started.
    Pause,
    /// Runs are started again.
    Resume,
    /// It ends without what still waits.
    Cancel,
    /// What didn't succeed is made again.
    Retry,
}

impl BackfillStatus {
    /// The status after an operation.
    ///
    /// # Errors
    ///
    /// When the status doesn't allow it.
    pub(super) fn after(self, operation: Operation) -> Result<Self, BackfillError> {
        let illegal = || Err(BackfillError::Illegal { status: self, operation });
        match (operation, self) {
            (Operation::StartRun, Self::Requested | Self::Running) => Ok(Self::Running),
            (Operation::Pause, Self::Requested | Self::Running) => Ok(Self::Paused),
            (Operation::Resume, Self::Paused) => Ok(Self::Running),
            (Operation::Cancel, Self::Requested | Self::Running | Self::Paused | Self::Failing) => {
                Ok(Self::Canceling)
            }
            (Operation::Retry, Self::Running | Self::Failing | Self::Failed) => Ok(Self::Running),
            (Operation::Retry, Self::Paused) => Ok(Self::Paused),
            (
                Operation::StartRun,
                Self::Paused
                | Self::Canceling
                | Self::Failing
                | Self::Canceled
                | Self::Succeeded
                | Self::Failed,
            )
            | (
                Operation::Pause,
                Self::Paused
                | Self::Canceling
                | Self::Failing
                | Self::Canceled
                | Self::Succeeded
                | Self::Failed,
            )
            | (
                Operation::Resume,
                Self::Requested
                | Self::Running
                | Self::Canceling
                | Self::Failing
                | Self::Canceled
                | Self::Succeeded
                | Self::Failed,
            )
            | (Operation::Cancel, Self::Canceling | Self::Canceled | Self::Succeeded | Self::Failed)
            | (Operation::Retry, Self::Requested | Self::Canceling | Self::Canceled | Self::Succeeded) => {
                illegal()
            }
        }
    }

    /// The status when more partitions have failed than the request allows.
    pub(super) fn after_too_many_failures(self) -> Self {
        match self {
            Self::Requested | Self::Running | Self::Paused | Self::Failing => Self::Failing,
            Self::Canceling | Self::Canceled | Self::Succeeded | Self::Failed => self,
        }
    }

    /// The status when no run is running.
    pub(super) fn when_idle(self, remaining: Remaining) -> Self {
        match (self, remaining) {
            (Self::Canceling, _) => Self::Canceled,
            (Self::Failing, _) => Self::Failed,
            (Self::Requested | Self::Running | Self::Paused, Remaining::Nothing) => Self::Succeeded,
            (Self::Requested | Self::Running | Self::Paused, Remaining::Unsuccessful) => Self::Failed,
            (Self::Requested | Self::Running | Self::Paused, Remaining::Waiting)
            | (Self::Canceled | Self::Succeeded | Self::Failed, _) => self,
        }
    }

    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Requested,
        Self::Running,
        Self::Paused,
        Self::Canceling,
        Self::Failing,
        Self::Canceled,
        Self::Succeeded,
        Self::Failed,
    ];

    /// The status that is written as this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.to_string() == name)
    }

    /// Whether it allows an operation.
    pub fn allows(self, operation: Operation) -> bool {
        self.after(operation).is_ok()
    }

    /// Whether runs may start.
    pub fn starts_runs(self) -> bool {
        self.allows(Operation::StartRun)
    }

    /// Whether it has ended: no run is running, and none starts unless it is retried.
    pub fn is_ended(self) -> bool {
        match self {
            Self::Canceled | Self::Succeeded | Self::Failed => true,
            Self::Requested | Self::Running | Self::Paused | Self::Canceling | Self::Failing => false,
        }
    }
}

/// What is left of a backfill of which nothing is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remaining {
    /// Some partitions wait.
    Waiting,
    /// None waits, and some didn't succeed.
    Unsuccessful,
    /// All succeeded.
    Nothing,
}

impl fmt::Display for BackfillStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requested => "requested",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Canceling => "canceling",
            Self::Failing => "failing",
            Self::Canceled => "canceled",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StartRun => "start a run of",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
        })
    }
}
