//! The status of every asset: the one answer that the command line, the API, pages and drawings give.
//!
//! A [`StatusFold`] takes in events, in any number of batches: the latest events that a store keeps, then the new ones of the log. From it,
//! the graph and the time follow the [`AssetStatuses`]: staleness, runs, checks and freshness of each asset. All that shows a status
//! reads it from there and decides nothing again.

mod derive;
mod fold;

pub use derive::{AssetHealth, AssetStatuses, PartitionHealth};
pub use fold::{StatusFold, StepProgress};
