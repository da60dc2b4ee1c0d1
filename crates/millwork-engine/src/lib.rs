//! Executes runs: dispatcher, attempts of steps, values at rest, logs.
//!
//! [`Engine::execute`] claims a run and works through its plan. One *dispatcher* owns the run's state and decides what
//! comes next; each *attempt* of a step is a task of its own, which loads inputs, calls the function, stores the
//! outputs, and reports back by message; one *recorder* appends events to the log, in order, and shows them to an
//! observer once they are on disk.

mod backtest;
mod engine;
mod environment;
mod error;
mod logs;
mod reproduce;
mod runs;
mod steps;
mod tasks;
mod trial;
mod values;

pub use backtest::BacktestError;
pub use engine::{Engine, EngineOptions, RunOutcome};
pub use environment::EnvironmentProbe;
pub use error::ExecuteError;
pub use logs::{CapturedOutput, LogLayer, PrintedAside, capture_output, print_aside};
pub use reproduce::{ReproduceError, ReproductionPlan};
pub use runs::{Cancel, Observation, Observer};
pub use steps::{ask_descendants_to_end, end_descendants};
pub use trial::{TrialError, TrialOutcome};
pub use values::{ForgetError, ForgottenValues, ObjectStoreIo, ValueError, Values, forget_values};
