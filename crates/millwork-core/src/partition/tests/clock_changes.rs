//! Days, weeks, months and other windows where clocks change, and the arithmetic of many windows.

use jiff::Timestamp;

use super::support::said;
use crate::partition::{Calendar, IndexSet, TimeWindows, cron, daily, hourly, monthly, weekly};

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn calendar(windows: &TimeWindows) -> Calendar {
    windows.check().unwrap_or_else(|problem| panic!("{}", said(&problem)))
}

/// The labels and lengths in minutes of the first windows.
fn check(windows: &TimeWindows, expected: &[(&str, i64)]) {
    let calendar = calendar(windows);
    let found: Vec<(String, i64)> = (0..expected.len() as u64)
        .map(|position| {
            let window = calendar.nth(position).unwrap();
            assert_eq!(calendar.window(window.label()).as_ref(), Ok(&window));
            assert_eq!(calendar.position(&window), Some(position));
            assert_eq!(calendar.at_index(calendar.index(&window).unwrap()), Some(window.clone()));
            (window.label().to_owned(), window.end().duration_since(window.start()).as_mins())
        })
        .collect();
    let found: Vec<(&str, i64)> = found.iter().map(|(label, minutes)| (label.as_str(), *minutes)).collect();
    assert_eq!(found, expected, "{windows:?}");
}

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

#[test]
fn days_have_23_to_25_hours_and_one_may_be_missing() {
    let spring = [("2024-03-30", DAY), ("2024-03-31", DAY - HOUR), ("2024-04-01", DAY)];
    check(&daily("Europe/Berlin").from("2024-03-30"), &spring);
    let autumn = [("2024-10-26", DAY), ("2024-10-27", DAY + HOUR), ("2024-10-28", DAY)];
    check(&daily("Europe/Berlin").from("2024-10-26"), &autumn);
    let half = [("2024-04-06", DAY), ("2024-04-07", DAY + 30), ("2024-04-08", DAY)];
    check(&daily("Australia/Lord_Howe").from("2024-04-06"), &half);
    // Clocks jumped from midnight to one, so the day begins at one.
    let late = [("2017-10-14", DAY), ("2017-10-15", DAY - HOUR), ("2017-10-16", DAY)];
    check(&daily("America/Sao_Paulo").from("2017-10-14"), &late);
    // Midnight comes twice, and a day begins at the second.
    let twice = [("2025-11-01", DAY + HOUR), ("2025-11-02", DAY), ("2025-11-03", DAY)];
    check(&daily("America/Havana").from("2025-11-01"), &twice);
    let missing = [("2011-12-28", DAY), ("2011-12-29", DAY), ("2011-12-31", DAY)];
    check(&daily("Pacific/Apia").from("2011-12-28"), &missing);
}

#[test]
fn weeks_begin_on_sundays_and_months_on_the_first() {
    let weeks = [("2024-03-24", 7 * DAY), ("2024-03-31", 7 * DAY - HOUR), ("2024-04-07", 7 * DAY)];
    check(&weekly("Europe/Berlin").from("2024-03-20"), &weeks);
    let months = [("2024-02-01", 29 * DAY), ("2024-03-01", 31 * DAY - HOUR), ("2024-04-01", 30 * DAY)];
    check(&monthly("Europe/Berlin").from("2024-01-02"), &months);
    let months = [("2024-01", 31 * DAY), ("2024-02", 29 * DAY)];
    check(&monthly("Asia/Kathmandu").from("2024-01").format("%Y-%m"), &months);
    check(
        &weekly("UTC").from("2023-12-31").format("%Y-W%U"),
        &[("2023-W53", 7 * DAY), ("2024-W01", 7 * DAY)],
    );
    let iso = cron("0 0 * * mon", "UTC").from("2024-12-23").format("%G-W%V");
    check(&iso, &[("2024-W52", 7 * DAY), ("2025-W01", 7 * DAY), ("2025-W02", 7 * DAY)]);
}

#[test]
fn an_hour_that_repeats_is_two_windows() {
    let hours = [
        ("2024-10-27-01:00", HOUR),
        ("2024-10-27-02:00+02:00", HOUR),
        ("2024-10-27-02:00+01:00", HOUR),
        ("2024-10-27-03:00", HOUR),
    ];
    check(&hourly("Europe/Berlin").from("2024-10-27T01:00"), &hours);
    let hours = [
        ("2024-11-03-00:00", HOUR),
        ("2024-11-03-01:00-04:00", HOUR),
        ("2024-11-03-01:00-05:00", HOUR),
        ("2024-11-03-02:00", HOUR),
    ];
    check(&hourly("America/New_York").from("2024-11-03"), &hours);
    // Half an hour repeats, in which no hour begins.
    check(
        &hourly("Australia/Lord_Howe").from("2024-04-07-01:00"),
        &[("2024-04-07-01:00", 90), ("2024-04-07-02:00", HOUR)],
    );
    let halves = [("2024-04-07-01:30+11:00", 30), ("2024-04-07-01:30+10:30", 30), ("2024-04-07-02:00", 30)];
    check(&cron("*/30 * * * *", "Australia/Lord_Howe").from("2024-04-06T14:30:00Z"), &halves);
    // An offset that the format has needs no other.
    let offsets = [("2024-10-27 02+0200", HOUR), ("2024-10-27 02+0100", HOUR)];
    check(&hourly("Europe/Berlin").from("2024-10-27T02:00").format("%F %H%z"), &offsets);

    let error = calendar(&hourly("Europe/Berlin").from("2024-01-01")).window("2024-10-27-02:00").unwrap_err();
    let expected = "the time `2024-10-27-02:00` comes twice → write `2024-10-27-02:00+02:00` or `2024-10-27-02:00+01:00`";
    assert_eq!(said(&error), expected);
}

#[test]
fn a_line_of_cron_makes_windows_of_any_length() {
    let nights = [("2024-03-29-22:30", DAY), ("2024-03-30-22:30", DAY - HOUR), ("2024-03-31-22:30", DAY)];
    check(&cron("30 22 * * *", "Europe/Berlin").from("2024-03-29"), &nights);
    let halves = [("2024-02-01", 14 * DAY), ("2024-02-15", 15 * DAY), ("2024-03-01", 14 * DAY)];
    check(&cron("0 0 1,15 * *", "UTC").from("2024-02-01"), &halves);
    check(
        &cron("0 0 29 2 *", "UTC").from("2000-01-01").format("%Y"),
        &[("2000", 1461 * DAY), ("2004", 1461 * DAY)],
    );
}

#[test]
fn a_million_windows_are_counted() {
    let hours = calendar(&hourly("Europe/Berlin").from("1950-01-01"));
    let million = hours.nth(1_000_000).unwrap();
    // 1,000,000 hours are 114 years and some days.
    assert_eq!(million.label(), "2064-01-29-16:00");
    assert_eq!(hours.position(&million), Some(1_000_000));
    assert_eq!(hours.count(million.end()), 1_000_001);
    let indexes = hours.indexes(million.end());
    assert_eq!(indexes.count(), 1_000_001);
    assert!(indexes.bytes() < 2_000, "{} bytes", indexes.bytes());
    // 1970 is where indexes begin, whatever the start.
    assert_eq!(hours.at_index(0).unwrap().start(), Timestamp::UNIX_EPOCH);
    let later = calendar(&hourly("Europe/Berlin").from("2024-01-01"));
    assert_eq!(later.index(&million), hours.index(&million));
    assert_eq!(later.at_index(hours.first_index()).unwrap().label(), "1950-01-01-00:00");
}

#[test]
fn windows_end_where_the_definition_says() {
    let days = daily("Europe/Berlin").from("2024-01-01");
    let now = instant("2024-01-10T12:00:00+01:00");
    for (windows, count, last) in [
        (days.clone(), 9, Some("2024-01-09")),
        (days.clone().end_offset(1), 10, Some("2024-01-10")),
        (days.clone().end_offset(3), 12, Some("2024-01-12")),
        (days.clone().end_offset(-2), 7, Some("2024-01-07")),
        (days.clone().end_offset(-20), 0, None),
        (days.clone().until("2024-01-05"), 4, Some("2024-01-04")),
        (days.clone().until("2024-01-05T12:00").end_offset(9), 4, Some("2024-01-04")),
        (daily("Europe/Berlin").from("2030-01-01"), 0, None),
    ] {
        let calendar = calendar(&windows);
        let range = calendar.range(now);
        let found = range.map(|range| calendar.at_index(*range.end()).unwrap().label().to_owned());
        assert_eq!((calendar.count(now), found.as_deref()), (count, last), "{windows:?}");
        assert_eq!(calendar.indexes(now).count(), count);
    }
    let days = calendar(&days);
    let midnight = instant("2024-01-10T00:00:00+01:00");
    assert_eq!(days.last_ended(midnight).unwrap().label(), "2024-01-09");
    assert_eq!(
        days.last_ended(midnight - jiff::SignedDuration::from_nanos(1)).unwrap().label(),
        "2024-01-08"
    );
    assert_eq!(days.last_ended(instant("2024-01-01T12:00:00Z")), None);
    assert_eq!(days.holding(instant("2023-12-31T12:00:00Z")), None);
    assert_eq!(days.holding(midnight).unwrap().label(), "2024-01-10");
}

#[test]
fn the_days_of_a_week_and_the_hours_of_a_day_are_ranges_of_indexes() {
    let weeks = calendar(&weekly("Europe/Berlin").from("2024-01-01"));
    let days = calendar(&daily("Europe/Berlin").from("2024-03-27").until("2024-04-05"));
    let hours = calendar(&hourly("Europe/Berlin").from("2024-01-01"));
    let count = |week: &str, calendar: &Calendar| {
        let week = weeks.window(week).unwrap();
        calendar.starting_in(week.start(), week.end()).map_or(0, Iterator::count)
    };
    // From the 27th to Saturday, all of a week whose Sunday has 23 hours, and up to the 4th.
    assert_eq!(
        ["2024-03-17", "2024-03-24", "2024-03-31", "2024-04-07"].map(|week| count(week, &days)),
        [0, 4, 5, 0]
    );
    assert_eq!(["2024-03-24", "2024-03-31", "2024-10-27"].map(|week| count(week, &hours)), [168, 167, 169]);
}

#[test]
fn excluded_windows_are_left_out_by_arithmetic() {
    let weekdays =
        daily("UTC").from("2024-01-01").except_cron("0 0 * * sat,sun").except(["2024-01-03", "2024-01-06"]);
    let calendar = calendar(&weekdays);
    let now = instant("2024-01-15T00:00:00Z");
    let labels: Vec<String> = calendar
        .windows(instant("2023-01-01T00:00:00Z"), now)
        .map(|window| window.label().to_owned())
        .collect();
    let expected = [1, 2, 4, 5, 8, 9, 10, 11, 12].map(|day| format!("2024-01-{day:02}"));
    assert_eq!(labels, expected);
    assert_eq!(calendar.count(now), 9);
    let indexes: IndexSet =
        labels.iter().map(|label| calendar.index(&calendar.window(label).unwrap()).unwrap()).collect();
    assert_eq!(calendar.indexes(now), indexes);
    for (position, label) in labels.iter().enumerate() {
        let window = calendar.nth(position as u64).unwrap();
        assert_eq!(window.label(), label);
        assert_eq!(calendar.position(&window), Some(position as u64));
    }
    assert_eq!(calendar.last_ended(now).unwrap().label(), "2024-01-12");
    assert_eq!(calendar.holding(instant("2024-01-06T12:00:00Z")), None);
    for (label, expected) in [("2024-01-07", "is excluded"), ("2024-01-03", "is excluded")] {
        assert!(calendar.window(label).unwrap_err().to_string().ends_with(expected), "{label}");
    }
    // Far away, nothing is walked.
    let far = calendar.nth(100_000).unwrap();
    assert_eq!(calendar.position(&far), Some(100_000));
}
