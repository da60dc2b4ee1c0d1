//! What every loop of the daemon is: a name, a poll interval, what wakes it, and one tick.
//!
//! A loop is a struct that owns what its ticks need and nothing else, so that its fields say what it can do. It knows neither the
//! driver, which decides when it ticks and measures it, nor the other loops.

use std::time::Duration;

use crate::activation::Activation;
use crate::error::DaemonError;
use crate::loop_name::LoopName;

/// One of the daemon's loops.
pub(crate) trait DaemonLoop: Send + 'static {
    /// What it is called.
    const NAME: LoopName;

    /// What ends its pause before the poll interval is over.
    const WOKEN_BY: &'static [Activation];

    /// The longest pause between two ticks.
    fn poll_interval(&self) -> Duration;

    /// Does what is to be done now, and says when there will be something to do, as far as that is known.
    fn tick(&mut self) -> impl Future<Output = Result<NextTick, DaemonError>> + Send;

    /// Writes down where it begins to look, if it never has: what happens from then on is seen, however early this daemon
    /// ends. Nothing is launched before all loops have.
    fn begin(&mut self) -> impl Future<Output = Result<(), DaemonError>> + Send {
        std::future::ready(Ok(()))
    }
}

/// When a loop has to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextTick {
    /// After its poll interval.
    Poll,
    /// After this time, if that isn't longer than its poll interval.
    Within(Duration),
}

impl NextTick {
    /// How long to pause.
    pub(crate) fn pause(self, poll_interval: Duration) -> Duration {
        match self {
            Self::Poll => poll_interval,
            Self::Within(time) => time.min(poll_interval),
        }
    }
}
