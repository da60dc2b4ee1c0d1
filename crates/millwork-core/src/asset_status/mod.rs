//! The status of every asset: the one answer that the command line, the API, pages and drawings give.
//!
//! A [`StatusFold`] takes in events, in any number of batches: the latest events that a store keeps, then the new ones of the log. From it,
//! the graph and the time follow the [`AssetStatuses`]: staleness, runs, checks and freshness of each asset. All that shows a status
//! reads it from there and decides nothing again.
//!
//! **Partitions are sets.** An asset's partitions are [`PartitionSets`]: what exists, what is behind, what runs and what has failed. What was made is
//! compared with its inputs one by one, and only where one of the two has changed; that an input is itself stale or missing goes
//! through mappings as a set. So the cost follows what has happened, and not how many partitions are defined. Why a partition isn't
//! fresh is found for those that are asked for.
//!
//! **What was made isn't kept.** Of an asset of which many partitions were made, the log's fold lets go what they were made from, once statuses
//! follow from it, and a store keeps the sets ([`StoredStatus`]) with the event up to which they are right. What is to be compared again is
//! [`Lacking`] then, and is read by partition.

mod compared;
mod derive;
mod details;
mod elsewhere;
mod fold;
mod health;
mod sets;
mod stored;
#[cfg(test)]
mod tests;

pub use derive::AssetStatuses;
pub use elsewhere::Lacking;
pub use fold::{StatusFold, StepProgress};
pub use health::{AssetHealth, PartitionHealth};
pub use sets::PartitionSets;
pub use stored::{LARGE, StoredStatus};
