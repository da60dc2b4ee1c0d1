//! What every request works with.

use std::sync::Arc;
use std::time::Instant;

use millwork_core::{Clock, Pipeline};
use millwork_storage::{StorageError, Store};
use tokio::sync::{Mutex, Notify};

use crate::api::Counted;
use crate::asset_status::{StatusCache, StatusSnapshot};
use crate::host::Host;
use crate::pages::{Changes, FinishedRuns, Layouts};

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
    /// How the assets are.
    pub(crate) status_cache: Arc<StatusCache>,
    /// Whether something is new.
    pub(crate) changes: Changes,
    /// Graphs that were laid out.
    pub(crate) layouts: Arc<Layouts>,
    /// The steps of finished runs that were shown.
    pub(crate) finished_runs: Arc<FinishedRuns>,
}

impl AppState {
    /// How the assets are now.
    pub(crate) async fn statuses(&self) -> Result<Arc<StatusSnapshot>, StorageError> {
        self.status_cache.snapshot(self.pipeline.graph(), &*self.store, self.clock.now()).await
    }
}
