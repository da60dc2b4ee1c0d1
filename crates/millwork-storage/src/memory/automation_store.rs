//! The automation store in memory.

use async_trait::async_trait;
use millwork_core::AssetKey;

use super::MemoryStore;
use crate::{AutomationRow, AutomationStore, Evaluation, StorageError};

#[async_trait]
impl AutomationStore for MemoryStore {
    async fn automation_rows(&self, asset: Option<&AssetKey>) -> Result<Vec<AutomationRow>, StorageError> {
        let state = self.state();
        let wanted = state.automation.iter().filter(|(key, _)| asset.is_none_or(|asset| asset == *key));
        let row = |(asset, state): (&AssetKey, &String)| AutomationRow {
            asset: asset.clone(),
            state: Some(state.clone()),
        };
        Ok(wanted.map(row).collect())
    }

    async fn record_automation(
        &self,
        evaluation: Evaluation,
        rows: Vec<AutomationRow>,
    ) -> Result<bool, StorageError> {
        let mut state = self.state();
        let recorded = state.record(evaluation)?;
        if recorded {
            for AutomationRow { asset, state: remembered } in rows {
                match remembered {
                    Some(remembered) => state.automation.insert(asset, remembered),
                    None => state.automation.remove(&asset),
                };
            }
        }
        Ok(recorded)
    }
}
