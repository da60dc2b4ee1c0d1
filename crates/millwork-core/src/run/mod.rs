//! Runs: what was asked for, and what has become of it.

mod failure;
mod id;
mod request;
mod state;
mod status;

pub use failure::{Failure, FailureKind};
pub use id::{RunId, StepKey};
pub use request::{QUEUE_TAG, RunRequest};
pub use state::{IllegalTransition, RunState, StepState};
pub use status::{RunStatus, StepStatus};
