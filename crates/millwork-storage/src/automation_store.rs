//! The contract of the automation store: the state of automation for each asset.

use async_trait::async_trait;
use millwork_core::AssetKey;

use crate::StorageError;

/// The state of automation for an asset, in a form that only its evaluation reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutomationRow {
    /// The asset.
    pub asset: AssetKey,
    /// The state; `None` to remove it.
    pub state: Option<String>,
}

/// The state of automation. There is a row for each asset, so that a [`Commit`](crate::Commit) writes only those that changed.
#[async_trait]
pub trait AutomationStore: Send + Sync {
    /// The state for one asset, or for all, in the order of their keys.
    async fn automation_rows(&self, asset: Option<&AssetKey>) -> Result<Vec<AutomationRow>, StorageError>;
}
