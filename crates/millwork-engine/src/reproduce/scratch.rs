//! A temporary folder for the values of a reproduction.

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use millwork_core::id::RunId;
use millwork_core::{Clock as _, IoManager, Pipeline, SystemClock};
use millwork_storage::EventLog;

use super::ReproduceError;
use crate::{ObjectStoreIo, Values};

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes a folder that only this user can read.
    pub(super) fn new() -> Result<Self, ReproduceError> {
        let path = std::env::temp_dir().join(format!("millwork-{}", RunId::new(SystemClock.now())));
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|source| ReproduceError::Scratch { folder: path.display().to_string(), source })?;
        Ok(Self { path })
    }

    /// The values of a reproduction. The pipeline's own I/O managers aren't asked to store anything: what they would store is kept here.
    pub(super) fn values(&self, log: Arc<dyn EventLog>, pipeline: &Pipeline) -> Values {
        let folder =
            |name: &str| -> Arc<dyn IoManager> { Arc::new(ObjectStoreIo::folder(&self.path.join(name))) };
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
