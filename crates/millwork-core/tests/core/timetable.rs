//! Ticks against an independent clock that is looked at every minute, in ten zones over years in which clocks change.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use millwork_core::advice::Advice;
use millwork_core::schedule::Timetable;
use proptest::prelude::*;

/// Zones, each with the first of the two years that are looked at minute by minute.
const ZONES: [(&str, i64); 12] = [
    ("UTC", 2023),
    ("Europe/Berlin", 2025),
    ("America/New_York", 2025),
    // Clocks changed at midnight.
    ("America/Sao_Paulo", 2017),
    ("America/Havana", 2025),
    ("Asia/Tehran", 2021),
    ("Asia/Kolkata", 2025),
    ("Asia/Beirut", 2023),
    // Clocks change by half an hour.
    ("Australia/Lord_Howe", 2025),
    // It has no 30 December 2011.
    ("Pacific/Apia", 2011),
    ("Pacific/Chatham", 2025),
    // Clocks change four times a year, around Ramadan.
    ("Africa/Casablanca", 2025),
];

/// A line of cron in words of its own.
struct Line {
    cron: &'static str,
    /// Whether it comes as often as the clock shows its times, or once at each time of a day.
    repeats: bool,
    minute: fn(i64) -> bool,
    hour: fn(i64) -> bool,
    day: fn(&Day) -> bool,
}

/// A day of the calendar.
#[derive(Clone, Copy)]
struct Day {
    month: i64,
    day: i64,
    is_last: bool,
    /// From Sunday, which is 0.
    weekday: i64,
}

macro_rules! lines {
    ($($cron:literal $repeats:literal $minute:expr, $hour:expr, $day:expr;)*) => {
        [$(Line { cron: $cron, repeats: $repeats, minute: $minute, hour: $hour, day: $day }),*]
    };
}

const LINES: [Line; 20] = lines! {
    "0 * * * *" true |minute| minute == 0, |_| true, |_| true;
    "0 0-23 * * *" true |minute| minute == 0, |_| true, |_| true;
    "30 * * * *" true |minute| minute == 30, |_| true, |_| true;
    "*/7 * * * *" true |minute| minute % 7 == 0, |_| true, |_| true;
    "5,25,45 * * * *" true |minute| [5, 25, 45].contains(&minute), |_| true, |_| true;
    "*/10 1-4 * * *" true |minute| minute % 10 == 0, |hour| (1..=4).contains(&hour), |_| true;
    "0-59/20 0,2 * * *" true |minute| minute % 20 == 0, |hour| hour == 0 || hour == 2, |_| true;
    "0 */2 * * *" true |minute| minute == 0, |hour| hour % 2 == 0, |_| true;
    "0,10,20 1-4 * * *" false |minute| [0, 10, 20].contains(&minute), |hour| (1..=4).contains(&hour), |_| true;
    "0 */24 * * *" false |minute| minute == 0, |hour| hour == 0, |_| true;
    "30 0 * * *" false |minute| minute == 30, |hour| hour == 0, |_| true;
    "30 1 * * *" false |minute| minute == 30, |hour| hour == 1, |_| true;
    "45 1 * * *" false |minute| minute == 45, |hour| hour == 1, |_| true;
    "0,30 2 * * *" false |minute| minute % 30 == 0, |hour| hour == 2, |_| true;
    "15 0,23 * * *" false |minute| minute == 15, |hour| hour == 0 || hour == 23, |_| true;
    "0 3 * * *" false |minute| minute == 0, |hour| hour == 3, |_| true;
    "30 2 * * sun" false |minute| minute == 30, |hour| hour == 2, |day| day.weekday == 0;
    "59 23 15,L * *" false |minute| minute == 59, |hour| hour == 23, |day| day.is_last || day.day == 15;
    "0 0 13 * fri" false |minute| minute == 0, |hour| hour == 0, |day| day.day == 13 || day.weekday == 5;
    "*/30 2 29 2 *" true |minute| minute % 30 == 0, |hour| hour == 2, |day| (day.month, day.day) == (2, 29);
};

/// The days from 1 January 1970 to the end of 2040.
fn calendar() -> Vec<Day> {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut days: Vec<Day> = Vec::new();
    for year in 1970..=2040 {
        let february = if is_leap(year) { 29 } else { 28 };
        let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, length) in (1..).zip(lengths) {
            for day in 1..=length {
                // 1 January 1970 was a Thursday.
                let weekday = (days.len() as i64 + 4) % 7;
                days.push(Day { month, day, is_last: day == length, weekday });
            }
        }
    }
    days
}

fn at_minute(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).expect("an instant")
}

/// What the clock of a zone shows at each minute, both as minutes since 1970.
fn clock(zone: &TimeZone, from: i64, to: i64) -> Vec<(i64, i64)> {
    let shown = |minute| minute + i64::from(zone.to_offset(at_minute(minute)).seconds()) / 60;
    (from..=to).map(|minute| (minute, shown(minute))).collect()
}

/// The ticks of a line, by watching the clock.
fn watched(line: &Line, clock: &[(i64, i64)], calendar: &[Day]) -> BTreeSet<i64> {
    let suits = |shown: i64| {
        (line.minute)(shown % 60)
            && (line.hour)(shown / 60 % 24)
            && (line.day)(&calendar[(shown / (24 * 60)) as usize])
    };
    let mut repeated = BTreeSet::new();
    // When each time was shown last, or jumped over.
    let mut times = BTreeMap::new();
    let mut before = clock[0].1 - 1;
    for &(minute, shown) in clock {
        for jumped_over in before + 1..shown {
            if suits(jumped_over) {
                times.insert(jumped_over, minute);
            }
        }
        if suits(shown) {
            repeated.insert(minute);
            times.insert(shown, minute);
        }
        before = shown;
    }
    if line.repeats { repeated } else { times.into_values().collect() }
}

/// Compares every way to look at a timetable with what was watched, after the minute `from` and up to `to`.
fn compare(crons: &[&str], zone: &str, watched: &BTreeSet<i64>, from: i64, to: i64, moments: &[i64]) {
    let timetable = Timetable::new(crons.iter().copied(), zone).expect("a timetable");
    let expected: Vec<i64> = watched.range(from + 1..=to).copied().collect();
    let minute = |tick: Timestamp| tick.as_second().div_euclid(60);
    let (first, last) = (at_minute(from), at_minute(to));
    let found: Vec<i64> = timetable.between(first, last).map(minute).collect();
    let wrong = found.iter().zip(&expected).position(|(found, expected)| found != expected);
    let shown = wrong.map(|at| (at_minute(found[at]), at_minute(expected[at])));
    assert_eq!((wrong, found.len()), (None, expected.len()), "{crons:?} in {zone}: {shown:?}");
    let backwards: Vec<i64> = timetable.until(last).map(minute).take_while(|tick| *tick > from).collect();
    assert!(backwards.iter().rev().eq(&expected), "{crons:?} in {zone}, backwards");
    for &moment in moments {
        let place = expected.partition_point(|tick| *tick <= moment);
        let (at, context) = (at_minute(moment), format!("{crons:?} in {zone} at {}", at_minute(moment)));
        assert_eq!(timetable.count(first, at), place as u64, "{context}");
        assert_eq!(timetable.count(at, last), (expected.len() - place) as u64, "{context}");
        if let Some(next) = expected.get(place) {
            assert_eq!(timetable.next(at).map(minute), Some(*next), "{context}");
        }
        if place > 0 {
            assert_eq!(timetable.previous(at).map(minute), Some(expected[place - 1]), "{context}");
        }
    }
}

#[test]
fn every_minute_of_two_years_in_twelve_zones() {
    let calendar = calendar();
    std::thread::scope(|threads| {
        for (name, year) in ZONES {
            let calendar = &calendar;
            threads.spawn(move || every_minute_of_two_years(name, year, calendar));
        }
    });
}

fn every_minute_of_two_years(name: &str, year: i64, calendar: &[Day]) {
    let zone = TimeZone::get(name).expect("a zone");
    let from = (year - 1970) * 365 * 24 * 60 + 3 * 24 * 60;
    let to = from + 2 * 366 * 24 * 60;
    let clock = clock(&zone, from - 3 * 24 * 60, to + 3 * 24 * 60);
    let moments: Vec<i64> = (0..40).map(|part| from + (to - from) / 40 * part + 7 * part).collect();
    for line in &LINES {
        compare(&[line.cron], name, &watched(line, &clock, calendar), from, to, &moments);
    }
    let several = [5, 8, 13, 18];
    let union: BTreeSet<i64> =
        several.iter().flat_map(|line| watched(&LINES[*line], &clock, calendar)).collect();
    compare(&several.map(|line| LINES[line].cron), name, &union, from, to, &moments);
}

/// A minute near a change of the clocks of the zone, between 1990 and 2030.
fn near_a_change(zone: &TimeZone, seed: u64) -> i64 {
    let start = Timestamp::from_second(631_152_000 + (seed % 14_000) as i64 * 86_400).expect("an instant");
    let change = zone.following(start).next().map_or(start, |change| change.timestamp());
    let change = if change > start + SignedDuration::from_hours(24 * 400) { start } else { change };
    change.as_second().div_euclid(60) - 2 * 24 * 60
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn ticks_are_those_of_the_clock_around_any_change(
        zone in 0..ZONES.len(),
        line in 0..LINES.len(),
        seed in any::<u64>(),
        moments in prop::collection::vec(0_i64..4 * 24 * 60, 0..30),
    ) {
        let name = ZONES[zone].0;
        let zone = TimeZone::get(name).expect("a zone");
        let from = near_a_change(&zone, seed);
        let to = from + 4 * 24 * 60;
        let clock = clock(&zone, from - 3 * 24 * 60, to + 3 * 24 * 60);
        let ticks = watched(&LINES[line], &clock, &calendar());
        let moments: Vec<i64> = moments.into_iter().map(|moment| from + moment).collect();
        compare(&[LINES[line].cron], name, &ticks, from, to, &moments);
    }

    #[test]
    fn any_cadence_sees_the_same_ticks(
        zone in 0..ZONES.len(),
        line in 0..LINES.len(),
        seed in any::<u64>(),
        cuts in prop::collection::vec(0_i64..4 * 24 * 3600, 0..30),
    ) {
        let (name, _) = ZONES[zone];
        let timetable = Timetable::new([LINES[line].cron], name).expect("a timetable");
        let from = at_minute(near_a_change(&TimeZone::get(name).expect("a zone"), seed));
        let to = from + SignedDuration::from_hours(4 * 24);
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
fn a_sparse_line_comes_when_it_comes() {
    // A 29 February that is a Sunday.
    check(
        &["0 12 29 2 */7"],
        "UTC",
        "2004-03-01T00:00:00Z",
        &["2032-02-29T12:00:00Z", "2060-02-29T12:00:00Z"],
    );
    check(&["0 6 L * *"], "UTC", "2028-01-31T06:00:00Z", &["2028-02-29T06:00:00Z", "2028-03-31T06:00:00Z"]);
    let end: Timestamp = "9999-12-30T00:00:00Z".parse().expect("an instant");
    let leap = Timetable::new(["0 0 29 2 *"], "Europe/Berlin").expect("a timetable");
    assert_eq!(leap.next(end), None);
    assert_eq!(leap.previous(Timestamp::MIN), None);
    assert_eq!(leap.count(Timestamp::MIN, Timestamp::MIN), 0);
}

#[test]
fn what_is_said_every_so_often_comes_so_often_when_clocks_change() {
    let spring = "2026-03-29T00:00:00Z";
    check(&["30 * * * *"], "Europe/Berlin", spring, &["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"]);
    check(&["*/30 1-4 * * *"], "Europe/Berlin", spring, &["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"]);
    let autumn = "2026-10-24T23:50:00Z";
    check(&["*/10 1-4 * * *"], "Europe/Berlin", autumn, &["2026-10-25T00:00:00Z", "2026-10-25T00:10:00Z"]);
    check(&["0 0-23 * * *"], "Europe/Berlin", autumn, &["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"]);
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
        let error = Timetable::new(crons.iter().copied(), zone).expect_err(expected).one_line();
        assert!(error.starts_with(expected), "{error}");
    }
}
