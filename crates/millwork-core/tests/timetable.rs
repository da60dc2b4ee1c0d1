//! Ticks against an independent scan of every minute, in zones and weeks in which clocks change.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use millwork_core::schedule::Timetable;
use proptest::prelude::*;

const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kolkata",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
];

/// A line of cron with its minutes and hours; `None` is every hour.
type Line = (&'static str, &'static [i8], Option<&'static [i8]>);

const LINES: [Line; 8] = [
    ("0 * * * *", &[0], None),
    ("*/15 * * * *", &[0, 15, 30, 45], None),
    ("30 0 * * *", &[30], Some(&[0])),
    ("30 1 * * *", &[30], Some(&[1])),
    ("45 1 * * *", &[45], Some(&[1])),
    ("0,30 2 * * *", &[0, 30], Some(&[2])),
    ("15 0,23 * * *", &[15], Some(&[0, 23])),
    ("0 3 * * *", &[0], Some(&[3])),
];

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// The ticks of a line after `from` up to `to`, by looking at the clock every minute. A time that is jumped over comes at the
/// minute of the jump; one that is seen twice comes the second time only, unless the line is for every hour.
fn scanned(line: usize, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let (_, of_minute, of_hour) = LINES[line];
    let suits = |minute: i8, hour: i8| {
        of_minute.contains(&minute) && of_hour.is_none_or(|hours| hours.contains(&hour))
    };
    let shown = |instant: Timestamp| instant.to_zoned(zone.clone()).datetime();
    let mut ticks = BTreeSet::new();
    let mut instant = from - minutes(300);
    while instant <= to + minutes(300) {
        let (now, next) = (shown(instant), shown(instant + minutes(1)));
        if suits(now.minute(), now.hour()) {
            ticks.insert(instant);
            if of_hour.is_some() {
                // The same time on the clock up to a few hours ago.
                for back in 1..=180 {
                    let before = instant - minutes(back);
                    if shown(before) == now {
                        ticks.remove(&before);
                    }
                }
            }
        }
        let jumped = now.duration_until(next).as_mins();
        for skipped in 1..jumped {
            let time = now + minutes(skipped);
            if suits(time.minute(), time.hour()) {
                ticks.insert(instant + minutes(1));
            }
        }
        instant += minutes(1);
    }
    ticks.range(from + SignedDuration::from_nanos(1)..=to).copied().collect()
}

/// A minute near a change of the clocks of the zone, between 1990 and 2030.
fn near_a_change(zone: &TimeZone, seed: u64) -> Timestamp {
    let start = Timestamp::from_second(631_152_000 + (seed % 14_000) as i64 * 86_400).expect("an instant");
    let change = zone.following(start).next().map_or(start, |change| change.timestamp());
    let change = if change > start + SignedDuration::from_hours(24 * 400) { start } else { change };
    let minute = change.as_second().div_euclid(60) * 60 - 2 * 86_400;
    Timestamp::from_second(minute).expect("an instant")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn ticks_are_those_of_the_clock(zone in 0..ZONES.len(), line in 0..LINES.len(), seed in any::<u64>()) {
        let timetable = Timetable::new([LINES[line].0], ZONES[zone]).expect("a timetable");
        let zone = TimeZone::get(ZONES[zone]).expect("a zone");
        let from = near_a_change(&zone, seed);
        let to = from + minutes(4 * 24 * 60);
        let ticks: Vec<Timestamp> = timetable.between(from, to).collect();
        prop_assert_eq!(&ticks, &scanned(line, &zone, from, to));
        prop_assert!(ticks.is_sorted_by(|left, right| left < right));

        // The last tick up to any moment is the one before it in the sequence.
        for moment in [from + minutes(1000), to, from + minutes((seed % 5000) as i64)] {
            let expected = timetable.between(from - minutes(3 * 24 * 60), moment).last();
            prop_assert_eq!(timetable.latest(moment), expected);
        }
    }

    #[test]
    fn any_cadence_sees_the_same_ticks(
        zone in 0..ZONES.len(),
        line in 0..LINES.len(),
        seed in any::<u64>(),
        cuts in prop::collection::vec(0_i64..4 * 24 * 3600, 0..30),
    ) {
        let timetable = Timetable::new([LINES[line].0], ZONES[zone]).expect("a timetable");
        let from = near_a_change(&TimeZone::get(ZONES[zone]).expect("a zone"), seed);
        let to = from + minutes(4 * 24 * 60);
        let whole: Vec<Timestamp> = timetable.between(from, to).collect();
        let mut moments: Vec<Timestamp> = cuts.into_iter().map(|cut| from + SignedDuration::from_secs(cut)).collect();
        moments.extend([from, to]);
        moments.sort();
        let parts = moments.windows(2).flat_map(|pair| timetable.between(pair[0], pair[1]).collect::<Vec<_>>());
        prop_assert_eq!(parts.collect::<Vec<_>>(), whole);
    }
}

fn check(crons: &[&str], zone: &str, from: &str, expected: &[&str]) {
    let timetable = Timetable::new(crons.iter().copied(), zone).expect("a timetable");
    let from: Timestamp = from.parse().expect("an instant");
    let ticks: Vec<String> =
        timetable.after(from).take(expected.len()).map(|tick| tick.to_string()).collect();
    assert_eq!(ticks, expected, "{crons:?} in {zone}");
}

#[test]
fn days_are_right() {
    check(&["0 12 29 2 *"], "UTC", "2096-03-01T00:00:00Z", &["2104-02-29T12:00:00Z", "2108-02-29T12:00:00Z"]);
    // Either day field when both are restricted: the 13th and Fridays.
    check(
        &["0 0 13 * fri"],
        "UTC",
        "2026-02-06T00:00:00Z",
        &[
            "2026-02-13T00:00:00Z",
            "2026-02-20T00:00:00Z",
            "2026-02-27T00:00:00Z",
            "2026-03-06T00:00:00Z",
            "2026-03-13T00:00:00Z",
        ],
    );
    check(&["@weekly"], "UTC", "2026-11-23T00:00:00Z", &["2026-11-29T00:00:00Z"]);
    check(
        &["@yearly", "0 0 1 7 *"],
        "UTC",
        "2026-07-01T00:00:00Z",
        &["2027-01-01T00:00:00Z", "2027-07-01T00:00:00Z"],
    );
    check(
        &["0 9 * * *", "0 9 * * mon"],
        "Asia/Kolkata",
        "2026-11-23T00:00:00Z",
        &["2026-11-23T03:30:00Z", "2026-11-24T03:30:00Z"],
    );
    // Samoa had no 30 December 2011.
    check(
        &["0 8 * * *"],
        "Pacific/Apia",
        "2011-12-29T00:00:00Z",
        &["2011-12-29T18:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T18:00:00Z"],
    );
}

#[test]
fn clocks_that_go_back_have_daily_times_once_and_hourly_ones_twice() {
    check(
        &["30 2 * * *"],
        "Europe/Berlin",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"],
    );
    check(
        &["30 * * * *"],
        "Europe/Berlin",
        "2026-10-24T23:00:00Z",
        &["2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"],
    );
}

#[test]
fn what_is_no_timetable_is_an_error() {
    for (crons, zone, expected) in [
        (&[][..], "UTC", "a timetable needs at least one line of cron"),
        (&["@daily"], "Europe/Berlim", "unknown time zone `Europe/Berlim`; hint: "),
        (&["@daily", "* *"], "UTC", "`* *` has 2 fields"),
    ] {
        let error = Timetable::new(crons.iter().copied(), zone).expect_err(expected).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
