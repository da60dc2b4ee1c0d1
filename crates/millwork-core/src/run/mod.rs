//! Runs: their requests, their admission from the queue, and their state.

mod limits;
mod queue;
mod renamed;
mod reproduction;
mod request;
mod retries;
mod state;
mod tags;

pub use crate::id::{RunId, StepKey};
pub use crate::outcome::{Failure, FailureClass, FailureKind, RunStatus, StepStatus};
pub use limits::RunLimits;
pub use queue::{QueueLimits, TagLimit, WaitReason, WaitingRun, admit};
pub use reproduction::{ChangedStep, Made, ReproducedAsset, Reproduction, ReproductionVerdict};
pub use request::{QUEUE_TAG, RunRequest, RunSpec, RunTarget};
pub use retries::{RetryStrategy, RunRetries};
pub use state::{IllegalTransition, RunState, StepState};
pub(crate) use tags::origin;
pub use tags::{RunTag, TAG_PREFIX, TagError};
