//! One attempt of one step, or of several partitions of one by one call.

mod attempt;
mod batch;
mod call;
mod descendants;
mod finish;
mod judge;
mod load;
mod shadow;

pub(crate) use attempt::{Attempt, AttemptEnd, Report, execute};
pub(crate) use batch::execute_batch;
pub use descendants::{ask_descendants_to_end, end_descendants};
pub(crate) use finish::StepOutput;
pub(crate) use judge::{Contest, Ruling, unless_left};
pub(crate) use load::{AttemptInput, InputSource, stored_version};
pub(crate) use shadow::{ShadowCall, call_in_shadow};
