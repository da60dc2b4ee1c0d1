//! One training: how it is set up, what happens after each round, and what it leaves.
//!
//! History, early stopping, checkpoints, callbacks and cancellation are the same for every backend. A backend defines how
//! rounds are trained (`Rounds`), and nothing else.

mod checkpoint;
mod custom;
mod early_stopping;
mod metrics;
mod outcome;
mod progress;
mod rounds;
mod run;
mod setup;
mod threads;

pub use custom::Derivatives;
pub(super) use custom::{Custom, CustomLoss};
pub(super) use metrics::check_metrics;
pub(super) use outcome::Canceled;
pub use outcome::{Best, Ending, Round, Trained};
pub(super) use rounds::{Observe, Rounds, Task};
pub(crate) use setup::sealed;
pub use setup::{Training, TrainingData};
