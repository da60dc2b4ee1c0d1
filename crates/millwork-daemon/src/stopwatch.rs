//! Measures how long something takes that began at a stored time, even if the wall clock is set.
//!
//! What is observed repeatedly is timed by the steady clock from its first observation. The time before follows from the wall clock, which
//! may have been set meanwhile: so it counts only as far as it is plausible.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::Clock;
use millwork_core::clock::between;

/// The things that are being timed.
#[derive(Debug)]
pub(crate) struct Stopwatch<Key> {
    /// The reading of the steady clock at the first observation, and the time that had passed before.
    seen: HashMap<Key, (Duration, Duration)>,
    last_look: Option<Duration>,
    this_look: Duration,
}

impl<Key> Default for Stopwatch<Key> {
    fn default() -> Self {
        Self { seen: HashMap::new(), last_look: None, this_look: Duration::ZERO }
    }
}

impl<Key: Eq + Hash> Stopwatch<Key> {
    /// Begins a round of observations of everything that is in progress.
    pub(crate) fn begin_look(&mut self, clock: &dyn Clock) {
        self.this_look = clock.steady();
    }

    /// How long something has been in progress that began at `since`: in the very first round for no longer than `oldest`, later for no
    /// longer than since the round before.
    pub(crate) fn passed(
        &mut self,
        key: Key,
        since: Timestamp,
        oldest: Option<Duration>,
        clock: &dyn Clock,
    ) -> Duration {
        let steady = clock.steady();
        let bound = self.last_look.map_or(oldest, |last| Some(steady.saturating_sub(last)));
        let (first, before) = *self.seen.entry(key).or_insert_with(|| {
            let before = between(since, clock.now()).unwrap_or_default();
            (steady, bound.map_or(before, |bound| before.min(bound)))
        });
        before + steady.saturating_sub(first)
    }

    /// Ends a round: what wasn't observed in it isn't in progress any more.
    pub(crate) fn end_look(&mut self, goes_on: impl Fn(&Key) -> bool) {
        self.seen.retain(|key, _| goes_on(key));
        self.last_look = Some(self.this_look);
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use millwork_core::TestClock;

    use super::*;

    fn look(stopwatch: &mut Stopwatch<u8>, since: Timestamp, oldest: Option<u64>, clock: &TestClock) -> u64 {
        stopwatch.begin_look(clock);
        let passed = stopwatch.passed(1, since, oldest.map(Duration::from_secs), clock);
        stopwatch.end_look(|_| true);
        passed.as_secs()
    }

    #[test]
    fn a_clock_that_is_set_changes_no_time_that_is_being_taken() {
        let start = Timestamp::from_second(1_000_000_000).expect("an instant");
        for hours in [1, -1, 365 * 24, -365 * 24] {
            let (clock, mut stopwatch) = (TestClock::at(start), Stopwatch::default());
            clock.advance(SignedDuration::from_secs(5));
            assert_eq!(look(&mut stopwatch, start, None, &clock), 5);
            clock.jump(SignedDuration::from_hours(hours));
            clock.advance(SignedDuration::from_secs(2));
            assert_eq!(look(&mut stopwatch, start, None, &clock), 7, "{hours} h");
        }
    }

    #[test]
    fn what_passed_before_the_first_look_is_no_more_than_can_be_true() {
        let start = Timestamp::from_second(1_000_000_000).expect("an instant");
        let clock = TestClock::at(start + SignedDuration::from_hours(9_000));
        assert_eq!(look(&mut Stopwatch::default(), start, Some(30), &clock), 30, "a process is as old");
        assert_eq!(look(&mut Stopwatch::default(), start, None, &clock), 9_000 * 3_600);
        let mut stopwatch = Stopwatch::<u8>::default();
        stopwatch.begin_look(&clock);
        stopwatch.end_look(|_| true);
        clock.advance(SignedDuration::from_secs(1));
        assert_eq!(look(&mut stopwatch, start, None, &clock), 1, "the look before did not find it");
        clock.set(start - SignedDuration::from_hours(1));
        assert_eq!(look(&mut Stopwatch::default(), start, None, &clock), 0, "it began in the future");
    }
}
