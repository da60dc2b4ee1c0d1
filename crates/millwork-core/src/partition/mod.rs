//! Partitions: one asset, many values, each under a key.
//!
//! Everything that happens to an asset (a step, an event, a stored value, a request) carries an optional
//! [`PartitionKey`]; an asset without partitions simply never has one. Where both are meant together they are an
//! [`AssetPartition`] or a [`StepPartition`].

mod definition;
mod partitioned;

pub use crate::id::PartitionKey;
pub use definition::{PartitionsDefinition, StaticPartitions};
pub use partitioned::{AssetPartition, StepPartition};
