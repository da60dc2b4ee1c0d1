//! Reading, on connections of its own: in WAL mode a reader sees the last commit and waits for nobody.

mod connections;
mod dictionary;
mod events;
mod latest;
mod packed_events;
mod runs;

use std::path::Path;

use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};

use super::failure;
use crate::StorageError;
use connections::Connections;
use dictionary::Dictionary;

/// Everything that reads.
#[derive(Debug)]
pub(super) struct Reader {
    connections: Connections,
    dictionary: Dictionary,
}

impl Reader {
    /// A reader of the database at `path`. It connects when it is needed.
    pub(super) fn new(path: &Path) -> Self {
        Self { connections: Connections::new(path), dictionary: Dictionary::default() }
    }

    /// Closes the connections.
    pub(super) async fn close(&self) {
        self.connections.close().await;
    }

    /// The rows that a query finds; `action` says what for, if it fails.
    pub(super) async fn rows(
        &self,
        action: &'static str,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, StorageError> {
        let rows = async { query.fetch_all(&mut *self.connections.borrow().await?).await };
        rows.await.map_err(|error| failure::database(action, error))
    }

    /// The value beside an event.
    pub(super) async fn value(&self, sequence: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let query = sqlx::query("SELECT value FROM events WHERE sequence = ?").bind(sequence.cast_signed());
        let rows = self.rows("read a value", query).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        sqlx::Row::try_get(row, 0).map_err(|error| failure::database("read a value", error))
    }
}
