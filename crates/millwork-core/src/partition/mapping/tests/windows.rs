//! Windows against lists of them, which are compared by their times.

use proptest::prelude::*;

use jiff::{SignedDuration, Timestamp};

use super::support::{Mapped, check_laws, instant, keys, resolve};
use crate::partition::mapping::{overlap, window};
use crate::partition::{
    Calendar, IndexSet, KeySet, TimeWindow, TimeWindows, cron, daily, fixed, hourly, weekly,
};

const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];

/// Each after a change of some clocks and a weekend: in New York, in Berlin, on Lord Howe.
const MOMENTS: [&str; 3] = ["2024-03-13T12:00:00Z", "2024-04-02T05:30:00Z", "2024-04-09T12:00:00Z"];

/// A moment, and two definitions of windows that start some days before it.
pub(super) fn two_windows() -> impl Strategy<Value = (Timestamp, TimeWindows, TimeWindows)> {
    prop::sample::select(&MOMENTS[..]).prop_flat_map(|moment| {
        let now = instant(moment);
        (Just(now), windows(now), windows(now))
    })
}

/// Windows of half an hour to a week, as they come and without some.
fn windows(now: Timestamp) -> impl Strategy<Value = TimeWindows> {
    let kind = (0..9_usize, prop::sample::select(&ZONES[..]));
    let bounds = (1_i64..8, 0..4_usize, -2..3_i32);
    (kind, bounds).prop_map(move |((kind, zone), (days, end, offset))| {
        let every = match kind {
            0 => hourly(zone),
            1 => cron("*/30 6-18 * * *", zone),
            2 => daily(zone),
            3 => daily(zone).except_cron("0 0 * * sat,sun"),
            4 => weekly(zone),
            5 => cron("30 1,13 * * *", zone),
            6 => hourly(zone).except_cron("0 0-7,20-23 * * *"),
            7 => cron("0 0 * * 1-5", zone),
            _ => daily(zone).except(["2024-03-11", "2024-03-31", "2024-04-07"]),
        };
        let weeks = if kind == 4 { 14 } else { 0 };
        let from = now - SignedDuration::from_hours(24 * (days + weeks));
        let windows = every.from(from.to_string()).end_offset(offset);
        let until = now - SignedDuration::from_hours(20);
        if end == 0 { windows.until(until.to_string()) } else { windows }
    })
}

/// All windows of a timetable that aren't excluded, whatever the definition's start and end.
fn unbounded(windows: &TimeWindows) -> Vec<TimeWindow> {
    let mut windows = windows.clone().from("2023-11-01");
    windows.end = None;
    let calendar = windows.check().unwrap();
    calendar.windows(Timestamp::UNIX_EPOCH, instant("2024-07-01T00:00:00Z")).collect()
}

/// The windows that one takes, `None` where there isn't one.
fn taken<'a>(own: &TimeWindow, (from, to): (i32, i32), all: &'a [TimeWindow]) -> Vec<Option<&'a TimeWindow>> {
    let (before, rest) = all.split_at(all.partition_point(|window| window.end() <= own.start()));
    let (overlapping, after) = rest.split_at(rest.partition_point(|window| window.start() < own.end()));
    let at = |offset: i32| match offset {
        0 => overlapping.iter().map(Some).collect(),
        offset if offset < 0 => vec![before.iter().rev().nth(-offset as usize - 1)],
        offset => vec![after.get(offset as usize - 1)],
    };
    (from..=to).flat_map(at).collect()
}

fn calendar(windows: &TimeWindows) -> Calendar {
    windows.check().unwrap()
}

/// That windows take those that lists say.
fn check(down: &TimeWindows, up: &TimeWindows, offsets: (i32, i32), now: Timestamp) {
    let (own, other) = (down.clone().into(), up.clone().into());
    // Two definitions without a time in common are refused.
    let Ok(mapping) = resolve(&window(offsets.0, offsets.1), &own, &other) else { return };
    let (own, other) = (own.space(now).unwrap(), other.space(now).unwrap());
    let mapped = Mapped { mapping, down: own, up: other };
    check_laws(&mapped);
    let (down, all, up) = (calendar(down), unbounded(up), calendar(up));
    let there = mapped.up.all();
    for key in keys(&mapped.down.all()) {
        let own = down.at_index(key[0]).unwrap();
        let expected = taken(&own, offsets, &all);
        let indexes = expected.iter().map(|window| Some(vec![up.index((*window)?)?]));
        let indexes: Vec<_> = indexes.map(|index| index.filter(|index| there.contains(index))).collect();
        let lacks = indexes.is_empty() || indexes.contains(&None);
        let found = mapped.upstream_of(&KeySet::of(1, [key]));
        assert_eq!(found.keys, KeySet::of(1, indexes.into_iter().flatten()), "{own} of {offsets:?}");
        assert_eq!(!found.lacking.is_empty(), lacks, "{own} of {offsets:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn windows_are_taken_by_their_times((now, down, up) in two_windows(), from in -3..3_i32, more in 0..4_i32) {
        check(&down, &up, (from, from + more), now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn windows_of_two_timetables_are_taken_where_they_overlap((now, down, up) in two_windows()) {
        check(&down, &up, (0, 0), now);
    }
}

#[test]
fn windows_up_to_one_are_taken() {
    let days = || daily("UTC").from("2024-01-01");
    let week = Mapped::new(window(-6, 0), days().from("2024-01-05"), days(), "2024-02-01T00:00:00Z");
    week.check_upstream("2024-01-10", "2024-01-04..2024-01-10", "");
    week.check_upstream("2024-01-05..2024-01-08", "2024-01-01..2024-01-08", "2024-01-05..2024-01-06");
    week.check_downstream("2024-01-10", "2024-01-10..2024-01-16");
    week.check_downstream("2024-01-30,2024-01-01", "2024-01-05..2024-01-07,2024-01-30..2024-01-31");
    assert_eq!(week.mapping.missing(&[19_727], &week.down, &week.up), ["no `time` before `2024-01-01`"]);

    let before = Mapped::new(window(-1, -1), days(), days(), "2024-02-01T00:00:00Z");
    before.check_upstream("2024-01-01..2024-01-03", "2024-01-01..2024-01-02", "2024-01-01");
    assert!(before.mapping.is_single());
    let after = Mapped::new(window(1, 2), days(), days(), "2024-02-01T00:00:00Z");
    after.check_upstream("2024-01-29..2024-01-31", "2024-01-30..2024-01-31", "2024-01-30..2024-01-31");
    assert!(!after.mapping.is_single());
}

#[test]
fn indexes_that_no_calendar_has_take_nothing() {
    let days = daily("UTC").from("2024-01-01");
    let ends: IndexSet = [i64::MIN, -1_i64 << 40, 1 << 40, i64::MAX].into_iter().collect();
    for up in [days.clone(), hourly("Europe/Berlin").from("2024-01-01")] {
        for mapping in [overlap(), window(-2, 1), window(1, 1)] {
            let mapped = Mapped::new(mapping, days.clone(), up.clone(), "2024-02-01T00:00:00Z");
            let set = KeySet::product([ends.clone()]);
            let found = mapped.upstream_of(&set);
            assert_eq!((found.keys.is_empty(), found.lacking), (true, set.clone()));
            assert!(mapped.downstream_of(&set).is_empty());
        }
    }
}

#[test]
fn the_working_day_before_monday_is_friday() {
    let working = daily("UTC").from("2024-01-01").except_cron("0 0 * * sat,sun");
    let before = Mapped::new(window(-1, -1), working.clone(), working.clone(), "2024-02-01T00:00:00Z");
    before.check_upstream("2024-01-08", "2024-01-05", "");
    before.check_downstream("2024-01-05", "2024-01-08");
    // A Sunday has no window of its own upstream, but those beside it.
    let days = || daily("UTC").from("2024-01-01");
    let around = Mapped::new(window(-1, 1), days(), working.clone(), "2024-02-01T00:00:00Z");
    around.check_upstream("2024-01-07", "2024-01-05..2024-01-08", "");
    around.check_downstream("2024-01-08", "2024-01-05..2024-01-09");
    let same = Mapped::new(overlap(), days(), working, "2024-02-01T00:00:00Z");
    same.check_upstream("2024-01-05..2024-01-08", "2024-01-05..2024-01-08", "2024-01-06..2024-01-07");
    assert_eq!(
        same.mapping.missing(&[19_728], &same.down, &same.up),
        ["all `time` of `2024-01-06` is excluded"]
    );
}

#[test]
fn coarser_and_finer_windows_overlap_in_any_zone() {
    let now = "2024-05-01T00:00:00Z";
    let (days, hours) = (|zone| daily(zone).from("2024-01-01"), |zone| hourly(zone).from("2024-01-01"));
    let weeks = Mapped::new(overlap(), weekly("UTC").from("2024-01-01"), days("UTC"), now);
    weeks.check_upstream("2024-01-07", "2024-01-07..2024-01-13", "");
    weeks.check_downstream("2024-01-13..2024-01-14", "2024-01-07..2024-01-14");
    let up = Mapped::new(overlap(), days("UTC"), weekly("UTC").from("2024-01-01"), now);
    up.check_upstream("2024-01-06..2024-01-08", "2024-01-07", "2024-01-06");
    assert!(up.mapping.is_single() && !weeks.mapping.is_single());

    // On these days the clocks go forward and back.
    let short = Mapped::new(overlap(), days("Europe/Berlin"), hours("Europe/Berlin"), now);
    assert_eq!(short.upstream_of(&short.down.set("2024-03-31").unwrap()).keys.count(), 23);
    let zones = Mapped::new(overlap(), days("Europe/Berlin"), hours("UTC"), now);
    zones.check_upstream("2024-03-31", "2024-03-30-23:00..2024-03-31-21:00", "");
    let new_york = Mapped::new(overlap(), hours("America/New_York"), days("Europe/Berlin"), now);
    new_york.check_upstream("2024-03-30-18:00..2024-03-30-19:00", "2024-03-30..2024-03-31", "");
    assert!(new_york.mapping.is_single());
    // Full hours of the island are half ones elsewhere, for half of the year.
    let island = Mapped::new(overlap(), hours("Australia/Lord_Howe"), hours("UTC"), now);
    assert!(!island.mapping.is_single());
    island.check_upstream("2024-04-10-00:00", "2024-04-09-13:00..2024-04-09-14:00", "");
    island.check_upstream("2024-03-10-00:00", "2024-03-09-13:00", "");
}

#[test]
fn weeks_take_the_hours_around_them() {
    let (weeks, hours) = (weekly("UTC").from("2024-01-01"), hourly("UTC").from("2024-01-01"));
    let mapped = Mapped::new(window(1, 1), weeks.clone(), hours.clone(), "2024-02-01T00:00:00Z");
    mapped.check_upstream("2024-01-07..2024-01-14", "2024-01-14-00:00,2024-01-21-00:00", "");
    mapped.check_downstream("2024-01-14-00:00..2024-01-14-05:00", "2024-01-07");
    let mapped = Mapped::new(window(-2, -1), weeks, hours, "2024-02-01T00:00:00Z");
    mapped.check_upstream("2024-01-07", "2024-01-06-22:00..2024-01-06-23:00", "");
    mapped.check_downstream("2024-01-13-23:00", "2024-01-14");
}

#[test]
fn hours_take_the_day_before() {
    let hours = hourly("Europe/Berlin").from("2024-01-01");
    let days = daily("Europe/Berlin").from("2024-01-01");
    let mapped = Mapped::new(window(-1, -1), hours.by(fixed(["a", "b"])), days, "2024-05-01T00:00:00Z");
    mapped.check_upstream("2024-01-01-23:00..2024-01-02-00:00|a", "2024-01-01", "2024-01-01-23:00|a");
    mapped.check_downstream("2024-03-30", "2024-03-31-00:00..2024-03-31-23:00|*");
    assert!(mapped.mapping.is_single());
    assert_eq!(mapped.downstream_of(&mapped.up.set("2024-03-30").unwrap()).count(), 23 * 2);
}
