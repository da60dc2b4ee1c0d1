//! What SQLite's errors mean to people.

use std::path::Path;
use std::sync::Arc;

use crate::StorageError;

/// Hints by primary result code.
const HINTS: [(&[i32], &str); 6] = [
    (&[13], "free some space on the disk that holds MILLWORK_HOME; what was reported as written is not lost"),
    (&[3, 8, 14, 23], "MILLWORK_HOME and the files in it must exist and be writable"),
    (
        &[11, 26],
        "the file is damaged, or isn't Millwork's; restore it from a backup, or use another MILLWORK_HOME",
    ),
    (&[5, 6], "another process has kept it locked for too long; see which processes use this MILLWORK_HOME"),
    (&[10], "the disk or its file system failed; the system's log says more"),
    (&[7], "there is not enough memory"),
];

/// A failure of what was tried in the database.
pub(super) fn database(action: &'static str, error: sqlx::Error) -> StorageError {
    StorageError::Database { action, hint: hint(&error), source: Box::new(error) }
}

/// A failure that many share, as their changes shared a transaction.
pub(super) fn shared(action: &'static str, error: &Arc<sqlx::Error>) -> StorageError {
    StorageError::Database { action, hint: hint(error), source: Box::new(error.clone()) }
}

/// A failure to open the database file.
pub(super) fn open(path: &Path, error: sqlx::Error) -> StorageError {
    let hint = hint(&error).unwrap_or("it must be on a disk of this machine");
    let source = std::io::Error::other(error);
    StorageError::Home { action: "open", path: path.display().to_string(), hint, source }
}

/// Something that is stored and makes no sense.
pub(super) fn unreadable<E>(what: impl Into<String>) -> impl FnOnce(E) -> StorageError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let what = what.into();
    |error| StorageError::Unreadable { what, source: error.into() }
}

/// Whether another connection is in the way.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(5 | 6))
}

/// Whether a row is there already.
pub(super) fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

fn hint(error: &sqlx::Error) -> Option<&'static str> {
    let code = primary_code(error)?;
    HINTS.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, hint)| *hint)
}

/// The lowest byte of SQLite's result code says what failed, the others where.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
