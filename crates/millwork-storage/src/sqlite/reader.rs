//! Reading, on connections of its own: in WAL mode a reader sees the last commit and never waits for the writer.
//!
//! sqlx's own pool takes a connection back in a task that first makes a trip to SQLite's thread, so that the next query finds none and
//! opens another one. Here it is back at once: a connection has no state beyond its query.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Connection, Error, Sqlite};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::connect::{self, OpenFile};
use super::dictionary::Dictionary;
use super::failure;
use crate::StorageError;

/// Maximum queries that read at the same time.
const READERS: usize = 4;

/// The connections that read.
#[derive(Debug)]
pub(super) struct Reader {
    connections: Connections,
    pub(super) dictionary: Dictionary,
    queries: AtomicU64,
}

impl Reader {
    /// A reader of the database at `path`. It connects when the first query needs it.
    pub(super) fn new(path: &Path) -> Self {
        Self::on(Connections::new(path))
    }

    /// A reader that uses a given connection only.
    pub(super) fn of_one(path: &Path, connection: SqliteConnection) -> Self {
        Self::on(Connections::of_one(path, connection))
    }

    fn on(connections: Connections) -> Self {
        Self { connections, dictionary: Dictionary::default(), queries: AtomicU64::new(0) }
    }

    /// The number of queries that were asked.
    pub(super) fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    /// Closes the connections.
    pub(super) async fn close(&self) {
        self.connections.close().await;
    }

    /// The rows that a query finds; `action` describes it in an error.
    pub(super) async fn rows(
        &self,
        action: &'static str,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, StorageError> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        let rows = async { query.fetch_all(&mut *self.connections.borrow().await?).await };
        rows.await.map_err(|error| failure::database(action, error))
    }
}

/// The pool of connections that read. They are opened when a query needs them.
#[derive(Debug)]
struct Connections {
    file: OpenFile,
    idle: Mutex<Vec<SqliteConnection>>,
    permits: Semaphore,
}

/// A connection for one query.
struct Borrowed<'c> {
    connection: Option<SqliteConnection>,
    owner: &'c Connections,
    _permit: SemaphorePermit<'c>,
}

impl Connections {
    /// Connections to the database at `path`.
    fn new(path: &Path) -> Self {
        Self { file: OpenFile::at(path), idle: Mutex::default(), permits: Semaphore::new(READERS) }
    }

    /// The given connection as the only one.
    fn of_one(path: &Path, connection: SqliteConnection) -> Self {
        let idle = Mutex::new(vec![connection]);
        Self { file: OpenFile::at(path), idle, permits: Semaphore::new(1) }
    }

    /// A connection that no other query uses now.
    async fn borrow(&self) -> Result<Borrowed<'_>, Error> {
        self.file.check()?;
        let permit = self.permits.acquire().await.map_err(|_| Error::PoolClosed)?;
        // The one used last has the warmest cache.
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect::reader(self.file.path()).await?,
        };
        Ok(Borrowed { connection: Some(connection), owner: self, _permit: permit })
    }

    /// Closes the idle connections, and refuses to lend any more.
    async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            // A reader has nothing to lose.
            let _ = connection.close().await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const BORROWED: &str = "it is there until it is given back";

impl Deref for Borrowed<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect(BORROWED)
    }
}

impl DerefMut for Borrowed<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect(BORROWED)
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        // A closed store closes what comes back late by dropping it.
        if !self.owner.permits.is_closed() {
            self.owner.idle().extend(self.connection.take());
        }
    }
}
