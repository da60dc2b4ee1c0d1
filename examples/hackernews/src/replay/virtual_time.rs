//! The virtual clock of a replay: it begins at a moment of the file, and runs faster than the wall's.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::error::ReplayError;

/// How fast a virtual clock may run: faster, years would pass between two questions; slower, none would see it move.
const SPEEDS: RangeInclusive<f64> = 1e-9..=1e9;

/// Where a replay's virtual clock begins, and how fast it runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplayPace {
    /// Where it begins, in seconds since 1970; `None` for the file's first story.
    pub from: Option<i64>,
    /// How many seconds pass on it in a second.
    pub speed: f64,
}

/// A virtual clock that has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct VirtualTime {
    from: i64,
    speed: f64,
    began: Instant,
}

impl ReplayPace {
    pub(super) fn check(&self) -> Result<(), ReplayError> {
        // NaN is in no range.
        match SPEEDS.contains(&self.speed) {
            true => Ok(()),
            false => {
                let expected = "a number from 1e-9 to 1e9";
                Err(ReplayError::Option { option: "speed", value: self.speed, expected })
            }
        }
    }

    /// The clock, which begins now.
    pub(super) fn begin(self, first_story: i64) -> VirtualTime {
        VirtualTime { from: self.from.unwrap_or(first_story), speed: self.speed, began: Instant::now() }
    }
}

impl VirtualTime {
    pub(super) fn now(&self) -> i64 {
        self.after(self.began.elapsed())
    }

    /// The time on the clock when this much has passed since it began; at the end of the calendar it stops.
    fn after(&self, passed: Duration) -> i64 {
        let passed = (passed.as_secs_f64() * self.speed) as i64;
        self.from.saturating_add(passed).min(Timestamp::MAX.as_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(speed: f64, passed: Duration, expected: i64) {
        let time = ReplayPace { from: Some(1_000), speed }.begin(7);
        assert_eq!(time.after(passed), expected, "{passed:?} at {speed}");
    }

    #[test]
    fn time_passes_at_the_chosen_speed() {
        check(1.0, Duration::from_secs(60), 1_060);
        check(3_600.0, Duration::from_millis(500), 2_800);
        check(0.5, Duration::from_secs(60), 1_030);
        check(1e300, Duration::from_secs(1), Timestamp::MAX.as_second());
        assert_eq!(ReplayPace { from: None, speed: 1.0 }.begin(7).after(Duration::ZERO), 7);
    }

    #[test]
    fn a_speed_at_which_no_time_passes_is_refused() {
        for speed in [0.0, 1e-300, -1.0, 1e300, f64::NAN, f64::INFINITY] {
            assert!(ReplayPace { from: None, speed }.check().is_err(), "{speed}");
        }
    }
}
