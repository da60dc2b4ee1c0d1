//! A past for a pipeline: runs and events as months of use leave them behind, written through the storage crate's traits.
//!
//! Nothing of it ran. Runs are planned as real ones are, and their events are made up in an order that the status fold
//! accepts: `fill.rs` writes them, `course.rs` makes a run's events, `figures.rs` what assets told about their values,
//! `ticks.rs` what schedules and sensors did.

mod course;
mod figures;
mod fill;
mod ticks;

pub use fill::{FillError, Filled, Past};
