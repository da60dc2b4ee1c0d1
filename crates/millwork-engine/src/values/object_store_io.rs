//! The default I/O manager: a folder, or a bucket, behind one URL.

use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;

use millwork_core::{BoxError, BoxFuture, IoError, IoManager, ValueAddress};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};

/// Stores each value as one object. An object appears whole or not at all, in a folder as in a bucket, and is never
/// overwritten.
#[derive(Clone)]
pub struct ObjectStoreIo {
    store: Arc<dyn ObjectStore>,
    /// The part of the URL below the store's root.
    prefix: Path,
    shown: String,
}

impl ObjectStoreIo {
    /// Stores values in a folder, which is made when the first value is stored. A value is on disk, with its folder's
    /// entry, before it counts as stored.
    pub fn folder(path: &FilePath) -> Self {
        let shown = path.display().to_string();
        let root = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let store = LocalFileSystem::new().with_fsync(true);
        let prefix = Path::from_absolute_path(root).unwrap_or_default();
        Self { store: Arc::new(store), prefix, shown }
    }

    /// Stores values in an object store, below `prefix`.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self { shown: format!("{store}/{prefix}"), store, prefix: Path::from(prefix) }
    }

    fn path(&self, location: &str) -> Path {
        self.prefix.parts().chain(Path::from(location).parts()).collect()
    }

    fn error(&self, action: &'static str, location: &str, error: object_store::Error) -> IoError {
        if let object_store::Error::NotFound { .. } = error {
            return IoError::Missing { location: format!("{}/{location}", self.shown) };
        }
        let location = format!("{}/{location}", self.shown);
        let source: BoxError = Box::new(error);
        IoError::Store { action, location, hint: hint(&*source), source }
    }
}

impl IoManager for ObjectStoreIo {
    fn store(&self, address: ValueAddress, bytes: Vec<u8>) -> BoxFuture<Result<String, IoError>> {
        let this = self.clone();
        Box::pin(async move {
            let location = address.path();
            let options = PutOptions::from(PutMode::Create);
            match this.store.put_opts(&this.path(&location), bytes.into(), options).await {
                Ok(_) => Ok(location),
                Err(error) => Err(this.error("store", &location, error)),
            }
        })
    }

    fn load(&self, location: String) -> BoxFuture<Result<Vec<u8>, IoError>> {
        let this = self.clone();
        Box::pin(async move {
            let load = async { this.store.get(&this.path(&location)).await?.bytes().await };
            load.await.map(Vec::from).map_err(|error| this.error("load", &location, error))
        })
    }

    fn delete(&self, location: String) -> BoxFuture<Result<(), IoError>> {
        let this = self.clone();
        Box::pin(async move {
            match this.store.delete(&this.path(&location)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(this.error("delete", &location, error)),
            }
        })
    }
}

impl fmt::Debug for ObjectStoreIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ObjectStoreIo").field(&self.shown).finish()
    }
}

/// The remedy, where the cause is one that people meet.
fn hint(error: &(dyn std::error::Error + 'static)) -> &'static str {
    let kind = std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind);
    match kind {
        Some(std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) => {
            "; hint: the disk is full: free some space, then `runs retry`"
        }
        Some(std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem) => {
            "; hint: the folder is not writable: change its permissions, or set MILLWORK_HOME"
        }
        _ => "",
    }
}
