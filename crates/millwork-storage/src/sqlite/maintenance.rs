//! Maintenance: operations on the file as a whole.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Connection, Row};

use super::check::Damage;
use super::connect::BusyRetry;
use super::set_aside::SetAside;
use super::{SqliteStore, connect, failure};
use crate::{Finding, Maintenance, StorageError, StoreCounts, StoreInfo, Table, Unwritable};

const COUNT: &str = "count rows";

#[async_trait]
impl Maintenance for SqliteStore {
    fn unwritable(&self) -> Option<Unwritable> {
        self.writer.unwritable()
    }

    fn counts(&self) -> StoreCounts {
        StoreCounts { commits: self.writer.commits(), queries: self.reader.queries(), bytes: self.bytes() }
    }

    async fn info(&self) -> Result<StoreInfo, StorageError> {
        let text = "SELECT count(*), count(value), ifnull(sum(length(value)), 0), \
                    (SELECT count(*) FROM runs), (SELECT count(*) FROM names), \
                    (SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size) FROM events";
        let rows = self.reader.rows(COUNT, sqlx::query(text)).await?;
        let counted = rows.first().ok_or(sqlx::Error::RowNotFound).and_then(|row| {
            let count = |index| row.try_get(index).map(i64::unsigned_abs);
            Ok(StoreInfo {
                database_bytes: self.file_bytes(""),
                wal_bytes: self.file_bytes("-wal"),
                events: count(0)?,
                values_in_database: count(1)?,
                bytes_of_values_in_database: count(2)?,
                runs: count(3)?,
                names: count(4)?,
                free_bytes: count(5)?,
            })
        });
        counted.map_err(|error| failure::database(COUNT, error))
    }

    async fn compact(&self) -> Result<u64, StorageError> {
        if let Some(unwritable) = self.unwritable() {
            return Err(unwritable.error("free unused space"));
        }
        let bytes = || self.bytes();
        let before = bytes();
        let mut retry = BusyRetry::default();
        loop {
            match self.rewrite().await {
                Err(error) if retry.allows(&error).await => {}
                rewritten => {
                    break rewritten.map_err(|error| failure::database("free unused space", error))?;
                }
            }
        }
        Ok(before.saturating_sub(bytes()))
    }

    async fn check(&self) -> Result<Vec<Finding>, StorageError> {
        Ok(self.damage().await?.into_iter().map(|damage| damage.finding).collect())
    }

    async fn repair(&self, now: Timestamp) -> Result<Vec<Finding>, StorageError> {
        let mut found = Vec::new();
        for Damage { finding, column } in self.damage().await? {
            if finding.table != Table::File {
                self.writer.write(SetAside { finding: finding.clone(), column, now }).await?;
            }
            found.push(finding);
        }
        Ok(found)
    }

    async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

impl SqliteStore {
    /// Rewrites the file without its unused pages.
    async fn rewrite(&self) -> Result<(), sqlx::Error> {
        let mut connection = connect::writer(&self.path).await?;
        sqlx::raw_sql("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
        connection.close().await
    }

    /// The bytes of disk that the database and its log take now.
    fn bytes(&self) -> u64 {
        self.file_bytes("") + self.file_bytes("-wal")
    }

    /// The size of the database file, or of one beside it.
    fn file_bytes(&self, suffix: &str) -> u64 {
        let mut path = self.path.clone().into_os_string();
        path.push(suffix);
        std::fs::metadata(path).map_or(0, |file| file.len())
    }
}
