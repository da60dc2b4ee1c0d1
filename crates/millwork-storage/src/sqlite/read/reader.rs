//! Runs queries on connections of its own.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};

use super::super::failure;
use super::connections::Connections;
use super::dictionary::Dictionary;
use crate::StorageError;

/// Everything that reads.
#[derive(Debug)]
pub(in crate::sqlite) struct Reader {
    pub(super) connections: Connections,
    pub(super) dictionary: Dictionary,
    queries: AtomicU64,
}

impl Reader {
    /// A reader of the database at `path`. It connects when it is needed.
    pub(in crate::sqlite) fn new(path: &Path) -> Self {
        Self::on(Connections::new(path))
    }

    /// A reader on the only connection that there can be.
    pub(in crate::sqlite) fn of_one(path: &Path, connection: SqliteConnection) -> Self {
        Self::on(Connections::of_one(path, connection))
    }

    fn on(connections: Connections) -> Self {
        Self { connections, dictionary: Dictionary::default(), queries: AtomicU64::new(0) }
    }

    /// How many queries were asked.
    pub(in crate::sqlite) fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    /// Closes the connections.
    pub(in crate::sqlite) async fn close(&self) {
        self.connections.close().await;
    }

    /// The rows that a query finds; `action` says what for, if it fails.
    pub(in crate::sqlite) async fn rows(
        &self,
        action: &'static str,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, StorageError> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        let rows = async { query.fetch_all(&mut *self.connections.borrow().await?).await };
        rows.await.map_err(|error| failure::database(action, error))
    }

    /// The value beside an event.
    pub(in crate::sqlite) async fn value(&self, sequence: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let query = sqlx::query("SELECT value FROM events WHERE sequence = ?").bind(sequence.cast_signed());
        let rows = self.rows("read a value", query).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        sqlx::Row::try_get(row, 0).map_err(|error| failure::database("read a value", error))
    }
}
