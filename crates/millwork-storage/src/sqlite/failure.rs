//! SQLite's errors as errors of the store, with hints.

use std::path::Path;
use std::sync::Arc;

use crate::StorageError;

/// Hints by primary result code.
const HINTS: [(&[i32], &str); 7] = [
    (
        &[FULL],
        "free some space on the disk that holds MILLWORK_HOME; what was reported as written is not lost",
    ),
    (&[3, 8, 23], "MILLWORK_HOME and the files in it must exist and be writable"),
    (
        &[14],
        "MILLWORK_HOME and the files in it must exist and be writable, and the process must be able to open more files (`ulimit -n`)",
    ),
    (
        &[11, 26],
        "the file is damaged, or isn't Millwork's; restore it from a backup, or use another MILLWORK_HOME",
    ),
    (&[5, 6], "another process has kept it locked for too long; see which processes use this MILLWORK_HOME"),
    (
        &[10],
        "the disk or its file system failed, see the system's log; or a file would be larger than the process may write (`ulimit -f`)",
    ),
    (&[7], "there is not enough memory"),
];

/// `SQLITE_FULL`.
const FULL: i32 = 13;
/// `SQLITE_IOERR_SHMOPEN` and `SQLITE_IOERR_SHMSIZE`.
const NO_ROOM_FOR_SHARED_MEMORY: [i32; 2] = [4618, 4874];

/// A failure of an action on the database.
pub(super) fn database(action: &'static str, error: sqlx::Error) -> StorageError {
    StorageError::Database { action, hint: hint(&error), source: Box::new(error) }
}

/// A failure that several callers share, as their changes shared a transaction.
pub(super) fn shared(action: &'static str, error: &Arc<sqlx::Error>) -> StorageError {
    StorageError::Database { action, hint: hint(error), source: Box::new(error.clone()) }
}

/// A failure to open the database file.
pub(super) fn open(path: &Path, error: sqlx::Error) -> StorageError {
    let hint = hint(&error).unwrap_or("it must be on a disk of this machine");
    let source = std::io::Error::other(error);
    StorageError::Home { action: "open", path: path.display().to_string(), hint, source }
}

/// An error for stored data that is invalid.
pub(super) fn unreadable<E>(what: impl Into<String>) -> impl FnOnce(E) -> StorageError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let what = what.into();
    |error| StorageError::Unreadable { what, source: error.into() }
}

/// Whether the disk is full: for the data, or for the shared memory of the write-ahead log, which is a file as well.
pub(super) fn is_full_disk(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(FULL)
        || code(error).is_some_and(|code| NO_ROOM_FOR_SHARED_MEMORY.contains(&code))
}

/// Whether another connection holds the lock.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(5 | 6))
}

/// Whether an answer would be longer than SQLite's texts can be.
pub(super) fn is_too_long(error: &StorageError) -> bool {
    cause(error).and_then(primary_code) == Some(18)
}

/// Whether a change failed because the disk is full.
pub(crate) fn is_of_full_disk(error: &StorageError) -> bool {
    matches!(error, StorageError::FullDisk { .. }) || cause(error).is_some_and(is_full_disk)
}

/// The error of SQLite behind one of the store, also one that several callers [share](shared).
fn cause(error: &StorageError) -> Option<&sqlx::Error> {
    let StorageError::Database { source, .. } = error else { return None };
    let shared = || source.downcast_ref::<Arc<sqlx::Error>>().map(|error| &**error);
    source.downcast_ref().or_else(shared)
}

/// Whether a row exists already.
pub(super) fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

fn hint(error: &sqlx::Error) -> Option<&'static str> {
    if matches!(error, sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::NotFound) {
        return Some("end this process, and start it again with the home that is there now");
    }
    let code = if is_full_disk(error) { FULL } else { primary_code(error)? };
    HINTS.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, hint)| *hint)
}

/// The lowest byte of SQLite's result code is the kind of failure, the others the place.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    code(error).map(|code| code & 0xff)
}

/// SQLite's extended result code.
fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}
