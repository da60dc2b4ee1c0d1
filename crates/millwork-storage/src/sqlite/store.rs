//! The store itself, and opening it.
//!
//! A home that can't be written is opened all the same if it can be read: on a full disk and on a read-only one, its contents stay visible.
//! The writer of such a store refuses every change. A file that is another program's, or of a later version, is not changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::connect::{BusyRetry, OpenFile};
use super::reader::Reader;
use super::writer::Writer;
use super::{connect, failure, migrate};
use crate::home::Processes;
use crate::{Holder, StorageError, Unwritable};

/// The store in a SQLite file. Other processes may use the same file at the same time.
///
/// Dropping it writes queued changes only while the runtime runs; [`close`](crate::Maintenance::close) waits for them. The last process to
/// close the file leaves a single file behind; otherwise the next one to open it cleans up.
#[derive(Debug)]
pub struct SqliteStore {
    pub(super) path: PathBuf,
    pub(super) writer: Writer,
    pub(super) reader: Reader,
    /// The sequence number up to which a retention rule in force has removed log lines.
    pub(super) logs_forgotten: AtomicI64,
    /// Checks whether a holder is alive; `None` for a store that doesn't belong to a home.
    pub(super) processes: Option<Arc<Processes>>,
}

impl SqliteStore {
    /// Opens the database at `path`, and creates it if it doesn't exist. Must be called within a Tokio runtime, on which the writer runs
    /// from then on.
    pub async fn open(path: &Path) -> Result<Self, StorageError> {
        Self::open_for(path, None).await
    }

    /// Opens the database for the processes of a home, which lock files to show that they are alive.
    pub(crate) async fn open_for(
        path: &Path,
        processes: Option<Arc<Processes>>,
    ) -> Result<Self, StorageError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| StorageError::Home {
                action: "make the folder",
                path: folder.display().to_string(),
                hint: hint_for_folder(folder),
                source,
            })?;
        }
        if is_read_only(path) {
            let looked = Self::look(path, Unwritable::ReadOnly, processes).await;
            return looked.ok_or(StorageError::ReadOnly { action: "bring the database up to date" });
        }
        let (connection, found) = match connect(path).await {
            Ok(connected) => connected,
            Err(error) if failure::is_full_disk(&error) => {
                let looked = Self::look(path, Unwritable::FullDisk, processes).await;
                return looked.ok_or_else(|| failure::open(path, error));
            }
            Err(error) => return Err(failure::open(path, error)),
        };
        let Some(found) = found else {
            let _ = connection.close().await;
            return Err(StorageError::OfOthers { path: path.display().to_string() });
        };
        if found > migrate::KNOWN_VERSION {
            let _ = connection.close().await;
            return Err(StorageError::TooNew { found, known: migrate::KNOWN_VERSION });
        }
        let (writer, reader) = (Writer::start(connection, OpenFile::at(path)), Reader::new(path));
        Ok(Self { path: path.to_owned(), writer, reader, logs_forgotten: AtomicI64::default(), processes })
    }

    /// A store that can be read though it can't be written; `None` if it can't be read either, or would have to be migrated first.
    async fn look(path: &Path, why: Unwritable, processes: Option<Arc<Processes>>) -> Option<Self> {
        let connected = match why {
            Unwritable::FullDisk => connect::look(path).await,
            Unwritable::ReadOnly => connect::look_at_what_is_read_only(path).await,
        };
        let mut connection = connected.ok()?;
        let found = migrate::version(&mut connection).await.ok()?;
        let reader = Reader::of_one(path, connection);
        let is_known = found == migrate::KNOWN_VERSION;
        let (path, writer, logs_forgotten) = (path.to_owned(), Writer::refusing(why), AtomicI64::default());
        is_known.then(|| Self { path, writer, reader, logs_forgotten, processes })
    }

    /// Before this process claims something, others must be able to check whether it is alive.
    pub(super) fn vouch_for(&self, holder: &Holder, action: &'static str) -> Result<(), StorageError> {
        if let Some(unwritable) = self.writer.unwritable() {
            return Err(unwritable.error(action));
        }
        self.processes.as_ref().map_or(Ok(()), |processes| processes.vouch_for(holder))
    }
}

/// What to do about a folder that can't be made.
fn hint_for_folder(folder: &Path) -> &'static str {
    let mut parts = folder.ancestors();
    if parts.clone().any(|part| part.is_symlink() && !part.exists()) {
        "a part of the path is a symbolic link to what doesn't exist; make its target, or choose another MILLWORK_HOME"
    } else if parts.any(Path::is_file) {
        "a part of the path is a file; choose another MILLWORK_HOME"
    } else {
        "choose another MILLWORK_HOME, or make its parent folder writable"
    }
}

/// Whether a file exists that this process must not change, or that is on a read-only disk.
fn is_read_only(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    use rustix::io::Errno;
    // It isn't opened: closing it would release the locks that this process has on it.
    matches!(access(path, Access::WRITE_OK), Err(Errno::ACCESS | Errno::ROFS))
        && access(path, Access::READ_OK).is_ok()
        && path.is_file()
}

/// Connects to the database and migrates it; returns its version, or `None` if it is another program's, which is not changed.
async fn connect(path: &Path) -> Result<(SqliteConnection, Option<i64>), sqlx::Error> {
    let mut retry = BusyRetry::default();
    loop {
        let connected = async {
            let mut connection = connect::writer(path).await?;
            if migrate::is_of_others(&mut connection).await? {
                return Ok((connection, None));
            }
            connect::keep_a_log(&mut connection).await?;
            let version = migrate::migrate(&mut connection).await?;
            Ok((connection, Some(version)))
        };
        match connected.await {
            // Turning on WAL in a new file fails at once if another process does the same.
            Err(error) if retry.allows(&error).await => {}
            connected => return connected,
        }
    }
}
