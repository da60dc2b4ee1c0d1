//! A temporary folder for the values of a reproduction.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use millwork_core::advice::chain_of;
use millwork_core::id::RunId;
use millwork_core::{
    BoxError, BoxFuture, Clock as _, IoError, IoManager, Pipeline, SystemClock, ValueAddress,
};
use millwork_storage::EventLog;

use super::ReproduceError;
use crate::{ObjectStoreIo, Values};

/// What the names of these folders begin with.
const PREFIX: &str = "millwork-";
/// The file in each that is locked as long as its process lives.
const LOCK: &str = "lock";

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    /// The reason why a value could not be stored first.
    failure: Arc<OnceLock<String>>,
    _lock: File,
}

impl Scratch {
    /// Makes a folder that only this user can read, and removes those of processes that were killed.
    pub(super) fn new() -> Result<Self, ReproduceError> {
        Self::within(&std::env::temp_dir())
    }

    fn within(folder: &Path) -> Result<Self, ReproduceError> {
        remove_abandoned(folder);
        let path = folder.join(format!("{PREFIX}{}", RunId::new(SystemClock.now())));
        let lock = DirBuilder::new().mode(0o700).create(&path).and_then(|()| locked(&path));
        match lock {
            Ok(lock) => Ok(Self { path, failure: Arc::default(), _lock: lock }),
            Err(source) => {
                let _ = std::fs::remove_dir_all(&path);
                Err(unusable("make", &path, source.into()))
            }
        }
    }

    /// Fails if a value could not be stored here: what the steps make is then not known.
    pub(super) fn check(&self) -> Result<(), ReproduceError> {
        self.failure
            .get()
            .map_or(Ok(()), |reason| Err(unusable("store a value in", &self.path, reason.as_str().into())))
    }

    /// The values of a reproduction. The pipeline's own I/O managers aren't asked to store anything: what they would store is kept here.
    pub(super) fn values(&self, log: Arc<dyn EventLog>, pipeline: &Pipeline) -> Values {
        let folder = |name: &str| -> Arc<dyn IoManager> {
            let folder = ObjectStoreIo::folder(&self.path.join(name));
            Arc::new(ScratchIo { folder, failure: self.failure.clone() })
        };
        let names = pipeline.io_managers().keys().enumerate();
        let named: BTreeMap<String, Arc<dyn IoManager>> =
            names.map(|(index, name)| (name.clone(), folder(&format!("values-{index}")))).collect();
        Values::new(log, folder("values"), named)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The system clears what can't be removed now.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn unusable(action: &'static str, path: &Path, source: BoxError) -> ReproduceError {
    ReproduceError::Scratch { action, folder: path.display().to_string(), source }
}

/// Makes the lock file of a folder. It has its name once it is locked, so that nobody takes it for that of a dead process.
fn locked(path: &Path) -> io::Result<File> {
    let new = path.join("new");
    let lock = File::create(&new)?;
    lock.lock()?;
    std::fs::rename(new, path.join(LOCK))?;
    Ok(lock)
}

/// Removes the folders whose process is gone: their lock is free. What can't be looked at belongs to another user.
fn remove_abandoned(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let path = entry.path();
        if File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// Stores values in the folder, and notes the first that can't be stored.
#[derive(Debug)]
struct ScratchIo {
    folder: ObjectStoreIo,
    failure: Arc<OnceLock<String>>,
}

impl IoManager for ScratchIo {
    fn store(&self, address: ValueAddress, bytes: Vec<u8>) -> BoxFuture<Result<String, IoError>> {
        let (stored, failure) = (self.folder.store(address, bytes), self.failure.clone());
        Box::pin(async move {
            let stored = stored.await;
            if let Err(error) = &stored {
                let _ = failure.set(chain_of(error).join(": "));
            }
            stored
        })
    }

    fn load(&self, location: String) -> BoxFuture<Result<Vec<u8>, IoError>> {
        self.folder.load(location)
    }

    fn delete(&self, location: String) -> BoxFuture<Result<(), IoError>> {
        self.folder.delete(location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_has_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let named = |name: &str| folder.path().join(name);
        for name in ["millwork-killed", "millwork-being-made", "millwork", "other"] {
            std::fs::create_dir(named(name)).unwrap();
        }
        for name in ["millwork-killed", "millwork", "other"] {
            std::fs::write(named(name).join(LOCK), "").unwrap();
        }
        let first = Scratch::within(folder.path()).unwrap();
        let second = Scratch::within(folder.path()).unwrap();
        assert!(first.path.exists() && second.path.exists(), "those of living processes stay");
        let there =
            ["millwork-killed", "millwork-being-made", "millwork", "other"].map(|name| named(name).exists());
        assert_eq!(there, [false, true, true, true]);
        drop(first);
        assert!(second.path.exists());
    }
}
