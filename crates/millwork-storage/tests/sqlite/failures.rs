//! What can be wrong with a file.

use millwork_core::Advice as _;
use std::path::Path;

use millwork_storage::{SqliteStore, StorageError};

/// Fails to open the database at `path`, with a message that has these parts.
async fn check(path: &Path, parts: &[&str]) {
    let error = SqliteStore::open(path).await.unwrap_err();
    let message = error.one_line();
    assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    assert!(!message.ends_with('.') && std::error::Error::source(&error).is_some(), "{error:?}");
}

#[tokio::test]
async fn damaged_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("millwork.db");
    std::fs::write(&path, vec![7; 8192]).unwrap();
    check(&path, &["failed to open", "millwork.db", "hint: the file is damaged"]).await;
    assert_eq!(std::fs::read(&path).unwrap(), vec![7; 8192], "it is left as it is");
}

#[tokio::test]
async fn unusable_folders() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    check(&file.join("millwork.db"), &["failed to make the folder", "MILLWORK_HOME"]).await;
    check(folder.path(), &["failed to open", "must exist and be writable"]).await;
    // Nobody can create files here, whoever runs the tests.
    check(Path::new("/proc/millwork.db"), &["failed to open", "must exist and be writable"]).await;
}

#[tokio::test]
async fn later_versions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("millwork.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    // The version stands at byte 60 of the file, big-endian: https://www.sqlite.org/fileformat.html
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(&path, bytes).unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(error, StorageError::TooNew { found: 99, .. }), "{error}");
}
