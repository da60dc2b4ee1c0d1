//! What the statuses of assets follow from: a row each, and one that says until when they are right.

use async_trait::async_trait;
use sqlx::Row as _;

use super::writer::{Change, ChangeError, Transaction};
use super::{SqliteStore, failure};
use crate::{KeepStatuses, KeptStatuses, StatusStore, StorageError};

const WHAT: &str = "the statuses of assets";

#[async_trait]
impl StatusStore for SqliteStore {
    async fn statuses(&self) -> Result<Option<KeptStatuses>, StorageError> {
        // One statement, so that both are of the same moment.
        let text = "SELECT until, writer, asset, body FROM statuses_until LEFT JOIN statuses ORDER BY asset";
        let rows = self.reader.rows("read statuses", sqlx::query(text)).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let until: i64 = first.try_get("until").map_err(failure::unreadable(WHAT))?;
        let writer = first.try_get("writer").map_err(failure::unreadable(WHAT))?;
        // A row that can't be read is none: the asset is read again.
        let asset = |row: &sqlx::sqlite::SqliteRow| {
            let key: String = row.try_get("asset").ok()?;
            Some((key.as_str().into(), row.try_get("body").ok()?))
        };
        let assets = rows.iter().filter_map(asset).collect();
        Ok(Some(KeptStatuses { until: until.cast_unsigned(), writer, assets }))
    }

    async fn keep_statuses(&self, statuses: KeepStatuses) -> Result<bool, StorageError> {
        self.writer.write(Keep(statuses)).await
    }
}

/// Keeps statuses.
#[derive(Debug)]
struct Keep(KeepStatuses);

#[async_trait]
impl Change for Keep {
    type Outcome = bool;
    const ACTION: &'static str = "keep statuses";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let KeepStatuses { statuses: KeptStatuses { until, writer, assets }, are_all } = &self.0;
        let text = "INSERT INTO statuses_until (id, until, writer) SELECT 1, ?1, ?2 WHERE ?3 OR EXISTS (SELECT 1 FROM statuses_until) \
                    ON CONFLICT DO UPDATE SET until = ?1, writer = ?2 WHERE until <= ?1 AND (?3 OR writer = ?2)";
        let is_next = sqlx::query(text)
            .bind(until.cast_signed())
            .bind(writer.as_str())
            .bind(are_all)
            .execute(transaction.connection())
            .await?;
        if is_next.rows_affected() == 0 {
            return Ok(false);
        }
        if *are_all {
            sqlx::query("DELETE FROM statuses").execute(transaction.connection()).await?;
        }
        for (asset, body) in assets {
            let text =
                "INSERT INTO statuses (asset, body) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET body = ?2";
            let query = sqlx::query(text).bind(asset.as_str()).bind(body.as_str());
            query.execute(transaction.connection()).await?;
        }
        Ok(true)
    }
}

/// Forgets what was kept: it follows from events that aren't there any more.
pub(super) async fn forget(transaction: &mut Transaction<'_>) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("DELETE FROM statuses; DELETE FROM statuses_until")
        .execute(transaction.connection())
        .await?;
    Ok(())
}
