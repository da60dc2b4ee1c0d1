//! Why a run can't be reproduced.

use std::borrow::Cow;

use millwork_core::advice::{Advice, ErrorClass};
use millwork_core::run::{RunId, RunStatus};
use millwork_core::{AssetPartition, BoxError};
use millwork_storage::StorageError;
use thiserror::Error;

use crate::{ExecuteError, ValueError};

/// The reason why a run can't be reproduced.
#[derive(Debug, Error)]
pub enum ReproduceError {
    /// The run hasn't succeeded.
    #[error("run {run} is {status}, and only a run that has succeeded can be reproduced")]
    NotSucceeded {
        /// The ID of the run.
        run: RunId,
        /// The status of the run.
        status: RunStatus,
    },
    /// The run has no step that makes an asset.
    #[error("run {run} has made nothing that could be compared")]
    NothingMade {
        /// The ID of the run.
        run: RunId,
    },
    /// Steps that the run has executed aren't defined any more.
    #[error("run {run} has executed what is no longer defined: {steps}")]
    StepsAreGone {
        /// The ID of the run.
        run: RunId,
        /// The steps with their partitions, in backticks.
        steps: String,
    },
    /// A materialization that the run read is no longer in the log.
    #[error("the version{data_version} of {} that the run read is no longer in the log", asset.quoted())]
    InputIsGone {
        /// The asset and its partition.
        asset: AssetPartition,
        /// The version of its data in parentheses; empty if it isn't known.
        data_version: String,
    },
    /// A value that the run read can't be loaded.
    #[error("the value of {} that the run read can't be loaded", asset.quoted())]
    Input {
        /// The asset and its partition.
        asset: AssetPartition,
        /// The reason.
        source: Box<ValueError>,
    },
    /// The temporary folder can't be used.
    #[error("failed to {action} the temporary folder `{folder}`")]
    Scratch {
        /// What was done: `make`, or `store a value in`.
        action: &'static str,
        /// The path of the folder.
        folder: String,
        /// The reason.
        source: BoxError,
    },
    /// The steps could not be executed.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
}

impl From<StorageError> for ReproduceError {
    fn from(error: StorageError) -> Self {
        Self::Execute(error.into())
    }
}

impl Advice for ReproduceError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NotSucceeded { run, status } => match status {
                RunStatus::Failed | RunStatus::Canceled | RunStatus::Lost => {
                    format!("`runs retry {}` goes on where it stopped", run.short()).into()
                }
                RunStatus::Queued | RunStatus::Running | RunStatus::Canceling | RunStatus::Succeeded => {
                    "wait for its end".into()
                }
            },
            Self::NothingMade { run } => format!("`runs show {}` lists its steps", run.short()).into(),
            Self::StepsAreGone { run, .. } => {
                format!("reproduce it with the binary that executed it: `runs show {}` has its hash", run.short())
                    .into()
            }
            Self::InputIsGone { .. } => {
                "a retention rule may have removed it: keep runs for longer to reproduce later ones".into()
            }
            Self::Input { source, .. } => match &**source {
                ValueError::Removed { .. } | ValueError::Io { .. } => {
                    "a value that was removed can't be made again as it was; restore it from a backup, or keep more \
                     values to reproduce later runs"
                        .into()
                }
                ValueError::Elsewhere { .. } => {
                    "what another system has made is not stored, so nothing that reads it can be reproduced".into()
                }
                ValueError::Encode { .. }
                | ValueError::Decode { .. }
                | ValueError::Damaged { .. }
                | ValueError::Unreadable { .. }
                | ValueError::Metadata(_)
                | ValueError::DataVersion(_)
                | ValueError::Database { .. }
                | ValueError::NoIoManager { .. }
                | ValueError::Previous { .. }
                | ValueError::InUse { .. }
                | ValueError::NoValue { .. } => return source.hint(),
            },
            Self::Scratch { .. } => "make room there, or set TMPDIR to another folder".into(),
            Self::Execute(error) => return error.hint(),
        })
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::NotSucceeded { .. } | Self::NothingMade { .. } | Self::StepsAreGone { .. } => {
                ErrorClass::Usage
            }
            Self::InputIsGone { .. } | Self::Input { .. } | Self::Scratch { .. } => ErrorClass::Home,
            Self::Execute(error) => error.class(),
        }
    }
}
