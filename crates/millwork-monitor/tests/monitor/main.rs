//! Predictions, ground truth, and the performance that they are joined to: the tests of this crate, one binary for all.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod offline;
mod rows;
mod rules;
mod shadow;
mod stored;
mod support;
