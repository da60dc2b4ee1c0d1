//! The contract of retention: removing what the rules of a pipeline don't keep.
//!
//! The store removes events, runs and ticks alone. A value is mostly an object that an I/O manager keeps, so it goes in two steps:
//! [`old_values`](RetentionStore::old_values) finds it, its owner removes the object, and [`forget_values`](RetentionStore::forget_values)
//! records that. A removal that was interrupted between the two is found again and completed.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::{Event, EventKind, KindSet};
use millwork_core::retention::{KeptValues, Retention};

use crate::StorageError;

/// The kinds of events that count as logs to a retention rule: nothing else depends on them once their run is over.
pub(crate) const LOGS: KindSet = KindSet::of(&[EventKind::Logged, EventKind::StepProgressed]);

/// For how long the value of a version is kept after an alias pointed at it: long enough to go back to it. The one before is kept longer.
pub(crate) const LATELY: Duration = Duration::from_secs(30 * 24 * 3600);

/// The amount of removed data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The number of events.
    pub events: u64,
    /// The number of runs.
    pub runs: u64,
    /// The number of ticks.
    pub ticks: u64,
}

/// Removal of what the rules of a pipeline don't keep.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Removes the events, runs and ticks that the rules don't keep. The last materialization and verdict of an asset and partition stay,
    /// with their run. The numbers of removed rows are not reused.
    async fn forget(&self, rules: &Retention, now: Timestamp) -> Result<Forgotten, StorageError>;

    /// The materializations whose values are neither among the newest of their asset and partition nor young enough, nor removed yet;
    /// oldest first, at most `limit`. Then the calls in shadow whose values aren't removed yet: once the value that was made beside is,
    /// and no trial of their version goes on.
    async fn old_values(
        &self,
        kept: KeptValues,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Event>, StorageError>;

    /// Marks the values of materializations and of calls in shadow as removed, by their sequence numbers. Objects of an I/O manager have to be removed before.
    async fn forget_values(&self, sequences: &[u64]) -> Result<(), StorageError>;
}
