//! What becomes of runs and steps: their states, and why they fail. Names are stored, and never change.

mod class;
mod failure;
mod status;

pub use class::FailureClass;
pub use failure::{Failure, FailureKind};
pub use status::{RunStatus, StepStatus};
