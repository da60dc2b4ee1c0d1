//! The contexts of a sensor's function.

use std::sync::Arc;

use jiff::Timestamp;

use crate::event::Event;
use crate::param::{ResourceError, Resources};
use crate::run::RunRequest;

/// One evaluation of a sensor.
#[derive(Clone, Debug)]
pub struct SensorContext {
    /// The cursor of the last evaluation; `None` at the first.
    pub cursor: Option<String>,
    /// The time of the evaluation.
    pub now: Timestamp,
    resources: Arc<Resources>,
}

impl SensorContext {
    /// An evaluation at `now` with the resources of a pipeline.
    pub fn new(cursor: Option<String>, now: Timestamp, resources: Arc<Resources>) -> Self {
        Self { cursor, now, resources }
    }

    /// A resource of the definitions.
    ///
    /// # Errors
    ///
    /// When there is none of this type, or it can't be set up.
    pub fn resource<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, ResourceError> {
        self.resources.get::<T>()
    }
}

/// An event that a sensor reacts to.
#[derive(Clone, Debug)]
pub struct SensorEvent {
    /// The event that it reacts to.
    pub event: Event,
    /// The request of its run; `None` for reports from outside.
    pub request: Option<RunRequest>,
}
