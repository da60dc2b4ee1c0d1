//! What is where in a home.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Holder, Liveness, Processes};
use crate::{SqliteStore, StorageError};

/// The folder that everything lives in.
#[derive(Clone, Debug)]
pub struct Home {
    /// The folder.
    pub path: PathBuf,
    store: Arc<SqliteStore>,
    pub(super) processes: Arc<Processes>,
}

impl Home {
    /// Opens a home, and makes it if it isn't there.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let path = path.as_ref().to_owned();
        let processes = Arc::new(Processes::new(path.join("processes")));
        let store = SqliteStore::open_shared(&path.join("millwork.db"), processes.clone()).await?;
        Ok(Self { path, store: Arc::new(store), processes })
    }

    /// The events, runs and slots.
    pub fn store(&self) -> Arc<SqliteStore> {
        self.store.clone()
    }

    /// The folder of the default I/O manager.
    pub fn values_path(&self) -> PathBuf {
        self.path.join("values")
    }

    /// This process, as the holder of what it claims from the [`store`](Home::store). Its lock is taken when it first
    /// claims something.
    pub fn holder(&self) -> &Holder {
        self.processes.this()
    }

    /// Whether a holder's process still lives.
    pub fn is_alive(&self, holder: &Holder) -> Liveness {
        self.processes.liveness(holder)
    }
}
