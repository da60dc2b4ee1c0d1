//! The layout of a home.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Holder, Liveness, Processes};
use crate::store_url::StoreUrl;
use crate::{StorageError, Store};

/// The folder that holds the store, the values, and the locks of processes.
#[derive(Clone, Debug)]
pub struct Home {
    /// The path of the folder.
    pub path: PathBuf,
    store: Arc<dyn Store>,
    pub(super) processes: Arc<Processes>,
}

impl Home {
    /// Opens the home in a folder, and makes it if it isn't there. Its store is the SQLite database in it.
    ///
    /// # Errors
    ///
    /// When the path is a URL, the folder can't be made, or the database can't be opened or is not Millwork's.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let path = path.as_ref().to_owned();
        Self::with_store(StoreUrl::of_home(&path), path).await
    }

    /// Opens a home whose store is elsewhere, at a URL that [`connect`](crate::connect) knows. The folder holds its values, and the
    /// locks by which its processes know of each other.
    ///
    /// # Errors
    ///
    /// [`StorageError::UnknownStore`] if the URL names no known kind of store; otherwise the error of opening the store.
    pub async fn open_with_store(path: impl AsRef<Path>, url: &str) -> Result<Self, StorageError> {
        Self::with_store(StoreUrl::parse(url)?, path.as_ref().to_owned()).await
    }

    async fn with_store(url: StoreUrl, path: PathBuf) -> Result<Self, StorageError> {
        StoreUrl::check_folder(&path)?;
        let processes = Arc::new(Processes::new(path.join("processes")));
        Ok(Self { store: url.connect(Some(processes.clone())).await?, path, processes })
    }

    /// The events, runs and slots.
    pub fn store(&self) -> Arc<dyn Store> {
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

    /// Whether a holder's process is alive.
    pub fn is_alive(&self, holder: &Holder) -> Liveness {
        self.processes.liveness(holder)
    }
}
