//! The default I/O manager: a folder, or a bucket, behind one URL.

use std::error::Error;
use std::path::{Component, Path as FilePath, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

use millwork_core::{BoxFuture, IoError, IoManager, ValueAddress};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};

/// Stores each value as one object. An object appears whole or not at all, in a folder as in a bucket, and is never overwritten.
#[derive(Clone)]
pub struct ObjectStoreIo {
    store: Arc<dyn ObjectStore>,
    root: Root,
    shown: String,
}

/// The root of all locations.
#[derive(Clone)]
enum Root {
    /// An absolute path of the file system, without `..`.
    Folder(PathBuf),
    /// The part of the URL below the store's own root.
    Prefix(Path),
}

impl ObjectStoreIo {
    /// Stores values in a folder, which is created when the first value is stored. A value and its folder's entry are on disk before it
    /// counts as stored.
    pub fn folder(path: &FilePath) -> Self {
        let shown = path.display().to_string();
        let folder = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let store = LocalFileSystem::new().with_fsync(true);
        Self { store: Arc::new(store), root: Root::Folder(without_parents(&folder)), shown }
    }

    /// Stores values in an object store, below `prefix`.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self { shown: format!("{store}/{prefix}"), store, root: Root::Prefix(Path::from(prefix)) }
    }

    fn path(&self, location: &str) -> Result<Path, object_store::Error> {
        let root = match &self.root {
            Root::Folder(folder) => Path::from_absolute_path(folder)?,
            Root::Prefix(prefix) => prefix.clone(),
        };
        // The location is used as it is: characters that `Path::from` would escape are part of a file's name.
        Ok(Path::parse(format!("{root}/{location}"))?)
    }

    /// Stores an object at the address, or beside it if an attempt whose events were lost has written there.
    async fn put(&self, address: &ValueAddress, bytes: PutPayload) -> Result<String, object_store::Error> {
        let location = address.path();
        let mut free = location.clone();
        for copy in 2_u32.. {
            let options = PutOptions::from(PutMode::Create);
            match self.store.put_opts(&self.path(&free)?, bytes.clone(), options).await {
                Err(object_store::Error::AlreadyExists { .. }) => {}
                result => return result.map(|_| free),
            }
            let stem = location.strip_suffix(address.extension).unwrap_or(&location);
            free = format!("{stem}{copy}.{}", address.extension);
        }
        unreachable!("the range has no end")
    }

    fn error(&self, action: &'static str, location: &str, error: object_store::Error) -> IoError {
        let location = format!("{}/{location}", self.shown);
        match of_system(&error) {
            Some(source) => {
                IoError::Store { action, location, hint: hint(source.kind()), source: Box::new(source) }
            }
            None => IoError::Store { action, location, hint: None, source: Box::new(error) },
        }
    }
}

impl IoManager for ObjectStoreIo {
    fn store(&self, address: ValueAddress, bytes: Vec<u8>) -> BoxFuture<Result<String, IoError>> {
        let this = self.clone();
        Box::pin(async move {
            let stored = this.put(&address, bytes.into()).await;
            stored.map_err(|error| this.error("store", &address.path(), error))
        })
    }

    fn load(&self, location: String) -> BoxFuture<Result<Vec<u8>, IoError>> {
        let this = self.clone();
        Box::pin(async move {
            let load = async { this.store.get(&this.path(&location)?).await?.bytes().await };
            match load.await {
                Ok(bytes) => Ok(Vec::from(bytes)),
                Err(object_store::Error::NotFound { .. }) => {
                    Err(IoError::Missing { location: format!("{}/{location}", this.shown) })
                }
                Err(error) => Err(this.error("load", &location, error)),
            }
        })
    }

    fn delete(&self, location: String) -> BoxFuture<Result<(), IoError>> {
        let this = self.clone();
        Box::pin(async move {
            let delete = async { this.store.delete(&this.path(&location)?).await };
            match delete.await {
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

/// The path without `..`, which object stores don't support.
fn without_parents(path: &FilePath) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        if component == Component::ParentDir {
            // Where `..` leads depends on links, as far as the folder exists.
            resolved = resolved.canonicalize().unwrap_or(resolved);
            resolved.pop();
        } else {
            resolved.push(component);
        }
    }
    resolved
}

/// The system's error behind that of an object store, if there is one: the others on the way repeat it and the path.
fn of_system(error: &(dyn Error + 'static)) -> Option<io::Error> {
    let cause = std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref::<io::Error>())?;
    Some(match cause.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(cause.kind(), cause.to_string()),
    })
}

/// The remedy for common causes.
#[expect(clippy::wildcard_enum_match_arm, reason = "an `io::ErrorKind` of another kind has no remedy here")]
fn hint(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("the disk is full: free some space, then `runs retry`")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Some(
            "permission denied: change the permissions of the file and its folders, or set MILLWORK_HOME",
        ),
        io::ErrorKind::FileTooLarge => Some(
            "the file would be larger than the process may write (`ulimit -f`), or than the file system allows",
        ),
        io::ErrorKind::NotADirectory => Some("a file exists where a folder is needed"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::Advice as _;

    use super::*;

    #[test]
    fn a_full_disk() {
        let source = Box::new(io::Error::from(io::ErrorKind::StorageFull));
        let error = object_store::Error::Generic { store: "LocalFileSystem", source };
        let found = ObjectStoreIo::folder(FilePath::new("/values")).error("store", "a/1.json", error);
        assert_eq!(
            found.one_line(),
            "failed to store `/values/a/1.json`; hint: the disk is full: free some space, then `runs retry`"
        );
    }
}
