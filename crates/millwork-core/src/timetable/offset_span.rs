//! Stretches of time between two changes of the clocks, and the ticks of a line in one.

use std::sync::{Mutex, PoisonError};

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone, TimeZoneTransition};
use jiff::{SignedDuration, Timestamp};

use crate::timetable::Cron;

/// No two clocks are further apart, and no change of the clocks is greater.
const FURTHEST_APART: SignedDuration = SignedDuration::from_hours(3 * 24);

const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);

/// A stretch of time in which a zone's clocks keep their offset from UTC.
///
/// In it, a line comes when the clock shows its times. Only the changes at both ends need care, and only of lines that are
/// for certain times of a day ([`Cron::repeats`]):
/// - a time that the change before jumped over comes at the first instant after it, which begins this span;
/// - a time that the change after will have the clock show again is left to the next span.
#[derive(Clone, Debug)]
pub(super) struct OffsetSpan {
    offset: Offset,
    /// The change that it begins with; `None` for the first one.
    begins: Option<Change>,
    /// The change that it ends before; `None` for the last one.
    ends: Option<Change>,
}

/// A change of the clocks.
#[derive(Clone, Copy, Debug)]
struct Change {
    at: Timestamp,
    before: Offset,
    after: Offset,
}

/// A time zone, and the span in which something was looked up last: to find one searches the changes of the clocks, which takes longer than
/// what is done in it, and what follows is mostly in it as well.
#[derive(Debug)]
pub(super) struct Zone {
    zone: TimeZone,
    recent: Mutex<Option<OffsetSpan>>,
}

impl Zone {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self { zone, recent: Mutex::default() }
    }

    /// The span with an instant in it.
    pub(super) fn span(&self, instant: Timestamp) -> OffsetSpan {
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(span) = recent().as_ref().filter(|span| span.has(instant)) {
            return span.clone();
        }
        let span = OffsetSpan::around(&self.zone, instant);
        *recent() = Some(span.clone());
        span
    }
}

impl Clone for Zone {
    fn clone(&self) -> Self {
        Self::new(self.zone.clone())
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.zone == other.zone
    }
}

impl OffsetSpan {
    /// The span with an instant in it.
    fn around(zone: &TimeZone, instant: Timestamp) -> Self {
        let offset = zone.to_offset(instant);
        // A zone's record also has changes of the name only.
        let changes = |transition: &TimeZoneTransition<'_>| transition.offset() != offset;
        let ends = zone.following(instant).find(changes).map(|transition| Change {
            at: transition.timestamp(),
            before: offset,
            after: transition.offset(),
        });
        let begins = beginning(zone, instant, offset);
        Self { offset, begins, ends }
    }

    pub(super) fn has(&self, instant: Timestamp) -> bool {
        self.begins.is_none_or(|change| change.at <= instant)
            && self.ends.is_none_or(|change| instant < change.at)
    }

    /// The first instant after it.
    pub(super) fn end(&self) -> Option<Timestamp> {
        self.ends.map(|change| change.at)
    }

    /// Whether it begins at an instant.
    pub(super) fn begins_at(&self, instant: Timestamp) -> bool {
        self.begins.is_some_and(|change| change.at == instant)
    }

    /// What clocks show at an instant in it.
    pub(super) fn shown(&self, instant: Timestamp) -> DateTime {
        self.offset.to_datetime(instant)
    }

    /// The first tick of a line in the span, at `from` (which is in it) or after it.
    pub(super) fn first(&self, cron: &Cron, from: Timestamp) -> Option<Timestamp> {
        if self.begins_at(from) && self.makes_up_for(cron) {
            return Some(from);
        }
        let time = cron.at_or_after(self.shown(from))?;
        let is_left = self.last_time(cron).is_none_or(|last| time < last);
        is_left.then(|| self.offset.to_timestamp(time).ok())?
    }

    /// The last tick of a line in the span, at `until` (which is in it) or before it.
    pub(super) fn last(&self, cron: &Cron, until: Timestamp) -> Option<Timestamp> {
        let shown = self.shown(until);
        let until = match self.last_time(cron) {
            Some(last) if last <= shown => last.checked_sub(NANOSECOND).ok()?,
            _ => shown,
        };
        let tick = cron.at_or_before(until).and_then(|time| self.offset.to_timestamp(time).ok());
        let made_up = || self.begins.filter(|_| self.makes_up_for(cron)).map(|change| change.at);
        tick.filter(|tick| self.has(*tick)).or_else(made_up)
    }

    /// Whether the change that the span begins with jumped over a time of the line, which therefore comes with it.
    pub(super) fn makes_up_for(&self, cron: &Cron) -> bool {
        let Some(Change { at, before, after }) = self.begins else { return false };
        // A line that repeats has no time to make up for; clocks that go back jump over none.
        if cron.repeats() || after < before {
            return false;
        }
        let jumped_to = after.to_datetime(at);
        cron.at_or_after(before.to_datetime(at)).is_some_and(|time| time < jumped_to)
    }

    /// What the clock shows when the times of a line end in the span, itself no longer one of them.
    pub(super) fn last_time(&self, cron: &Cron) -> Option<DateTime> {
        let Change { at, before, after } = self.ends?;
        Some(if cron.repeats() { before } else { before.min(after) }.to_datetime(at))
    }

    /// An instant in a later span, between which and this one the line doesn't come.
    pub(super) fn towards_next(&self, cron: &Cron) -> Option<Timestamp> {
        let end = self.ends?.at;
        let nothing_before = cron.at_or_after(self.shown(end).checked_sub(FURTHEST_APART).ok()?)?;
        let near = Offset::UTC.to_timestamp(nothing_before).ok()?.checked_sub(FURTHEST_APART);
        Some(near.map_or(end, |near| near.max(end)))
    }

    /// An instant in an earlier span, between which and this one the line doesn't come.
    pub(super) fn towards_last(&self, cron: &Cron) -> Option<Timestamp> {
        let end = self.begins?.at.checked_sub(NANOSECOND).ok()?;
        let nothing_after = cron.at_or_before(self.shown(end).checked_add(FURTHEST_APART).ok()?)?;
        let near = Offset::UTC.to_timestamp(nothing_after).ok()?.checked_add(FURTHEST_APART);
        Some(near.map_or(end, |near| near.min(end)))
    }
}

/// The last change of the clocks at an instant or before it.
fn beginning(zone: &TimeZone, instant: Timestamp, offset: Offset) -> Option<Change> {
    // What precedes is strictly before.
    let next = instant.checked_add(NANOSECOND).unwrap_or(instant);
    zone.preceding(next).find_map(|transition| {
        let at = transition.timestamp();
        let before = zone.to_offset(at.checked_sub(NANOSECOND).ok()?);
        (before != offset).then_some(Change { at, before, after: offset })
    })
}
