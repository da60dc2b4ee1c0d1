//! Runs: what was asked for, when it may start, and what has become of it.

mod class;
mod failure;
mod id;
mod limits;
mod queue;
mod request;
mod retries;
mod state;
mod status;
mod tags;

pub use class::FailureClass;
pub use failure::{Failure, FailureKind};
pub use id::{RunId, StepKey};
pub use limits::RunLimits;
pub use queue::{QueueLimits, TagLimit, WaitReason, WaitingRun, admit};
pub use request::{QUEUE_TAG, RequestError, RunRequest, RunSpec, RunTarget};
pub use retries::{RetryStrategy, RunRetries};
pub use state::{IllegalTransition, RunState, StepState};
pub use status::{RunStatus, StepStatus};
pub(crate) use tags::origin;
pub use tags::{RunTag, TAG_PREFIX, TagError};
