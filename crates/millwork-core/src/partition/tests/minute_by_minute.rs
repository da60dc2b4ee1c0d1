//! A year of hourly windows in ten zones, against a clock that is looked at every minute.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::partition::{Calendar, TimeWindow, hourly};

/// Zones, each with a year in which its clocks change.
const ZONES: [(&str, i16); 10] = [
    ("UTC", 2024),
    ("Europe/Berlin", 2024),
    ("America/New_York", 2024),
    // Clocks changed at midnight.
    ("America/Sao_Paulo", 2017),
    ("Asia/Kathmandu", 2024),
    ("Asia/Tehran", 2021),
    // Clocks change by half an hour.
    ("Australia/Lord_Howe", 2024),
    // It has no 30 December 2011.
    ("Pacific/Apia", 2011),
    ("Pacific/Chatham", 2024),
    // Clocks change around Ramadan.
    ("Africa/Casablanca", 2024),
];

/// The minutes of a year at which the clock shows a full hour, with what it shows.
fn full_hours(zone: &TimeZone, year: i16) -> Vec<(Timestamp, DateTime)> {
    let begin = DateTime::constant(year, 1, 1, 0, 0, 0, 0);
    let end = DateTime::constant(year + 1, 1, 1, 1, 0, 0, 0);
    let [begin, end] = [begin, end].map(|time| zone.to_timestamp(time).unwrap().as_second() / 60);
    let mut offset = 0;
    let full = (begin..=end).filter_map(|minute| {
        let instant = Timestamp::from_second(minute * 60).unwrap();
        // Clocks are changed at quarters of an hour.
        if minute == begin || minute % 15 == 0 {
            offset = i64::from(zone.to_offset(instant).seconds()) / 60;
        }
        ((minute + offset) % 60 == 0).then(|| (instant, zone.to_datetime(instant)))
    });
    full.collect()
}

/// The offset of a zone from UTC, as `+05:45`.
fn offset(zone: &TimeZone, instant: Timestamp) -> String {
    let minutes = zone.to_offset(instant).seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

fn check_window(calendar: &Calendar, window: &TimeWindow, position: u64) {
    let first = calendar.first_index();
    let index = first + i64::try_from(position).unwrap();
    assert_eq!(calendar.index(window), Some(index), "{window}");
    assert_eq!(calendar.at_index(index).as_ref(), Some(window));
    assert_eq!(calendar.nth(position).as_ref(), Some(window));
    assert_eq!(calendar.position(window), Some(position));
    assert_eq!(calendar.window(window.label()).as_ref(), Ok(window));
    let last_second = Timestamp::from_second(window.end().as_second() - 1).unwrap();
    for instant in [window.start(), last_second] {
        assert_eq!(calendar.holding(instant).as_ref(), Some(window), "{instant}");
    }
    assert_eq!(calendar.last_ended(window.end()).as_ref(), Some(window));
    assert_eq!(calendar.count(window.end()), position + 1);
    assert_eq!(calendar.count(last_second), position);
}

#[test]
fn hourly_windows_are_those_of_the_clock() {
    for (name, year) in ZONES {
        let zone = TimeZone::get(name).unwrap();
        let expected = full_hours(&zone, year);
        let calendar = hourly(name).from(format!("{year}-01-01")).check().unwrap();
        let end = expected.last().unwrap().0;
        let windows: Vec<TimeWindow> = calendar.windows(expected[0].0, end).collect();
        assert_eq!(windows.len(), expected.len() - 1, "{name}");

        let mut labels = BTreeSet::new();
        for (position, (window, pair)) in windows.iter().zip(expected.windows(2)).enumerate() {
            let (start, time) = pair[0];
            assert_eq!((window.start(), window.end()), (start, pair[1].0), "{name} {window}");
            assert_eq!(window.date(), time.date());
            let shown = format!("{}-{:02}:00", time.date(), time.hour());
            let repeats = expected.iter().skip(position.saturating_sub(3)).take(7);
            let repeats = repeats.filter(|(_, other)| *other == time).count() > 1;
            let expected_label = if repeats { shown + &offset(&zone, start) } else { shown };
            assert_eq!(window.label(), expected_label, "{name}");
            assert!(labels.insert(window.label().to_owned()), "{name}: {window} twice");
            // All that is asked of one window takes longer than to compare it: some of them, and all where clocks change.
            if position % 397 == 0 || repeats || window.end().duration_since(start).as_secs() != 3600 {
                check_window(&calendar, window, position as u64);
            }
        }
    }
}
