//! The time limit of a run that is executed by the process which requested it. Nothing else watches such a run; the limits of a run that is
//! left to a daemon are the daemon's to keep.
//!
//! The time is that of the steady clock, from the moment at which the execution begins. When it is over, the run is asked to stop, as by a
//! person, and what would have been its cancellation is its failure. A run whose remaining steps all succeed meanwhile has succeeded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use millwork_core::event::EventBody;
use millwork_core::run::{FailureClass, RunRequest};

use super::Cancel;
use crate::tasks::AbortOnDrop;

/// The limit of a run in progress. Dropping it ends its timer.
pub(crate) struct TimeLimit {
    limit: Duration,
    /// Whether it was the limit that asked the run to stop.
    has_stopped: Arc<AtomicBool>,
    _timer: AbortOnDrop<()>,
}

impl TimeLimit {
    /// Starts the time of a run; `None` if its request has no limit, or leaves it to a daemon.
    pub(crate) fn start(request: &RunRequest, cancel: &Cancel) -> Option<Self> {
        let limit = request.max_runtime().filter(|_| !request.is_queued())?;
        let has_stopped = Arc::new(AtomicBool::new(false));
        let (stops, cancel) = (has_stopped.clone(), cancel.clone());
        let timer = tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            stops.store(cancel.request_first(), Ordering::SeqCst);
        });
        Some(Self { limit, has_stopped, _timer: AbortOnDrop(timer) })
    }

    /// The end of the run, which has failed if the limit has stopped it.
    pub(crate) fn end_of(&self, end: EventBody) -> EventBody {
        if end != EventBody::RunCanceled || !self.has_stopped.load(Ordering::SeqCst) {
            return end;
        }
        let reason = format!("it took longer than {:?}", self.limit);
        EventBody::RunFailed { reason, class: FailureClass::Timeout }
    }
}
