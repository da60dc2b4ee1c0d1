//! The ticks of a schedule that are due, given its cursor.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Misfire;
use crate::timetable::Timetable;

/// A tick that is evaluated so late still is on time.
const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// How far a schedule has been evaluated. It is stored with the runs that were requested, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleCursor {
    /// Ticks up to this instant have been evaluated.
    pub until: Timestamp,
    /// The lines and the zone that they were ticks of: other ones begin when they are first seen, so that an edit re-runs
    /// nothing.
    pub timetable: String,
    /// How far it had been evaluated before the clock was set back: ticks until then may have been requested already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ahead_until: Option<Timestamp>,
}

/// What a schedule has to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The ticks to run, from old to new.
    pub ticks: Vec<Timestamp>,
    /// How many ticks were missed and are not run.
    pub skipped: u64,
    /// The cursor for the next evaluation.
    pub cursor: ScheduleCursor,
    /// By how much the clock was set back since the last evaluation, if it was.
    pub set_back: Option<SignedDuration>,
    evaluated_until: Option<Timestamp>,
}

impl ScheduleCursor {
    /// How far the schedule was evaluated by a clock that was ahead, if that lies in the future of `now`.
    pub fn evaluated_ahead(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.ahead_until.max(Some(self.until))?;
        (until.duration_since(now) > GRACE).then_some(until)
    }
}

impl Due {
    /// Whether a run of the tick may have been requested before the clock was set back. If so, it must not be requested again.
    pub fn may_be_requested(&self, tick: Timestamp) -> bool {
        self.evaluated_until.is_some_and(|until| tick <= until)
    }
}

/// Decides what to run `now`. Without a cursor, or with one of another timetable, ticks from now on count.
///
/// Ticks are evaluated once, whatever the times of evaluation: those after the cursor, up to and including now. A cursor that
/// lies ahead of the clock shows that the clock was ahead, and isn't waited for: ticks continue from now.
pub fn due(timetable: &Timetable, misfire: Misfire, cursor: Option<&ScheduleCursor>, now: Timestamp) -> Due {
    let identity = identity(timetable);
    let evaluated_until = cursor.and_then(|cursor| cursor.ahead_until.max(Some(cursor.until)));
    let ahead = cursor.map(|cursor| cursor.until.duration_since(now));
    // Clocks are set right by seconds all the time. So little is waited for.
    let set_back = ahead.filter(|ahead| *ahead > GRACE);
    let known = cursor.filter(|cursor| cursor.timetable == identity && set_back.is_none());
    let from = known.map_or(now, |cursor| cursor.until);
    let until = from.max(now);
    let on_time = |tick: &Timestamp| now.duration_since(*tick) <= GRACE;
    let limit = match misfire {
        Misfire::Skip => 0,
        Misfire::One => 1,
        Misfire::All { limit } => limit,
    };
    let missed = timetable.until(now).take_while(|tick| *tick > from).enumerate();
    let kept = missed.take_while(|(index, tick)| *index < limit || on_time(tick));
    let mut ticks: Vec<Timestamp> = kept.map(|(_, tick)| tick).collect();
    ticks.reverse();
    let skipped = timetable.count(from, now).saturating_sub(ticks.len() as u64);
    let ahead_until = evaluated_until.filter(|ahead| *ahead > until);
    let cursor = ScheduleCursor { until, timetable: identity, ahead_until };
    Due { ticks, skipped, cursor, set_back, evaluated_until }
}

fn identity(timetable: &Timetable) -> String {
    let crons: Vec<String> = timetable.crons().iter().map(ToString::to_string).collect();
    format!("{} {}", crons.join("; "), timetable.zone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        format!("2026-05-01T{text}Z").parse().expect("an instant")
    }

    fn check(misfire: Misfire, now: &str, expected: &[&str], skipped: u64) {
        let timetable = Timetable::new(["@hourly"], "UTC").expect("a timetable");
        let first = due(&timetable, misfire, None, instant("08:30:00"));
        assert_eq!((first.ticks.len(), first.skipped), (0, 0));
        let found = due(&timetable, misfire, Some(&first.cursor), instant(now));
        let ticks: Vec<Timestamp> = expected.iter().map(|tick| instant(tick)).collect();
        assert_eq!((found.ticks, found.skipped), (ticks, skipped), "{misfire:?} at {now}");
        assert_eq!(due(&timetable, misfire, Some(&found.cursor), instant(now)).ticks, []);
    }

    #[test]
    fn missed_ticks_are_run_as_the_schedule_says() {
        for misfire in [Misfire::Skip, Misfire::One, Misfire::All { limit: 2 }] {
            check(misfire, "08:59:59.9", &[], 0);
            check(misfire, "09:00:00", &["09:00:00"], 0);
            check(misfire, "09:01:00", &["09:00:00"], 0);
        }
        check(Misfire::Skip, "12:30:00", &[], 4);
        check(Misfire::Skip, "12:00:05", &["12:00:00"], 3);
        check(Misfire::One, "12:30:00", &["12:00:00"], 3);
        check(Misfire::All { limit: 2 }, "12:30:00", &["11:00:00", "12:00:00"], 2);
        check(Misfire::All { limit: 9 }, "10:30:00", &["09:00:00", "10:00:00"], 0);
    }

    #[test]
    fn an_edit_and_a_clock_that_goes_back_rerun_nothing() {
        let hourly = Timetable::new(["@hourly"], "UTC").expect("a timetable");
        let minutely = Timetable::new(["* * * * *"], "UTC").expect("a timetable");
        let all = Misfire::All { limit: 1_000 };
        let cursor = due(&hourly, all, None, instant("08:30:00")).cursor;
        let edited = due(&minutely, all, Some(&cursor), instant("10:30:00"));
        assert_eq!((edited.ticks.len(), edited.skipped), (0, 0));
        assert_eq!(due(&minutely, all, Some(&edited.cursor), instant("10:32:00")).ticks.len(), 2);
        let back = due(&hourly, all, Some(&cursor), instant("08:29:30"));
        assert_eq!((back.ticks.len(), &back.cursor, back.set_back), (0, &cursor, None));
    }

    #[test]
    fn after_the_clock_was_ahead_ticks_go_on_from_now_and_say_which_may_have_been_requested() {
        let hourly = Timetable::new(["@hourly"], "UTC").expect("a timetable");
        let all = Misfire::All { limit: 1_000 };
        let ahead = due(&hourly, all, None, instant("12:00:00")).cursor;
        let back = due(&hourly, all, Some(&ahead), instant("08:30:00"));
        assert_eq!((back.ticks.len(), back.skipped), (0, 0));
        assert_eq!(back.set_back, Some(SignedDuration::from_mins(210)));
        assert_eq!(back.cursor.until, instant("08:30:00"));
        assert_eq!(back.cursor.ahead_until, Some(instant("12:00:00")));

        let next = due(&hourly, all, Some(&back.cursor), instant("09:00:00"));
        assert_eq!((&next.ticks[..], next.set_back), (&[instant("09:00:00")][..], None));
        assert!(next.may_be_requested(instant("09:00:00")));

        let later = due(&hourly, all, Some(&next.cursor), instant("13:00:00"));
        let may_be: Vec<bool> = later.ticks.iter().map(|tick| later.may_be_requested(*tick)).collect();
        assert_eq!(may_be, [true, true, true, false]);
        assert_eq!(later.cursor.ahead_until, None);
        // An edit forgets what was due, but not what may have been requested.
        let minutely = Timetable::new(["* * * * *"], "UTC").expect("a timetable");
        assert_eq!(
            due(&minutely, all, Some(&ahead), instant("08:30:00")).cursor.ahead_until,
            Some(instant("12:00:00"))
        );
    }

    #[test]
    fn of_any_number_of_missed_ticks_the_newest_run_and_the_others_are_counted() {
        let minutely = Timetable::new(["* * * * *"], "UTC").expect("a timetable");
        let now = instant("12:00:30");
        let long_ago = now - SignedDuration::from_hours(24 * 3650);
        let cursor = due(&minutely, Misfire::One, None, long_ago).cursor;
        let newest = instant("12:00:00");
        for (misfire, kept) in [(Misfire::Skip, 1), (Misfire::One, 1), (Misfire::All { limit: 3 }, 3)] {
            let found = due(&minutely, misfire, Some(&cursor), now);
            assert_eq!((found.ticks.last(), found.ticks.len()), (Some(&newest), kept));
            assert_eq!(found.skipped + kept as u64, 3650 * 1440);
        }
    }
}
