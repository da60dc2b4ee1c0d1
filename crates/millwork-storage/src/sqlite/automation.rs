//! The state of automation: a row for each asset.

use async_trait::async_trait;
use millwork_core::AssetKey;
use sqlx::Row as _;

use super::writer::{ChangeError, Transaction};
use super::{SqliteStore, failure};
use crate::{AutomationRow, AutomationStore, StorageError};

#[async_trait]
impl AutomationStore for SqliteStore {
    async fn automation_rows(&self, asset: Option<&AssetKey>) -> Result<Vec<AutomationRow>, StorageError> {
        let query = match asset {
            Some(asset) => sqlx::query("SELECT asset, state FROM automation WHERE asset = ?")
                .bind(asset.as_str().to_owned()),
            None => sqlx::query("SELECT asset, state FROM automation ORDER BY asset"),
        };
        let rows = self.reader.rows("read the state of automation", query).await?;
        let unreadable = || failure::unreadable("the state of automation");
        rows.iter()
            .map(|row| {
                let asset: String = row.try_get(0).map_err(unreadable())?;
                Ok(AutomationRow { asset: asset.into(), state: row.try_get(1).map_err(unreadable())? })
            })
            .collect()
    }
}

/// Writes the rows of an evaluation. One statement writes all rows that are kept, and one removes the others.
pub(super) async fn remember(
    transaction: &mut Transaction<'_>,
    rows: &[AutomationRow],
) -> Result<(), ChangeError> {
    let (kept, forgotten): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.state.is_some());
    if !kept.is_empty() {
        let pairs: Vec<_> = kept.iter().map(|row| (&row.asset, &row.state)).collect();
        // `WHERE true`, as SQLite would read `ON` as a part of a join.
        let text = "INSERT INTO automation (asset, state) \
                    SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true \
                    ON CONFLICT (asset) DO UPDATE SET state = excluded.state";
        let query = sqlx::query(text).bind(serde_json::to_string(&pairs).expect("texts are JSON"));
        query.execute(transaction.connection()).await?;
    }
    if !forgotten.is_empty() {
        let assets: Vec<_> = forgotten.iter().map(|row| &row.asset).collect();
        let text = "DELETE FROM automation WHERE asset IN (SELECT value FROM json_each(?1))";
        let query = sqlx::query(text).bind(serde_json::to_string(&assets).expect("texts are JSON"));
        query.execute(transaction.connection()).await?;
    }
    Ok(())
}
