//! The contract of the automation store: what automation remembers of each asset.

use async_trait::async_trait;
use millwork_core::AssetKey;

use crate::StorageError;

/// The state of automation for an asset, in a form that only its evaluation reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutomationRow {
    /// The asset.
    pub asset: AssetKey,
    /// The state; `None` if it is to be forgotten.
    pub state: Option<String>,
}

/// What automation remembers. There is a row for each asset, so that a [`Commit`](crate::Commit) writes what it touched.
#[async_trait]
pub trait AutomationStore: Send + Sync {
    /// What is remembered of one asset, or of all, in the order of their keys.
    async fn automation_rows(&self, asset: Option<&AssetKey>) -> Result<Vec<AutomationRow>, StorageError>;
}
