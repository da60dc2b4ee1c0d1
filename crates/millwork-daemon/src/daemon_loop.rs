//! The trait of the daemon's loops: a name, a poll interval, the activations that wake it, and one tick.
//!
//! A loop is a struct that owns exactly what its ticks need, so that its fields show what it can do. It knows neither the driver, which
//! decides when it ticks and measures it, nor the other loops.

use std::time::Duration;

use crate::activation::Activation;
use crate::error::DaemonError;
use crate::loop_name::LoopName;

/// One of the daemon's loops.
pub(crate) trait DaemonLoop: Send + 'static {
    /// The loop's name in metrics, alerts and pages.
    const NAME: LoopName;

    /// The activations that end its pause before the poll interval is over.
    const WOKEN_BY: &'static [Activation];

    /// The longest pause between two ticks.
    fn poll_interval(&self) -> Duration;

    /// Does the work that is due, and returns when more will be due, as far as that is known.
    fn tick(&mut self) -> impl Future<Output = Result<NextTick, DaemonError>> + Send;

    /// Stores the initial cursor if there is none: events from then on are seen, however early this daemon ends. No run is launched before
    /// all loops have done this.
    fn begin(&mut self) -> impl Future<Output = Result<(), DaemonError>> + Send {
        std::future::ready(Ok(()))
    }
}

/// When a loop ticks next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextTick {
    /// After its poll interval.
    Poll,
    /// After this duration, or after its poll interval if that is shorter.
    Within(Duration),
}

impl NextTick {
    /// The pause before the next tick.
    pub(crate) fn pause(self, poll_interval: Duration) -> Duration {
        match self {
            Self::Poll => poll_interval,
            Self::Within(time) => time.min(poll_interval),
        }
    }
}
