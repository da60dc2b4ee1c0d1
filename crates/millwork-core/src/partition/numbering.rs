//! The indexes of a timetable's ticks, found by counting and searching.

use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::Timestamp;

use crate::timetable::Timetable;

/// The instant before the tick with index 0.
const BEFORE_ZERO: Timestamp = Timestamp::constant(0, -1);

/// The years 1 to 9998, beyond which nothing is searched.
const EARLIEST: Timestamp = Timestamp::constant(-62_135_596_800, 0);
const LATEST: Timestamp = Timestamp::constant(253_370_764_800, 0);

/// The most ticks that are walked, as counting would take longer.
const WALKED: i64 = 32;

/// The time between two marks that are kept, in seconds: four years.
const APART: i64 = 4 * 366 * 24 * 3600;

/// The number of marks that are kept.
const KEPT: usize = 64;

/// The ticks of a timetable, each with an index. 0 is the first at 1970-01-01T00:00:00Z or after it; those before are negative.
///
/// What is counted once is kept, at the anchor, every four years after it and where something was found last, so that other ticks are counted
/// from near: keys are mostly asked for in their order.
#[derive(Debug)]
pub(super) struct Numbering {
    timetable: Timetable,
    anchor: Timestamp,
    anchored: OnceLock<Mark>,
    kept: [OnceLock<Mark>; KEPT],
    recent: Mutex<Option<Mark>>,
}

/// An instant, and the index of the last tick at it or before it.
#[derive(Clone, Copy, Debug)]
struct Mark {
    instant: Timestamp,
    last: i64,
}

impl Numbering {
    pub(super) fn new(timetable: Timetable, anchor: Timestamp) -> Self {
        let kept = [const { OnceLock::new() }; KEPT];
        let anchor = within_calendar(anchor);
        Self { timetable, anchor, anchored: OnceLock::new(), kept, recent: Mutex::default() }
    }

    pub(super) fn timetable(&self) -> &Timetable {
        &self.timetable
    }

    /// Whether a tick comes at an instant.
    pub(super) fn is_tick(&self, instant: Timestamp) -> bool {
        self.timetable.previous(instant) == Some(instant)
    }

    /// The index of the last tick at an instant or before it.
    pub(super) fn last_at(&self, instant: Timestamp) -> i64 {
        let mark = self.mark_beside(self.recent().as_slice(), within_calendar(instant));
        self.remember(mark);
        mark.last
    }

    /// The number of ticks after an instant, up to and including another one.
    pub(super) fn count(&self, from: Timestamp, to: Timestamp) -> u64 {
        u64::try_from(self.last_at(to) - self.last_at(from)).unwrap_or(0)
    }

    /// The tick with an index; `None` beyond the calendar.
    pub(super) fn tick(&self, index: i64) -> Option<Timestamp> {
        let tick = self.find(index).filter(|tick| *tick == within_calendar(*tick))?;
        self.remember(Mark { instant: tick, last: index });
        Some(tick)
    }

    fn find(&self, index: i64) -> Option<Timestamp> {
        let anchor = self.anchored();
        let mut near = self.recent().into_iter().chain([anchor]);
        if let Some(tick) = near.find_map(|mark| self.walk(mark, index)) {
            return tick;
        }
        let distance = |mark: &Mark| mark.last.abs_diff(index);
        let nearest = self.recent().into_iter().chain([anchor]).min_by_key(distance);
        let (mut low, mut high) = self.bracket(nearest.unwrap_or(anchor), index)?;
        let mut halves = false;
        loop {
            // The wanted tick is after `low`, and at `high` or before it.
            if let Some(tick) = self.walk(low, index).or_else(|| self.walk(high, index)) {
                return tick;
            }
            let share = (index - low.last) as f64 / (high.last - low.last) as f64;
            // Where ticks are uneven, a proportion may miss by nearly everything again and again; a half doesn't.
            let share = if halves { 0.5 } else { share.clamp(0.001, 0.999) };
            halves = !halves;
            let (begin, end) = (low.instant.as_second(), high.instant.as_second());
            let between = begin + ((end - begin) as f64 * share) as i64;
            let between = between.clamp(begin + 1, (end - 1).max(begin + 1));
            let mark = self.mark_beside(&[low, high], Timestamp::from_second(between).ok()?);
            if mark.last < index {
                low = mark;
            } else {
                high = mark;
            }
        }
    }

    /// Two marks with the tick between them.
    fn bracket(&self, from: Mark, index: i64) -> Option<(Mark, Mark)> {
        let forwards = index > from.last;
        let missing = (index as f64 - from.last as f64).abs();
        let mut step = (missing * self.distance()).clamp(3600.0, 1e12);
        let mut near = from;
        loop {
            let signed = if forwards { step } else { -step };
            let second = near.instant.as_second().saturating_add(signed as i64);
            let second = second.clamp(EARLIEST.as_second(), LATEST.as_second());
            let far = self.mark_beside(&[near], Timestamp::from_second(second).ok()?);
            match (forwards, far.last >= index) {
                (true, true) => return Some((near, far)),
                (false, false) => return Some((far, near)),
                (true, false) | (false, true) if [EARLIEST, LATEST].contains(&far.instant) => return None,
                (true, false) | (false, true) => near = far,
            }
            step *= 2.0;
        }
    }

    /// The tick with an index if it is near a mark: `None` if it isn't, `Some(None)` if it would be and the calendar ends.
    fn walk(&self, from: Mark, index: i64) -> Option<Option<Timestamp>> {
        let missing = index.checked_sub(from.last)?;
        if missing.checked_abs()? > WALKED {
            return None;
        }
        let steps = missing.unsigned_abs() as usize;
        Some(if missing > 0 {
            self.timetable.after(from.instant).nth(steps - 1)
        } else {
            self.timetable.until(from.instant).nth(steps)
        })
    }

    /// A mark at an instant, by counting from another one.
    fn mark(&self, from: Mark, instant: Timestamp) -> Mark {
        let count = |from, to| i64::try_from(self.timetable.count(from, to)).unwrap_or(i64::MAX);
        let last = if instant >= from.instant {
            from.last + count(from.instant, instant)
        } else {
            from.last - count(instant, from.instant)
        };
        Mark { instant, last }
    }

    /// A mark at an instant, by counting from the nearest of some, or of those that are kept.
    fn mark_beside(&self, marks: &[Mark], instant: Timestamp) -> Mark {
        let kept = self.kept(instant);
        let distance = |mark: &&Mark| mark.instant.as_second().abs_diff(instant.as_second());
        let nearest = marks.iter().chain([&kept]).min_by_key(distance);
        self.mark(*nearest.unwrap_or(&kept), instant)
    }

    /// The last of the kept marks before an instant, or the anchor.
    fn kept(&self, instant: Timestamp) -> Mark {
        let anchor = self.anchored();
        let begin = anchor.instant.as_second();
        let steps = (instant.as_second() - begin) / APART;
        self.kept.iter().zip(1..=steps).fold(anchor, |before, (kept, step)| {
            *kept.get_or_init(|| {
                let instant = Timestamp::from_second(begin + step * APART).unwrap_or(LATEST);
                self.mark(before, instant)
            })
        })
    }

    /// The mean number of seconds between two ticks in the years after the anchor.
    fn distance(&self) -> f64 {
        let anchor = self.anchored();
        let later = Timestamp::from_second(anchor.instant.as_second() + APART).unwrap_or(LATEST);
        APART as f64 / (self.kept(later).last - anchor.last).max(1) as f64
    }

    /// Where something was found last.
    fn recent(&self) -> Option<Mark> {
        *self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, mark: Mark) {
        *self.recent.lock().unwrap_or_else(PoisonError::into_inner) = Some(mark);
    }

    fn anchored(&self) -> Mark {
        *self.anchored.get_or_init(|| self.mark(Mark { instant: BEFORE_ZERO, last: -1 }, self.anchor))
    }
}

/// An instant, or the nearest one of those that are searched.
pub(super) fn within_calendar(instant: Timestamp) -> Timestamp {
    instant.clamp(EARLIEST, LATEST)
}
