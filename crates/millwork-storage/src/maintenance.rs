//! The contract of maintenance: operations on a store as a whole. Its size, its damage, and closing it.
//!
//! A row that can't be read costs only itself: readers skip and report it. [`check`](Maintenance::check) reads every row and lists
//! those, and [`repair`](Maintenance::repair) sets them aside, where they hold up nothing and from where they can be put back. Neither
//! runs by itself.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use crate::{StorageError, Unwritable};

/// How much is in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StoreInfo {
    /// The size of the database, in bytes; 0 for a store in memory.
    pub database_bytes: u64,
    /// The size of the write-ahead log beside it, in bytes; 0 for a store without one.
    pub wal_bytes: u64,
    /// The part of the database that is unused and would be freed by [`Maintenance::compact`], in bytes.
    pub free_bytes: u64,
    /// The number of events.
    pub events: u64,
    /// The number of runs.
    pub runs: u64,
    /// The number of different names of steps, assets and partitions.
    pub names: u64,
    /// The number of values that are kept in the database.
    pub values_in_database: u64,
    /// The size of these values together, in bytes.
    pub bytes_of_values_in_database: u64,
}

/// What a store has counted since this process opened it, for metrics. A backend that doesn't count has 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// The number of transactions that were committed.
    pub commits: u64,
    /// The number of queries that were asked.
    pub queries: u64,
    /// The bytes of disk that the database takes now, with its write-ahead log.
    pub bytes: u64,
}

/// Something in the database that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The table that it is in.
    pub table: Table,
    /// The row's number, or its name where it has none; empty for the file as a whole.
    pub row: String,
    /// What the row is, in words, such as "event 7 of step `a`".
    pub what: String,
    /// The reason why it can't be read.
    pub reason: String,
}

/// Where unreadable data can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// The file as a whole: the database finds it damaged. That can't be set aside.
    File,
    /// Events.
    Events,
    /// Runs.
    Runs,
    /// Ticks of schedules, sensors and automation.
    Ticks,
    /// Deliveries of alerts.
    Deliveries,
    /// The state of automation, a row for each asset.
    Automation,
    /// Slots of concurrency pools.
    Slots,
    /// Pending work of instigators.
    Pending,
    /// Backfills.
    Backfills,
    /// The latest events of assets, which follow from all events.
    Latest,
}

impl Table {
    /// What to do about damage here that [`repair`](Maintenance::repair) can't set aside; `None` where it can.
    pub fn remedy(self) -> Option<&'static str> {
        match self {
            Self::File => Some(
                "The file itself is damaged. Restore it from a backup, or copy it with `sqlite3 millwork.db .recover`.",
            ),
            Self::Events
            | Self::Runs
            | Self::Ticks
            | Self::Deliveries
            | Self::Automation
            | Self::Slots
            | Self::Pending
            | Self::Backfills
            | Self::Latest => None,
        }
    }
}

/// Operations on a store as a whole.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// The reason why nothing could be written when the store was opened; `None` if it can be written. All of such a store can be read,
    /// and every change fails with [`StorageError::FullDisk`] or [`StorageError::ReadOnly`].
    fn unwritable(&self) -> Option<Unwritable>;

    /// The counts since this process opened the store. This runs no query.
    fn counts(&self) -> StoreCounts;

    /// The size of the store. It reads every event.
    async fn info(&self) -> Result<StoreInfo, StorageError>;

    /// Gives unused space back to the disk, and returns how many bytes that freed. No other process can write meanwhile, and a backend may
    /// need room for a copy.
    async fn compact(&self) -> Result<u64, StorageError>;

    /// Reads every row, and returns those that can't be read.
    async fn check(&self) -> Result<Vec<Finding>, StorageError>;

    /// Sets aside the rows that [`check`](Maintenance::check) finds, rebuilds projections, and returns what was found. Nothing is
    /// destroyed: each row is kept in a form in which it can be put back.
    async fn repair(&self, now: Timestamp) -> Result<Vec<Finding>, StorageError>;

    /// Writes queued changes and closes the store, after which everything else fails. Closing it again has no effect.
    async fn close(&self);
}
