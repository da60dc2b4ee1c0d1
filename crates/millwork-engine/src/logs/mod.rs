//! Everything that a step prints or logs, from `tracing` events to a panic, is part of its run's log.

mod aside;
mod current;
mod layer;
mod line_budget;
mod line_buffer;
mod output;
mod panic;
mod step_recorder;

pub use aside::{PrintedAside, print_aside};
pub(crate) use current::{WithStep, as_step};
pub use layer::LogLayer;
pub(crate) use line_budget::LineBudget;
pub use output::{CapturedOutput, capture_output};
pub(crate) use output::{Printing, no_step_runs, wait_for_captured_output};
pub(crate) use panic::{catch_panic, observe_panics, panicked};
pub(crate) use step_recorder::{StepRecorder, shorten};
