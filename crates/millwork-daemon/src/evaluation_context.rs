//! The dependencies of an evaluation of a schedule or a sensor. An evaluation may outlast the tick that starts it, so it owns a copy.

use std::sync::Arc;

use millwork_core::{Clock, Pipeline};
use millwork_storage::Store;

use crate::activation::Activations;
use crate::event::Observer;
use crate::functions::Functions;

/// The dependencies of an evaluation of a schedule or a sensor.
#[derive(Clone)]
pub(crate) struct EvaluationContext {
    pub(crate) pipeline: Pipeline,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Observer,
    pub(crate) functions: Functions,
    pub(crate) activations: Activations,
}
