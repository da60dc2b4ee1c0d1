//! Stored pauses, which last as long as they should even if the wall clock is set.
//!
//! A pause is stored as the time of its end, by a clock that may have been wrong, and read by one that may be set at any time. So its end
//! is compared with the wall clock once, when it is first seen, and it never lasts longer than the longest pause of its kind; from then on
//! the steady clock counts.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::Clock;

/// The pauses that have been seen, by the runs or deliveries that wait.
#[derive(Debug)]
pub(crate) struct Pauses<Key> {
    /// The stored end, and the reading of the steady clock that it was translated to.
    seen: HashMap<Key, (Timestamp, Duration)>,
}

impl<Key> Default for Pauses<Key> {
    fn default() -> Self {
        Self { seen: HashMap::new() }
    }
}

impl<Key: Eq + Hash> Pauses<Key> {
    /// Whether a pause is over that is stored to last until `until`, and lasts `longest` at most.
    pub(crate) fn is_over(
        &mut self,
        key: Key,
        until: Timestamp,
        longest: Duration,
        clock: &dyn Clock,
    ) -> bool {
        let steady = clock.steady();
        let first_seen = || {
            let left = Duration::try_from(until.duration_since(clock.now())).unwrap_or_default();
            (until, steady + left.min(longest))
        };
        let seen = self.seen.entry(key).or_insert_with(first_seen);
        if seen.0 != until {
            *seen = first_seen();
        }
        seen.1 <= steady
    }

    /// Forgets pauses of what doesn't wait any more.
    pub(crate) fn keep(&mut self, waits: impl Fn(&Key) -> bool) {
        self.seen.retain(|key, _| waits(key));
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use millwork_core::TestClock;

    use super::*;

    fn secs(secs: i64) -> SignedDuration {
        SignedDuration::from_secs(secs)
    }

    /// A pause of ten seconds, of which four are over when the clock is set; how many seconds it lasts from there.
    fn left_after(jump: SignedDuration) -> i64 {
        let clock = TestClock::at(Timestamp::from_second(1_000_000_000).expect("an instant"));
        let (until, mut pauses) = (clock.now() + secs(10), Pauses::default());
        let mut is_over = |clock: &TestClock| pauses.is_over((), until, Duration::from_secs(60), clock);
        assert!(!is_over(&clock));
        clock.advance(secs(4));
        clock.jump(jump);
        let wait = |_: &i64| {
            let waits = !is_over(&clock);
            clock.advance(secs(1));
            waits
        };
        (0..1_000).take_while(wait).count() as i64
    }

    #[test]
    fn a_clock_that_is_set_neither_ends_a_pause_nor_makes_it_longer() {
        let year = 365 * 24;
        for hours in [0, 1, -1, year, -year] {
            assert_eq!(left_after(SignedDuration::from_hours(hours)), 6, "{hours} h");
        }
    }

    #[test]
    fn a_pause_that_is_first_seen_after_a_jump_lasts_as_long_as_pauses_do() {
        let clock = TestClock::at(Timestamp::from_second(1_000_000_000).expect("an instant"));
        let (until, longest) = (clock.now() + SignedDuration::from_hours(9_000), Duration::from_secs(60));
        let mut pauses = Pauses::default();
        assert!(!pauses.is_over((), until, longest, &clock));
        clock.advance(secs(60));
        assert!(pauses.is_over((), until, longest, &clock));
        // Another pause of the same begins anew.
        assert!(!pauses.is_over((), clock.now() + secs(1), longest, &clock));
        pauses.keep(|()| false);
        assert!(pauses.seen.is_empty());
    }
}
