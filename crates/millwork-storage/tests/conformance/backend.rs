//! The backends under test.

use std::ops::Deref;
use std::sync::Arc;

use millwork_storage::{Store, connect};
use tempfile::TempDir;

/// A new, empty store, and the resources that it needs to exist.
#[derive(Clone)]
pub(crate) struct Backend {
    store: Arc<dyn Store>,
    _folder: Option<Arc<TempDir>>,
}

impl Deref for Backend {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

pub(crate) async fn memory() -> Backend {
    Backend { store: connect("memory:").await.unwrap(), _folder: None }
}

pub(crate) async fn sqlite() -> Backend {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/millwork.db", folder.path().display());
    Backend { store: connect(&url).await.unwrap(), _folder: Some(Arc::new(folder)) }
}
