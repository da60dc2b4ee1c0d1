//! The contract of the store of statuses: what they follow from, so that nobody has to read every partition that was made.

use async_trait::async_trait;
use millwork_core::AssetKey;

use crate::StorageError;

/// What the statuses of assets follow from, as of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptStatuses {
    /// The sequence number of the last event that is included.
    pub until: u64,
    /// Who wrote them last.
    pub writer: String,
    /// Each asset with its status as JSON.
    pub assets: Vec<(AssetKey, String)>,
}

/// Statuses to write.
#[derive(Clone, Debug)]
pub struct KeepStatuses {
    /// The statuses, and until when they are right.
    pub statuses: KeptStatuses,
    /// Whether they are all; otherwise those that have changed since the same writer wrote.
    pub are_all: bool,
}

/// Keeps what statuses follow from. It can be derived again from the log, so that nothing is lost with it.
#[async_trait]
pub trait StatusStore: Send + Sync {
    /// What was kept last.
    async fn statuses(&self) -> Result<Option<KeptStatuses>, StorageError>;

    /// Keeps statuses in place of those that there are. Returns `false`, and writes nothing, if others were kept that include later events, or
    /// if only those that have changed are to be written and another writer was first.
    async fn keep_statuses(&self, statuses: KeepStatuses) -> Result<bool, StorageError>;
}
