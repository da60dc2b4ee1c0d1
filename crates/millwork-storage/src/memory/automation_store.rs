//! The automation store in memory.

use async_trait::async_trait;
use millwork_core::AssetKey;

use super::MemoryStore;
use crate::{AutomationRow, AutomationStore, StorageError};

#[async_trait]
impl AutomationStore for MemoryStore {
    async fn automation_rows(&self, asset: Option<&AssetKey>) -> Result<Vec<AutomationRow>, StorageError> {
        let state = self.state()?;
        let wanted = state.automation.iter().filter(|(key, _)| asset.is_none_or(|asset| asset == *key));
        let row = |(asset, state): (&AssetKey, &String)| AutomationRow {
            asset: asset.clone(),
            state: Some(state.clone()),
        };
        Ok(wanted.map(row).collect())
    }
}
