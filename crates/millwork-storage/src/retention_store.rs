//! The contract of retention: forgetting what the rules of a pipeline don't keep.
//!
//! Events, runs and ticks are forgotten by the store alone. A value is mostly an object that an I/O manager keeps, so it goes in two
//! steps: [`old_values`](RetentionStore::old_values) finds it, its owner removes the object, and
//! [`forget_values`](RetentionStore::forget_values) writes that down. A removal that was cut off between the two is found, and done,
//! again.

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::{Event, EventKind, KindSet};
use millwork_core::retention::{KeptValues, Retention};

use crate::StorageError;

/// What counts as logs to a retention rule: nothing follows from it once its run is over.
pub(crate) const LOGS: KindSet = KindSet::of(&[EventKind::Logged, EventKind::StepProgressed]);

/// How much was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The number of events.
    pub events: u64,
    /// The number of runs.
    pub runs: u64,
    /// The number of ticks.
    pub ticks: u64,
}

/// Forgetting what the rules of a pipeline don't keep.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Forgets the events, runs and ticks that the rules let go. The last materialization and verdict of an asset and partition stay,
    /// with their run. The numbers of what was forgotten are not used again.
    async fn forget(&self, rules: &Retention, now: Timestamp) -> Result<Forgotten, StorageError>;

    /// The materializations whose values are neither among the newest of their asset and partition nor young enough, nor forgotten yet;
    /// oldest first, at most `limit`.
    async fn old_values(
        &self,
        kept: KeptValues,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Event>, StorageError>;

    /// Forgets the values of materializations, by their sequence numbers. What an I/O manager keeps has to be removed before.
    async fn forget_values(&self, sequences: &[u64]) -> Result<(), StorageError>;
}
