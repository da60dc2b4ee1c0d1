//! The contract of the backfill store: their plans, and what has become of them.

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::backfill::{Backfill, BackfillState, BackfillStatus, PartitionCounts, Plan};
use millwork_core::id::BackfillId;
use millwork_core::run::RunRequest;

use crate::{NewRun, StorageError};

/// A backfill to create, of which nothing has started.
#[derive(Clone, Debug)]
pub struct NewBackfill {
    /// The request of its runs, without partitions.
    pub request: RunRequest,
    /// What they make.
    pub plan: Plan,
    /// When it was requested.
    pub at: Timestamp,
}

/// A backfill in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct BackfillRecord {
    /// Its number.
    pub id: BackfillId,
    /// The request of its runs, without partitions.
    pub request: RunRequest,
    /// Its status.
    pub status: BackfillStatus,
    /// The numbers of its partitions by what has become of them.
    pub counts: PartitionCounts,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When anything became of it last.
    pub changed_at: Timestamp,
}

/// A backfill as it is stored.
#[derive(Clone, Debug)]
pub struct StoredBackfill {
    /// What a list has of it.
    pub record: BackfillRecord,
    /// How often it was changed: what a change has to start from.
    pub revision: u64,
    /// Its plan and its state.
    pub backfill: Backfill,
}

/// A change of a backfill, with the runs that start by it.
#[derive(Clone, Debug)]
pub struct BackfillChange {
    /// The backfill.
    pub id: BackfillId,
    /// The revision from which it was decided.
    pub revision: u64,
    /// What has become of it.
    pub state: BackfillState,
    /// The runs to request.
    pub runs: Vec<NewRun>,
    /// The current time.
    pub at: Timestamp,
}

/// Which backfills to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackfillQuery {
    /// Only those that haven't ended.
    pub open_only: bool,
    /// Created before this one.
    pub before: Option<BackfillId>,
    /// The maximum number; `None` for all.
    pub limit: Option<u32>,
}

/// Backfills: their plans, and what has become of them.
#[async_trait]
pub trait BackfillStore: Send + Sync {
    /// Creates a backfill, and returns its number.
    async fn create_backfill(&self, backfill: NewBackfill) -> Result<BackfillId, StorageError>;

    /// Backfills, newest first. One that can't be read is left out.
    async fn backfills(&self, query: BackfillQuery) -> Result<Vec<BackfillRecord>, StorageError>;

    /// A backfill with its plan and state; `None` if it doesn't exist. [`StorageError::Unreadable`] if it can't be read.
    async fn backfill(&self, id: BackfillId) -> Result<Option<StoredBackfill>, StorageError>;

    /// Writes a change with its runs, all of it or nothing. Returns `false`, and writes nothing, if the backfill has another revision:
    /// another process was first.
    async fn change_backfill(&self, change: BackfillChange) -> Result<bool, StorageError>;
}
