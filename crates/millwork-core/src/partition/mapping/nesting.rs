//! Whether windows lie within those of another calendar.

use jiff::{SignedDuration, Timestamp};

use super::windows::Offsets;
use crate::partition::Calendar;
use crate::partition::time_windows::before;
use crate::timetable::Timetable;

/// Whether each downstream window takes exactly one upstream one.
pub(super) fn is_single(offsets: Offsets, down: &Calendar, up: &Calendar) -> bool {
    let is_one = offsets.from == offsets.to;
    is_one && (offsets != Offsets::OVERLAP || down.timetable() == up.timetable() || nests(down, up))
}

/// Whether each window of one calendar lies within one window of another: whenever one of those begins, one of these does too.
///
/// In one zone, ticks of the next century are counted. In two zones, some are looked at: the first ones, and those beside changes of the
/// clocks.
pub(super) fn nests(fine: &Calendar, coarse: &Calendar) -> bool {
    const CENTURY: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);
    let start = fine.0.bounds.start;
    let (own, other) = (fine.timetable(), coarse.timetable());
    if own.zone() != other.zone() {
        return samples(fine, coarse).all(|tick| fine.0.numbering.is_tick(tick));
    }
    let lines = [fine.definition().every.cron(), coarse.definition().every.cron()];
    let Ok(together) = Timetable::new(lines, own.zone()) else { return false };
    let end = fine.0.bounds.end.min(start.checked_add(CENTURY).unwrap_or(Timestamp::MAX));
    let from = before(start);
    together.count(from, end) == own.count(from, end)
}

/// Some ticks of a calendar.
fn samples<'a>(fine: &'a Calendar, coarse: &'a Calendar) -> impl Iterator<Item = Timestamp> {
    const FIRST: usize = 200;
    const CHANGES: usize = 24;
    const BESIDE: usize = 3;
    let start = fine.0.bounds.start;
    let timetable = coarse.timetable();
    let changes = |calendar: &'a Calendar| calendar.0.zone.following(start).take(CHANGES);
    let beside = changes(fine).chain(changes(coarse)).flat_map(move |change| {
        let at = change.timestamp();
        timetable.until(at).take(BESIDE).chain(timetable.after(at).take(BESIDE)).collect::<Vec<_>>()
    });
    timetable.after(before(start)).take(FIRST).chain(beside)
}
