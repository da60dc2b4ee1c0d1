//! A million windows: sets are mapped without going through them.

use super::support::Mapped;
use crate::partition::mapping::{Mapping, all, overlap, same, window};
use crate::partition::{IndexSet, KeySet, TimeWindows, daily, hourly};

const NOW: &str = "2026-01-01T00:00:00Z";

fn hours() -> TimeWindows {
    hourly("Europe/Berlin").from("1910-01-01")
}

fn days(zone: &str) -> TimeWindows {
    daily(zone).from("1910-01-01")
}

/// How many keys all downstream keys take, how many lack one, and how many take none; and that other sets are mapped.
#[track_caller]
fn check(mapping: Mapping, down: TimeWindows, up: TimeWindows, taken: u64, (lacking, without): (u64, u64)) {
    let mapped = Mapped::new(mapping, down, up, NOW);
    let (down, up) = (mapped.down.all(), mapped.up.all());
    let found = mapped.upstream_of(&down);
    assert_eq!((found.keys.count(), found.lacking.count()), (taken, lacking));
    assert_eq!(found.keys.indexes(0).runs().count(), 1);
    assert_eq!(mapped.downstream_of(&up).count(), down.count() - without);
    let first = down.indexes(0).first().unwrap();
    for shift in 0..10 {
        let set = KeySet::product([IndexSet::from(first + shift..=first + down.count() as i64 / 2 + shift)]);
        let taken = mapped.upstream_of(&set).keys;
        assert!(set.difference(&mapped.downstream_of(&taken)).count() <= without);
    }
}

#[test]
fn a_million_windows_are_mapped_at_once() {
    let hourly = Mapped::new(same(), hours(), hours(), NOW).down.all().count();
    let daily = Mapped::new(same(), days("UTC"), days("UTC"), NOW).down.all().count();
    assert!(hourly > 1_000_000);
    check(same(), hours(), hours(), hourly, (0, 0));
    check(window(0, 6), hours(), hours(), hourly, (6, 0));
    check(all(), hours(), hours(), hourly, (0, 0));
    // In Berlin, an hour of the next day has ended.
    check(overlap(), hours(), days("Europe/Berlin"), daily, (1, 1));
    check(overlap(), days("Europe/Berlin"), hours(), hourly - 1, (0, 0));
    // There, the year began an hour earlier.
    check(overlap(), hours(), days("UTC"), daily, (1, 1));
}

#[test]
fn working_hours_are_mapped_to_working_days() {
    let working_days = days("Europe/Berlin").from("2006-01-01").except_cron("0 0 * * sat,sun");
    let working_hours = hours().from("2006-01-01").except_cron("0 0-7,20-23 * * *");
    let mapped = Mapped::new(overlap(), working_hours, working_days, NOW);
    let (down, up) = (mapped.down.all(), mapped.up.all());
    let found = mapped.upstream_of(&down);
    assert_eq!(found.keys, up);
    // On Saturdays and Sundays nothing is taken. Where clocks go back, an hour more isn't excluded.
    assert!(found.lacking.count().abs_diff(down.count() - 12 * up.count()) <= 20);
    assert_eq!(mapped.downstream_of(&up), down.difference(&found.lacking));
}

#[test]
fn a_million_windows_are_walked_once_where_they_take_no_interval() {
    let before = Mapped::new(window(-1, -1), hours(), days("UTC"), NOW);
    let (down, up) = (before.down.all(), before.up.all());
    let found = before.upstream_of(&down);
    // In Berlin the year began an hour earlier.
    assert_eq!((found.keys.count(), found.lacking.count()), (up.count() - 1, 24 + 1));
    assert_eq!(before.downstream_of(&up), down.difference(&found.lacking));
}
