//! Reading, on connections of its own: in WAL mode a reader sees the last commit and waits for nobody.

mod dictionary;
mod event_rows;
mod events;
mod latest;
mod runs;

use std::path::Path;

use sqlx::sqlite::SqlitePool;

use super::{connect, failure};
use crate::StorageError;
use dictionary::Dictionary;

/// Everything that reads.
#[derive(Debug)]
pub(super) struct Reader {
    pool: SqlitePool,
    dictionary: Dictionary,
}

impl Reader {
    /// A reader of the database at `path`. It connects when it is needed.
    pub(super) fn new(path: &Path) -> Self {
        Self { pool: connect::readers(path), dictionary: Dictionary::default() }
    }

    /// Closes the connections.
    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// The pool, for what is asked only once.
    pub(super) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// The value beside an event.
    pub(super) async fn value(&self, sequence: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let query =
            sqlx::query_scalar("SELECT value FROM events WHERE sequence = ?").bind(sequence.cast_signed());
        let value = query.fetch_optional(&self.pool).await;
        Ok(value.map_err(|error| failure::database("read a value", error))?.flatten())
    }
}
