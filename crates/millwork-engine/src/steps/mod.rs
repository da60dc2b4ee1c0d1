//! One attempt of one step.

mod attempt;
mod call;
mod descendants;
mod finish;
mod judge;
mod load;

pub(crate) use attempt::{Attempt, AttemptEnd, Report, execute};
pub use descendants::{ask_descendants_to_end, end_descendants};
pub(crate) use finish::StepOutput;
pub(crate) use judge::Contest;
pub(crate) use load::{AttemptInput, InputSource, stored_version};
