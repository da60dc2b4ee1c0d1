//! The backends under test.

use std::ops::Deref;
use std::sync::Arc;

use millwork_storage::{Store, StoreKind, connect};
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

/// A new store of a kind.
pub(crate) async fn new(kind: StoreKind) -> Backend {
    let (url, folder) = match kind {
        StoreKind::Sqlite => {
            let folder = tempfile::tempdir().unwrap();
            (format!("sqlite:{}/millwork.db", folder.path().display()), Some(Arc::new(folder)))
        }
        StoreKind::Memory => ("memory:".to_owned(), None),
    };
    Backend { store: connect(&url).await.unwrap(), _folder: folder }
}
