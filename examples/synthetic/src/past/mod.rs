//! A past for a pipeline: runs and events as months of use leave them behind, written through the storage crate's traits.
//!
//! None of it was executed. Runs are planned as real ones are, and their events are made up in an order that the status fold accepts:
//! `fill.rs` writes them, `run_events.rs` makes a run's events, `figures.rs` the metadata of values, `ticks.rs` the ticks of schedules and
//! sensors.

mod figures;
mod fill;
mod run_events;
mod ticks;

pub use fill::{FillError, Filled, Past};
