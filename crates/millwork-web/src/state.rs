//! The state that every request works with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use millwork_api::watches_not_on;
use millwork_core::watch::Unwatched;
use millwork_core::{AssetKey, Clock, Instigator, KeyMoment, Pipeline};
use millwork_storage::{InstigatorState, StorageError, Store, key_moment, shown_states};
use tokio::sync::{Mutex, Notify};

use crate::api::Counted;
use crate::asset_status::{StatusCache, StatusSnapshot};
use crate::host::Host;
use crate::models::{ModelCache, ModelSnapshot};
use crate::pages::{Changes, FinishedRuns, Layouts};

/// The state that every request works with.
#[derive(Clone)]
pub(crate) struct AppState {
    /// Shared, since every request and every stream clones the state, and layers clone it further.
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Wakes the daemon in this process, if there is one.
    pub(crate) wake: Arc<Notify>,
    pub(crate) started: Instant,
    /// The process that serves the pages.
    pub(crate) host: Arc<dyn Host>,
    /// The counters of `/metrics`.
    pub(crate) counted: Arc<Mutex<Counted>>,
    /// The cached status of the assets.
    pub(crate) status_cache: Arc<StatusCache>,
    /// The cached lives of the models.
    pub(crate) model_cache: Arc<ModelCache>,
    /// The notifications of new events for pages.
    pub(crate) changes: Changes,
    /// The cached layouts of graphs.
    pub(crate) layouts: Arc<Layouts>,
    /// The cached steps of finished runs.
    pub(crate) finished_runs: Arc<FinishedRuns>,
}

impl AppState {
    /// The states of what requests runs, as they are shown.
    pub(crate) async fn instigators(&self) -> Result<BTreeMap<Instigator, InstigatorState>, StorageError> {
        shown_states(&*self.store, self.host.queue_limits().as_ref()).await
    }

    /// Switches what requests runs on or off, and wakes the daemon in this process.
    pub(crate) async fn switch(&self, instigator: &Instigator, on: bool) -> Result<(), StorageError> {
        let cursor = self.pipeline.switched_cursor(instigator);
        let switched = self.store.switch(instigator, Some(on), cursor).await;
        self.wake.notify_waiters();
        switched
    }

    /// The keys of partitions that there are now.
    pub(crate) async fn moment(&self) -> Result<KeyMoment, StorageError> {
        key_moment(&*self.store, self.pipeline.graph(), self.clock.now()).await
    }

    /// The current status of the assets.
    pub(crate) async fn statuses(&self) -> Result<Arc<StatusSnapshot>, StorageError> {
        self.status_cache.snapshot(self.pipeline.graph(), &*self.store, self.clock.now()).await
    }

    /// The verdicts, decisions and moves of all models, up to the event `head` at least: a page follows the log from there.
    pub(crate) async fn models(&self, head: u64) -> Result<Arc<ModelSnapshot>, StorageError> {
        self.model_cache.snapshot(self.pipeline.graph(), &*self.store, head).await
    }

    /// The watches that aren't on, and why. Nothing is read where there are none.
    pub(crate) async fn watches_not_on(&self) -> Result<BTreeMap<AssetKey, Unwatched>, StorageError> {
        if self.pipeline.watches().is_empty() {
            return Ok(BTreeMap::new());
        }
        let models = self.models(self.store.head().await?).await?;
        Ok(watches_not_on(&self.pipeline, |of| models.of(of), self.clock.now()))
    }
}
