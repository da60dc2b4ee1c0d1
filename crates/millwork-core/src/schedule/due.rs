//! What a schedule has to run now.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::schedule::{Misfire, Timetable};

/// A tick that is evaluated so late still is on time.
const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// The most missed ticks that are counted.
const MOST_COUNTED: usize = 100_000;

/// How far a schedule has been evaluated. It is stored with the runs that were requested, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleCursor {
    /// Ticks up to this instant have been evaluated.
    pub until: Timestamp,
    /// The lines and the zone that they were ticks of: other ones begin when they are first seen, so that an edit re-runs
    /// nothing.
    pub timetable: String,
}

/// What a schedule has to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The ticks to run, from old to new.
    pub ticks: Vec<Timestamp>,
    /// How many ticks were missed and are not run (100,000 at most).
    pub skipped: usize,
    /// The cursor for the next evaluation.
    pub cursor: ScheduleCursor,
}

/// Decides what to run `now`. Without a cursor, or with one of another timetable, ticks from now on count.
///
/// Ticks are evaluated once, whatever the times of evaluation: those after the cursor, up to and including now.
pub fn due(timetable: &Timetable, misfire: Misfire, cursor: Option<&ScheduleCursor>, now: Timestamp) -> Due {
    let identity = identity(timetable);
    let known = cursor.filter(|cursor| cursor.timetable == identity);
    let from = known.map_or(now, |cursor| cursor.until);
    // Where the system's clock went back, nothing is due again.
    let until = from.max(now);
    let mut ticks: Vec<Timestamp> = timetable.between(from, now).take(MOST_COUNTED).collect();
    let all = ticks.len();
    let on_time = ticks.iter().rev().take_while(|tick| now.duration_since(**tick) <= GRACE).count();
    let kept = match misfire {
        Misfire::Skip => on_time,
        Misfire::One => on_time.max(1),
        Misfire::All { limit } => on_time.max(limit),
    };
    ticks.drain(..all.saturating_sub(kept));
    let skipped = all - ticks.len();
    Due { ticks, skipped, cursor: ScheduleCursor { until, timetable: identity } }
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

    fn check(misfire: Misfire, now: &str, expected: &[&str], skipped: usize) {
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
        let back = due(&hourly, all, Some(&cursor), instant("08:00:00"));
        assert_eq!((back.ticks.len(), &back.cursor), (0, &cursor));
    }
}
