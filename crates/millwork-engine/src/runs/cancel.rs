//! Stopping a run: gracefully first, then at once.

use tokio::sync::watch;

/// How urgently a run is to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StopMode {
    /// It goes on.
    #[default]
    No,
    /// Start no more steps; async steps end at their next `await`, blocking ones are asked, and given a grace period.
    Asked,
    /// End everything without waiting.
    AtOnce,
}

/// Stops a run that is being executed. Clones stop the same run.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    stop: watch::Sender<StopMode>,
}

impl Cancel {
    /// Asks the run to stop. Asking again stops it at once.
    pub fn request(&self) {
        self.stop.send_modify(|stop| {
            *stop = if *stop == StopMode::No { StopMode::Asked } else { StopMode::AtOnce };
        });
    }

    /// Asks the run to stop; asking again has no further effect.
    pub(crate) fn request_kindly(&self) {
        self.stop.send_modify(|stop| *stop = (*stop).max(StopMode::Asked));
    }

    /// Asks the run to stop, unless that was asked before. Returns whether it was the first to ask.
    pub(crate) fn request_first(&self) -> bool {
        self.stop.send_if_modified(|stop| {
            let is_first = *stop == StopMode::No;
            if is_first {
                *stop = StopMode::Asked;
            }
            is_first
        })
    }

    /// Stops the run at once.
    pub(crate) fn force(&self) {
        self.stop.send_replace(StopMode::AtOnce);
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<StopMode> {
        self.stop.subscribe()
    }

    /// How urgently the run is to stop now.
    pub(crate) fn stop(&self) -> StopMode {
        *self.stop.borrow()
    }
}
