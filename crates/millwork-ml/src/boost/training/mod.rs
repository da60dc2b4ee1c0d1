//! One training: how it is set up, what happens after each round, and what it leaves.
//!
//! History, early stopping, callbacks and cancellation are the same for every backend. A backend says how rounds are
//! trained ([`Rounds`]), and nothing else.

mod early_stopping;
mod progress;
mod rounds;
mod setup;
mod threads;

pub(super) use rounds::{Observe, Rounds};
pub(super) use setup::Cancelled;
pub use setup::{Best, Ending, Round, Trained, Training};
