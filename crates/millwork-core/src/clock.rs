//! Clocks: the source of time, which tests can set.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// How far apart the readings of processes that share a store may be: a stored moment that lies further in the future was
/// written by a clock that was ahead, or is read by one that was set back.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// The source of the current time: the system's clock, or a test's.
pub trait Clock: std::fmt::Debug + Send + Sync {
    /// The current time, by the wall clock, to be stored and shown. It may be set, forward or back, at any time.
    fn now(&self) -> Timestamp;

    /// The time since some moment in the past, which never goes back and never jumps: for waits and measurements
    /// within a process. Only its differences mean something.
    fn steady(&self) -> Duration;
}

/// The time between two readings of the wall clock, which may be those of different processes; `None` if the clock was
/// set back between them, as it isn't known then.
pub fn between(from: Timestamp, to: Timestamp) -> Option<Duration> {
    Duration::try_from(to.duration_since(from)).ok()
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    // The one place that may ask the system.
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn steady(&self) -> Duration {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        FIRST.get_or_init(Instant::now).elapsed()
    }
}

/// A clock that advances only by calls of its methods, and can be set.
#[derive(Debug)]
pub struct TestClock(Mutex<Hands>);

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    steady: Duration,
}

impl TestClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(Hands { now, steady: Duration::ZERO }))
    }

    /// Lets `duration` pass, which must not be negative.
    pub fn advance(&self, duration: SignedDuration) {
        let mut hands = self.hands();
        hands.now += duration;
        hands.steady +=
            Duration::try_from(duration).expect("time does not go back; `jump` sets the clock back");
    }

    /// Sets the wall clock forward, or back if `by` is negative, without any time passing.
    pub fn jump(&self, by: SignedDuration) {
        self.hands().now += by;
    }

    /// Sets the wall clock to `now`, without any time passing.
    pub fn set(&self, now: Timestamp) {
        self.hands().now = now;
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.hands().now
    }

    fn steady(&self) -> Duration {
        self.hands().steady
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_moves_the_wall_clock_only() {
        let start = Timestamp::UNIX_EPOCH;
        let clock = TestClock::at(start);
        clock.advance(SignedDuration::from_secs(5));
        clock.jump(SignedDuration::from_hours(-1));
        assert_eq!((between(start, clock.now()), clock.steady()), (None, Duration::from_secs(5)));
        clock.set(start);
        clock.advance(SignedDuration::from_secs(7));
        assert_eq!(
            (between(start, clock.now()), clock.steady()),
            (Some(Duration::from_secs(7)), Duration::from_secs(12))
        );
    }
}
