//! What every request works with.

use std::sync::Arc;
use std::time::Instant;

use millwork_core::{Clock, Pipeline};
use millwork_storage::{StorageError, Store};
use tokio::sync::{Mutex, Notify};

use crate::api::Counted;
use crate::host::Host;
use crate::pages::{Changes, Layouts};
use crate::standing::{Lookout, Standings};

/// What every request works with.
#[derive(Clone)]
pub(crate) struct AppState {
    /// Shared: every request and every stream has a state of its own, and layers copy it further.
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Tells a daemon in this process that there is something to do.
    pub(crate) wake: Arc<Notify>,
    pub(crate) started: Instant,
    /// What this process knows besides.
    pub(crate) host: Arc<dyn Host>,
    /// What was counted for `/metrics` so far.
    pub(crate) counted: Arc<Mutex<Counted>>,
    /// How the assets stand.
    pub(crate) lookout: Arc<Lookout>,
    /// Whether something is new.
    pub(crate) changes: Changes,
    /// Graphs that were laid out.
    pub(crate) layouts: Arc<Layouts>,
}

impl AppState {
    /// How the assets stand now.
    pub(crate) async fn standings(&self) -> Result<Arc<Standings>, StorageError> {
        self.lookout.look(self.pipeline.graph(), &*self.store, self.clock.now()).await
    }
}
