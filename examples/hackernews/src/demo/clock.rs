//! The clock of a demo: it is set from hour to hour, and real time passes on it in between, so that runs have durations.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use millwork_core::Clock;

/// The most time that passes between two settings: less than a step, so that time never goes back.
const LONGEST: Duration = Duration::from_secs(3_500);

/// A clock that is set from step to step.
#[derive(Debug)]
pub(super) struct VirtualClock {
    opening: Timestamp,
    hands: Mutex<(Timestamp, Instant)>,
}

impl VirtualClock {
    /// A clock that shows `now`, of a demo that began at `opening`.
    pub(super) fn at(opening: Timestamp, now: Timestamp) -> Self {
        Self { opening, hands: Mutex::new((now, Instant::now())) }
    }

    /// Sets the clock forward. One that is ahead already isn't set back.
    pub(super) fn set(&self, to: Timestamp) {
        let to = to.max(self.now());
        *self.hands.lock().unwrap_or_else(PoisonError::into_inner) = (to, Instant::now());
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let (set_to, at) = *self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        set_to + at.elapsed().min(LONGEST)
    }

    fn steady(&self) -> Duration {
        Duration::try_from(self.now().duration_since(self.opening)).unwrap_or_default()
    }
}
