//! Files that can't be opened.

use std::path::Path;

use millwork_core::Advice as _;
use millwork_storage::{Maintenance as _, SqliteStore, StorageError};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

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
    check(&file.join("millwork.db"), &["failed to make the folder", "a part of the path is a file"]).await;
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
    for path in [link.join("millwork.db"), link.join("home/millwork.db")] {
        check(&path, &["failed to make the folder", "a symbolic link to what doesn't exist"]).await;
    }
    check(folder.path(), &["failed to open", "must exist and be writable"]).await;
    // No user can create files here.
    check(Path::new("/proc/millwork.db"), &["failed to open", "must exist and be writable"]).await;
}

#[tokio::test]
async fn databases_of_other_programs_are_left_as_they_are() {
    for made in [
        "CREATE TABLE notes (text)",
        "CREATE TABLE runs (text)",
        "CREATE TABLE notes (text); PRAGMA user_version = 7",
        "CREATE TABLE notes (text); PRAGMA user_version = 99",
        "PRAGMA user_version = 3",
        "PRAGMA application_id = 1196444487",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("millwork.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let mut other = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(made).execute(&mut other).await.unwrap();
        other.close().await.unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = SqliteStore::open(&path).await.unwrap_err();
        assert!(matches!(error, StorageError::OfOthers { .. }), "{made}: {error}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{made}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{made}");
    }
}

#[tokio::test]
async fn any_name_of_a_folder_is_a_name() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["file:x", "a?mode=memory", "a#b", "a%41", ":memory:", "file::memory:?cache=shared"] {
        let path = folder.path().join(name).join("millwork.db");
        SqliteStore::open(&path).await.unwrap().close().await;
        assert!(path.is_file(), "{name}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 6);
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
