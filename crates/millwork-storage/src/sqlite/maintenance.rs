//! What is asked of the file as a whole.

use serde::Serialize;
use sqlx::{Connection, Row};

use super::connect::Patience;
use super::{SqliteStore, connect, failure};
use crate::StorageError;

const COUNT: &str = "count what is there";

/// How much there is in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StoreInfo {
    /// The size of the database file.
    pub database_bytes: u64,
    /// The size of the write-ahead log beside it.
    pub wal_bytes: u64,
    /// How much of the database file is unused, and would be freed by [`SqliteStore::vacuum`].
    pub free_bytes: u64,
    /// How many events there are.
    pub events: u64,
    /// How many runs.
    pub runs: u64,
    /// How many names of steps, assets and partitions.
    pub names: u64,
    /// How many values are kept in the database.
    pub values_in_database: u64,
    /// How large these are together.
    pub bytes_of_values_in_database: u64,
}

impl SqliteStore {
    /// How much there is in the store. It looks at every event.
    pub async fn info(&self) -> Result<StoreInfo, StorageError> {
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

    /// Rewrites the database without its unused pages, and returns how many bytes of disk that freed. Nothing else can
    /// write meanwhile, and there must be room for a copy.
    pub async fn vacuum(&self) -> Result<u64, StorageError> {
        if let Some(unwritable) = self.unwritable() {
            return Err(unwritable.error("free unused space"));
        }
        let bytes = || self.bytes();
        let before = bytes();
        let mut patience = Patience::default();
        loop {
            match self.rewrite().await {
                Err(error) if patience.allows(&error).await => {}
                rewritten => {
                    break rewritten.map_err(|error| failure::database("free unused space", error))?;
                }
            }
        }
        Ok(before.saturating_sub(bytes()))
    }

    async fn rewrite(&self) -> Result<(), sqlx::Error> {
        let mut connection = connect::writer(&self.path).await?;
        sqlx::raw_sql("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
        connection.close().await
    }

    /// How many bytes of disk the database and its log take now.
    pub fn bytes(&self) -> u64 {
        self.file_bytes("") + self.file_bytes("-wal")
    }

    /// The size of the database file, or of one beside it.
    fn file_bytes(&self, suffix: &str) -> u64 {
        let mut path = self.path.clone().into_os_string();
        path.push(suffix);
        std::fs::metadata(path).map_or(0, |file| file.len())
    }
}
