//! The indexes of a timetable's ticks, found by counting and searching.

use std::sync::OnceLock;

use jiff::Timestamp;

use crate::timetable::Timetable;

/// The instant before the tick with index 0.
const BEFORE_ZERO: Timestamp = Timestamp::constant(0, -1);

/// The years 1 to 9998, beyond which nothing is searched.
const EARLIEST: Timestamp = Timestamp::constant(-62_135_596_800, 0);
const LATEST: Timestamp = Timestamp::constant(253_370_764_800, 0);

/// As few ticks are walked.
const WALKED: i64 = 32;

/// The span over which the mean distance of ticks is measured, in seconds: four years.
const MEASURED: i64 = 4 * 366 * 24 * 3600;

/// The ticks of a timetable, each with an index. 0 is the first at 1970-01-01T00:00:00Z or after it; those before are negative.
///
/// Ticks near the anchor are found quickest, because they are counted from there.
#[derive(Debug)]
pub(super) struct Numbering {
    timetable: Timetable,
    anchor: Timestamp,
    anchored: OnceLock<Anchored>,
}

/// What is known of the anchor once it is needed.
#[derive(Clone, Copy, Debug)]
struct Anchored {
    mark: Mark,
    /// The mean number of seconds between two ticks.
    distance: f64,
}

/// An instant, and the index of the last tick at it or before it.
#[derive(Clone, Copy, Debug)]
struct Mark {
    instant: Timestamp,
    last: i64,
}

impl Numbering {
    pub(super) fn new(timetable: Timetable, anchor: Timestamp) -> Self {
        Self { timetable, anchor: within_calendar(anchor), anchored: OnceLock::new() }
    }

    pub(super) fn timetable(&self) -> &Timetable {
        &self.timetable
    }

    /// Whether a tick comes at an instant.
    pub(super) fn is_tick(&self, instant: Timestamp) -> bool {
        self.timetable.previous(instant) == Some(instant)
    }

    /// The index of the last tick at an instant or before it. It is that of a tick also where the calendar has none before.
    pub(super) fn last_at(&self, instant: Timestamp) -> i64 {
        self.mark(self.anchored().mark, within_calendar(instant)).last
    }

    /// The tick with an index; `None` beyond the calendar.
    pub(super) fn tick(&self, index: i64) -> Option<Timestamp> {
        let Anchored { mark: anchor, distance } = self.anchored();
        if let Some(tick) = self.walk(anchor, index) {
            return tick;
        }
        let (mut low, mut high) = self.bracket(anchor, distance, index)?;
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
            let Ok(between) = Timestamp::from_second(between.clamp(begin + 1, (end - 1).max(begin + 1)))
            else {
                return None;
            };
            let nearer = if share < 0.5 { low } else { high };
            let mark = self.mark(nearer, between);
            if mark.last < index {
                low = mark;
            } else {
                high = mark;
            }
        }
    }

    /// Two marks with the tick between them.
    fn bracket(&self, anchor: Mark, distance: f64, index: i64) -> Option<(Mark, Mark)> {
        let forwards = index > anchor.last;
        let missing = (index as f64 - anchor.last as f64).abs();
        let mut step = (missing * distance).clamp(3600.0, 1e12);
        let mut near = anchor;
        loop {
            let signed = if forwards { step } else { -step };
            let second = near.instant.as_second().saturating_add(signed as i64);
            let second = second.clamp(EARLIEST.as_second(), LATEST.as_second());
            let far = self.mark(near, Timestamp::from_second(second).ok()?);
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

    fn anchored(&self) -> Anchored {
        *self.anchored.get_or_init(|| {
            let mark = self.mark(Mark { instant: BEFORE_ZERO, last: -1 }, self.anchor);
            let later = Timestamp::from_second(self.anchor.as_second() + MEASURED).unwrap_or(LATEST);
            let ticks = (self.mark(mark, within_calendar(later)).last - mark.last).max(1);
            Anchored { mark, distance: MEASURED as f64 / ticks as f64 }
        })
    }
}

fn within_calendar(instant: Timestamp) -> Timestamp {
    instant.clamp(EARLIEST, LATEST)
}
