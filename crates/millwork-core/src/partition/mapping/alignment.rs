//! Which windows of one calendar overlap those of another.

use std::cell::Cell;
use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};

use crate::partition::Calendar;
use crate::partition::numbering::Numbering;
use crate::partition::time_windows::before;

/// The most ticks that are walked from one window to the next: beyond, the index is counted.
const WALKED: usize = 32;

/// The most ticks that are walked from one question to the next: beyond, the tick is searched for.
const NEAR: i64 = 512;

/// The longest time over which ticks are counted from one question to the next: beyond, they are counted from elsewhere.
const SOON: SignedDuration = SignedDuration::from_hours(366 * 24);

/// The windows of one calendar, and those of another one that overlap them. Questions in the order of time are answered from the one
/// before, so that many cost little more than the time that they cover.
#[derive(Debug)]
pub(super) struct Alignment<'a> {
    from: Cursor<'a>,
    to: Cursor<'a>,
    /// Whether the calendars have the same windows, with the same indexes.
    is_same: bool,
}

/// The ticks of a calendar, with the one that was found last.
#[derive(Debug)]
struct Cursor<'a> {
    numbering: &'a Numbering,
    /// An instant, and the index of the last tick at it or before it.
    found: Cell<Option<(Timestamp, i64)>>,
}

impl<'a> Cursor<'a> {
    fn new(calendar: &'a Calendar) -> Self {
        Self { numbering: &calendar.0.numbering, found: Cell::new(None) }
    }

    /// The tick with an index; `None` beyond the calendar.
    fn tick(&self, index: i64) -> Option<Timestamp> {
        let timetable = self.numbering.timetable();
        let tick = match self.found.get() {
            Some((instant, last)) if index == last => timetable.previous(instant)?,
            Some((instant, last)) if (last..=last.saturating_add(NEAR)).contains(&index) => {
                timetable.after(instant).nth(usize::try_from(index - last - 1).ok()?)?
            }
            Some(_) | None => self.numbering.tick(index)?,
        };
        self.found.set(Some((tick, index)));
        Some(tick)
    }

    /// The index of the last tick at an instant or before it.
    fn last_at(&self, instant: Timestamp) -> i64 {
        let is_near =
            |(before, _): &(Timestamp, i64)| *before <= instant && instant.duration_since(*before) < SOON;
        let counted = self.found.get().filter(is_near).and_then(|(before, last)| {
            let passed = i64::try_from(self.numbering.timetable().count(before, instant)).ok()?;
            Some(last + passed)
        });
        let index = counted.unwrap_or_else(|| self.numbering.last_at(instant));
        self.found.set(Some((instant, index)));
        index
    }
}

impl<'a> Alignment<'a> {
    /// From the windows of one calendar to those of another.
    pub(super) fn new(from: &'a Calendar, to: &'a Calendar) -> Self {
        let is_same = from.timetable() == to.timetable();
        Self { from: Cursor::new(from), to: Cursor::new(to), is_same }
    }

    /// The other way round.
    pub(super) fn reversed(&self) -> Self {
        let cursor =
            |cursor: &Cursor<'a>| Cursor { numbering: cursor.numbering, found: cursor.found.clone() };
        Self { from: cursor(&self.to), to: cursor(&self.from), is_same: self.is_same }
    }

    /// Whether the calendars share their indexes.
    pub(super) fn is_same(&self) -> bool {
        self.is_same
    }

    /// The index of the first window that overlaps one; `None` beyond the calendar.
    pub(super) fn first(&self, index: i64) -> Option<i64> {
        if self.is_same {
            return Some(index);
        }
        Some(self.to.last_at(self.from.tick(index)?))
    }

    /// The index of the last window that overlaps one; `None` beyond the calendar.
    pub(super) fn last(&self, index: i64) -> Option<i64> {
        if self.is_same {
            return Some(index);
        }
        Some(self.to.last_at(before(self.from.tick(index.checked_add(1)?)?)))
    }

    /// The first and the last that overlap each window of a run, in order. Both calendars are walked once.
    pub(super) fn walk(&self, run: &RangeInclusive<i64>) -> Vec<(i64, i64)> {
        let length = usize::try_from(run.end() - run.start() + 1).unwrap_or(0);
        let Some(start) = self.from.tick(*run.start()) else { return Vec::new() };
        let to = self.to.numbering.timetable();
        let mut at = self.to.last_at(start);
        let mut ticks = to.after(start).peekable();
        let ends = self.from.numbering.timetable().after(start).take(length);
        let overlapped = ends.map(|end| {
            let first = at;
            let mut is_tick = false;
            for _ in 0..WALKED {
                let Some(tick) = ticks.next_if(|tick| *tick <= end) else { break };
                (at, is_tick) = (at + 1, tick == end);
            }
            if ticks.peek().is_some_and(|tick| *tick <= end) {
                (at, is_tick) = (self.to.last_at(end), self.to.numbering.is_tick(end));
                ticks = to.after(end).peekable();
            }
            (first, if is_tick { at - 1 } else { at })
        });
        overlapped.collect()
    }
}
