//! What every request works with.

use std::sync::Arc;
use std::time::Instant;

use millwork_core::{Clock, Pipeline};
use millwork_storage::Store;
use tokio::sync::{Mutex, Notify};

use crate::api::Counted;
use crate::server::Numbers;

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
    /// The numbers of a daemon in this process.
    pub(crate) metrics: Numbers,
    /// What was counted for `/metrics` so far.
    pub(crate) counted: Arc<Mutex<Counted>>,
}
