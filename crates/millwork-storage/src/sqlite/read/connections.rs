//! The connections that read.
//!
//! sqlx's own pool takes a connection back in a task that first makes a trip to SQLite's thread, so that the next
//! query finds none and opens another one. Here it is back at once: a connection has no state beyond its query.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Error};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::sqlite::connect;
use crate::sqlite::open_file::OpenFile;

/// How many queries can read at once.
const READERS: usize = 4;

/// The connections that read. They are opened when they are needed.
#[derive(Debug)]
pub(in crate::sqlite) struct Connections {
    file: OpenFile,
    idle: Mutex<Vec<SqliteConnection>>,
    permits: Semaphore,
}

/// A connection for one query.
pub(in crate::sqlite) struct Borrowed<'c> {
    connection: Option<SqliteConnection>,
    owner: &'c Connections,
    _permit: SemaphorePermit<'c>,
}

impl Connections {
    /// Connections to the database at `path`.
    pub(super) fn new(path: &Path) -> Self {
        Self { file: OpenFile::at(path), idle: Mutex::default(), permits: Semaphore::new(READERS) }
    }

    /// The only connection that there can be.
    pub(super) fn of_one(path: &Path, connection: SqliteConnection) -> Self {
        let idle = Mutex::new(vec![connection]);
        Self { file: OpenFile::at(path), idle, permits: Semaphore::new(1) }
    }

    /// A connection that nobody else uses now.
    pub(in crate::sqlite) async fn borrow(&self) -> Result<Borrowed<'_>, Error> {
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

    /// Closes the connections that are idle now, and lets nobody borrow any more.
    pub(super) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            // There is nothing to lose.
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
