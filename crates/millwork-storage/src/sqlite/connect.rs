//! The database file: setting up connections, waiting for other processes, and detecting that the file was removed.

use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteLockingMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Error};

use super::failure::is_busy;

/// How long SQLite itself waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The number of times that a busy database is retried after that: a `VACUUM` of a large database takes a while.
const BUSY_RETRIES: u32 = 6;
/// The pause before the first retry; each one is twice as long as the one before.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// The one connection of this process that writes. Connecting changes nothing in the file: see [`keep_a_log`].
pub(super) async fn writer(path: &Path) -> Result<SqliteConnection, Error> {
    options(path)
        .create_if_missing(true)
        // A committed transaction is on disk, also on macOS, where a plain fsync only asks for it.
        .synchronous(SqliteSynchronous::Full)
        .pragma("fullfsync", "ON")
        // Each checkpoint is two more fsyncs, so one in 8 MB of log; what a burst grew beyond 32 MB is given back.
        .pragma("wal_autocheckpoint", "2000")
        .pragma("journal_size_limit", "33554432")
        .pragma("cache_size", "-16384")
        .connect()
        .await
}

/// Turns on the write-ahead log, which is a property of the file.
pub(super) async fn keep_a_log(connection: &mut SqliteConnection) -> Result<(), Error> {
    sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(connection).await.map(drop)
}

/// A connection that reads, and never waits for the writer.
pub(super) async fn reader(path: &Path) -> Result<SqliteConnection, Error> {
    options(path).pragma("cache_size", "-4096").pragma("query_only", "ON").connect().await
}

/// The one connection of a process that only reads on a disk without room for the shared memory of the write-ahead log: SQLite keeps that
/// in private memory, and locks others out. The connection sees everything that was committed, including what is only in the write-ahead
/// log.
pub(super) async fn look(path: &Path) -> Result<SqliteConnection, Error> {
    options(path)
        .locking_mode(SqliteLockingMode::Exclusive)
        .pragma("cache_size", "-4096")
        .pragma("query_only", "ON")
        .connect()
        .await
}

/// The one connection of a process that may only read the files. While others write the database, the shared memory exists. A write-ahead
/// log without it belongs to a process that has ended, so no other process has to be locked out, and without a log nothing changes.
pub(super) async fn look_at_what_is_read_only(path: &Path) -> Result<SqliteConnection, Error> {
    let exists = |suffix: &str| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        std::fs::metadata(beside).is_ok_and(|file| file.len() > 0)
    };
    let read = options(path).read_only(true).pragma("cache_size", "-4096").pragma("query_only", "ON");
    if exists("-shm") && exists("-wal") {
        match opened(&read).await {
            // It can't be used in the state in which it was left behind.
            Err(error) if !is_busy(&error) => {}
            connected => return connected,
        }
    }
    if exists("-wal") {
        return opened(&read.vfs("unix-none").locking_mode(SqliteLockingMode::Exclusive)).await;
    }
    opened(&read.immutable(true)).await
}

/// A connection that was tested by reading from the database.
async fn opened(options: &SqliteConnectOptions) -> Result<SqliteConnection, Error> {
    let mut connection = options.connect().await?;
    sqlx::raw_sql("SELECT count(*) FROM sqlite_schema").execute(&mut connection).await?;
    Ok(connection)
}

/// The options that all connections share. Pages aren't mapped into memory: there, a failing disk would be a signal that kills the process,
/// and not an error.
fn options(path: &Path) -> SqliteConnectOptions {
    // SQLite takes names that begin with `file:` for URIs, but no absolute path does.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("temp_store", "MEMORY")
        .pragma("mmap_size", "0")
        .row_buffer_size(512)
        .disable_statement_logging()
}

/// Retries while another process holds the lock: six times, after a pause that doubles.
#[derive(Debug, Default)]
pub(super) struct BusyRetry {
    retries: u32,
}

impl BusyRetry {
    /// Whether to retry after this error; if so, waits first.
    pub(super) async fn allows(&mut self, error: &Error) -> bool {
        if !is_busy(error) || self.retries == BUSY_RETRIES {
            return false;
        }
        tokio::time::sleep(BUSY_PAUSE * 2_u32.pow(self.retries)).await;
        self.retries += 1;
        true
    }
}

/// An open database file, which may no longer be the one that its path names. Writes to a file that was removed or replaced are
/// lost.
#[derive(Clone, Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    /// Its device and number there.
    identity: Option<(u64, u64)>,
}

impl OpenFile {
    /// The file at `path`, which was opened a moment ago.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), identity: identity(path).ok() }
    }

    /// The path by which it was opened.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// An error if the path no longer names this file.
    pub(super) fn check(&self) -> Result<(), Error> {
        let is_other = match identity(&self.path) {
            Ok(found) => self.identity.is_some_and(|opened| opened != found),
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        let removed =
            || io::Error::new(ErrorKind::NotFound, "the file was removed or replaced while it was open");
        if is_other { Err(Error::Io(removed())) } else { Ok(()) }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_a_uri() {
        for path in ["file:x/millwork.db", ":memory:", "x/millwork.db", "/x/millwork.db"] {
            assert!(options(Path::new(path)).get_filename().is_absolute(), "{path}");
        }
    }
}
