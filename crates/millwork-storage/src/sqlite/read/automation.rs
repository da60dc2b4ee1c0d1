//! Reading what automation remembers.

use millwork_core::AssetKey;
use sqlx::Row as _;

use super::Reader;
use crate::sqlite::failure;
use crate::{AutomationRow, StorageError};

impl Reader {
    /// What is remembered of one asset, or of all.
    pub(in crate::sqlite) async fn automation_rows(
        &self,
        asset: Option<&AssetKey>,
    ) -> Result<Vec<AutomationRow>, StorageError> {
        let query = match asset {
            Some(asset) => sqlx::query("SELECT asset, state FROM automation WHERE asset = ?")
                .bind(asset.as_str().to_owned()),
            None => sqlx::query("SELECT asset, state FROM automation ORDER BY asset"),
        };
        let rows = self.rows("look for what automation remembers", query).await?;
        let unreadable = || failure::unreadable("what automation remembers");
        rows.iter()
            .map(|row| {
                let asset: String = row.try_get(0).map_err(unreadable())?;
                Ok(AutomationRow { asset: asset.into(), state: row.try_get(1).map_err(unreadable())? })
            })
            .collect()
    }
}
