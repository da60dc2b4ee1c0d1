//! Runs: what was asked for, when it may start, and what has become of it.

mod class;
mod failure;
mod id;
mod limits;
mod queue;
mod request;
mod retries;
mod spec;
mod state;
mod status;

pub use class::FailureClass;
pub use failure::{Failure, FailureKind};
pub use id::{RunId, StepKey};
pub use limits::{MAX_RUNTIME_TAG, RunLimits};
pub use queue::{PRIORITY_TAG, QueueLimits, TagLimit, WaitReason, WaitingRun, admit};
pub use request::{QUEUE_TAG, RunRequest, WITHOUT_PREVIOUS_TAG};
pub use retries::{RETRIES_TAG, RETRY_OF_TAG, RetryStrategy, RunRetries};
pub use spec::RunSpec;
pub use state::{IllegalTransition, RunState, StepState};
pub use status::{RunStatus, StepStatus};
