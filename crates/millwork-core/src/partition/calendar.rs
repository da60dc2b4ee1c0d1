//! The windows of a valid definition: which there are, by index, by label and by time.

use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::exclusions::Exclusions;
use super::label::LabelFormat;
use super::numbering::{Numbering, within_calendar};
use super::time_windows::before;
use super::{IndexSet, TimeWindow, TimeWindows};
use crate::problem::Problem;
use crate::timetable::Timetable;

/// The windows of a valid [`TimeWindows`]. Copies share what was counted.
///
/// Each has an *index*, its place among the windows of the timetable: 0 is the first that starts in 1970 or after it. Where a definition
/// starts and ends, and what it excludes, changes no index. A *position* is the place among the windows of this definition, from 0, without those
/// that are excluded. Every query counts or searches, and none lists windows that it doesn't return.
#[derive(Clone, Debug)]
pub struct Calendar(pub(super) Arc<Windows>);

#[derive(Debug)]
pub(super) struct Windows {
    pub(super) definition: TimeWindows,
    pub(super) numbering: Numbering,
    pub(super) zone: TimeZone,
    pub(super) format: LabelFormat,
    /// The first instant at which a window may start, and the last at which one may end.
    pub(super) bounds: Range<Timestamp>,
    pub(super) exclusions: Exclusions,
    first: OnceLock<i64>,
    last: OnceLock<i64>,
}

impl PartialEq for Calendar {
    /// Whether they have the same definition.
    fn eq(&self, other: &Self) -> bool {
        self.0.definition == other.0.definition
    }
}

impl Eq for Calendar {}

/// The windows there are at any time.
impl Calendar {
    pub(super) fn new(
        definition: TimeWindows,
        numbering: Numbering,
        zone: TimeZone,
        format: LabelFormat,
        bounds: Range<Timestamp>,
    ) -> Self {
        let exclusions = Exclusions::default();
        let (first, last) = (OnceLock::new(), OnceLock::new());
        Self(Arc::new(Windows { definition, numbering, zone, format, bounds, exclusions, first, last }))
    }

    /// The same with other exclusions.
    pub(super) fn with_exclusions(mut self, exclusions: Exclusions) -> Self {
        // While a definition is checked, there is no copy.
        if let Some(windows) = Arc::get_mut(&mut self.0) {
            windows.exclusions = exclusions;
        }
        self
    }

    /// The definition as it was written.
    pub fn definition(&self) -> &TimeWindows {
        &self.0.definition
    }

    /// When windows start.
    pub fn timetable(&self) -> &Timetable {
        self.0.numbering.timetable()
    }

    /// The index of the first window, which may be excluded.
    pub fn first_index(&self) -> i64 {
        *self.0.first.get_or_init(|| self.0.numbering.last_at(before(self.0.bounds.start)) + 1)
    }

    /// The index of the last window that ends by the end of the definition; `None` without an end.
    pub fn last_index(&self) -> Option<i64> {
        let end = self.0.bounds.end;
        (end != Timestamp::MAX).then(|| *self.0.last.get_or_init(|| self.0.numbering.last_at(end) - 1))
    }

    /// The window with an index, whether or not the definition has it; `None` beyond the calendar.
    pub fn at_index(&self, index: i64) -> Option<TimeWindow> {
        let start = self.0.numbering.tick(index)?;
        self.starting_at(start)
    }

    /// The index of a window; `None` if the timetable has no such window.
    pub fn index(&self, window: &TimeWindow) -> Option<i64> {
        self.index_between(window.start(), window.end())
    }

    /// The index of the window between two instants; `None` if the timetable has no such window.
    pub(super) fn index_between(&self, start: Timestamp, end: Timestamp) -> Option<i64> {
        let mut ticks = self.timetable().after(before(start));
        let is_one =
            start == within_calendar(start) && ticks.next() == Some(start) && ticks.next() == Some(end);
        is_one.then(|| self.0.numbering.last_at(start))
    }

    /// Whether the definition has the window with an index, at some time.
    pub fn contains(&self, index: i64) -> bool {
        self.is_within(index) && !self.excludes(index)
    }

    /// The window in which an instant lies; `None` if the definition has no such window.
    pub fn holding(&self, instant: Timestamp) -> Option<TimeWindow> {
        let index = self.0.numbering.last_at(instant);
        if !self.contains(index) {
            return None;
        }
        self.starting_at(self.timetable().previous(instant)?)
    }

    /// The window with a label.
    ///
    /// # Errors
    ///
    /// When the text is no label, when the definition has no such window, or when the label needs an offset because the hour
    /// repeats. The hint has the label that was probably meant.
    pub fn window(&self, label: &str) -> Result<TimeWindow, Problem> {
        let index = self.index_of_label(label)?;
        let outside = if index < self.first_index() {
            self.at_index(self.first_index())
                .map(|first| (format!("`{label}` is before the first window"), first))
        } else if let Some(last) = self.last_index().filter(|last| index > *last) {
            self.at_index(last).map(|last| (format!("`{label}` is after the last window"), last))
        } else {
            None
        };
        if let Some((message, nearest)) = outside {
            return Err(
                Problem::new(message).with_hint(format!("write `{nearest}`, or change the definition"))
            );
        }
        if self.excludes(index) {
            let problem = Problem::new(format!("the window `{label}` is excluded"));
            return Err(problem.with_hint("name another one, or change the definition's exclusions"));
        }
        let window = self.at_index(index);
        window.ok_or_else(|| Problem::new(format!("`{label}` is beyond the calendar")))
    }

    /// The indexes of the windows that start in a span of time, its end excluded, with those that are excluded; `None` if there is none.
    pub fn starting_in(&self, from: Timestamp, to: Timestamp) -> Option<RangeInclusive<i64>> {
        let (lowest, last) = self.up_to(self.0.numbering.last_at(before(to)))?.into_inner();
        let first = (self.0.numbering.last_at(before(from)) + 1).max(lowest);
        (first <= last).then_some(first..=last)
    }

    /// The windows that start in a span of time, its end excluded, from early to late.
    pub fn windows(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = TimeWindow> {
        let from = from.max(self.0.bounds.start);
        let starts = self.timetable().after(before(from)).take_while(move |start| *start < to);
        let windows = starts.map_while(|start| self.starting_at(start));
        let windows = windows.take_while(|window| window.end() <= self.0.bounds.end);
        windows.filter(|window| !self.excludes_start(window.start()))
    }
}

/// The windows there are at a moment.
impl Calendar {
    /// The indexes of the windows that there are `now`, with those that are excluded: from the first to the last that has ended, or
    /// more or fewer by the definition's end offset. `None` if there is none.
    pub fn range(&self, now: Timestamp) -> Option<RangeInclusive<i64>> {
        let offset = i64::from(self.0.definition.end_offset);
        self.up_to(self.0.numbering.last_at(now) - 1 + offset)
    }

    /// The indexes of the windows that there are `now`.
    pub fn indexes(&self, now: Timestamp) -> IndexSet {
        let Some(range) = self.range(now) else { return IndexSet::default() };
        IndexSet::from(range.clone()).difference(&self.excluded(range))
    }

    /// The number of windows that there are `now`.
    pub fn count(&self, now: Timestamp) -> u64 {
        self.range(now).map_or(0, |range| self.count_of(&range))
    }

    /// The window at a position, whether or not it has begun; `None` if the definition ends before it.
    pub fn nth(&self, position: u64) -> Option<TimeWindow> {
        let first = self.first_index();
        let fewer = |last: i64| self.count_of(&(first..=last)) <= position;
        let mut high = first.checked_add(i64::try_from(position).ok()?)?;
        let mut low = high.checked_sub(1)?;
        // Those that are excluded come on top.
        while self.excludes_any() && fewer(high) {
            let end = self.last_index().unwrap_or_else(|| self.0.numbering.last_at(Timestamp::MAX) - 1);
            if high >= end {
                return None;
            }
            low = high;
            high = high.checked_add(high - first + 1)?.min(end);
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if fewer(middle) { low = middle } else { high = middle }
        }
        self.is_within(high).then(|| self.at_index(high))?
    }

    /// The position of a window; `None` if the definition doesn't have it.
    pub fn position(&self, window: &TimeWindow) -> Option<u64> {
        let index = self.index(window).filter(|index| self.contains(*index))?;
        Some(self.count_of(&(self.first_index()..=index)) - 1)
    }

    /// The last window that has ended at an instant; `None` if the definition has none before.
    pub fn last_ended(&self, now: Timestamp) -> Option<TimeWindow> {
        let ended = self.up_to(self.0.numbering.last_at(now) - 1)?;
        self.nth(self.count_of(&ended).checked_sub(1)?)
    }

    /// The index of the last window that ended before an instant, whether or not the definition has it.
    pub(super) fn last_index_before(&self, instant: Timestamp) -> i64 {
        self.0.numbering.last_at(before(instant)) - 1
    }

    /// Why a window isn't included `now`, such as that it hasn't ended; `None` if it is.
    pub fn not_ended(&self, window: &TimeWindow, now: Timestamp) -> Option<Problem> {
        let index = self.index(window)?;
        if self.range(now).is_some_and(|range| index <= *range.end()) {
            return None;
        }
        let (end, offset) = (window.end(), self.0.definition.end_offset);
        let message = if end > now {
            format!("the window `{window}` has not ended: it ends at {end}")
        } else {
            format!("the window `{window}`, which ended at {end}, is left out by the end offset {offset}")
        };
        let last = self.range(now).and_then(|range| self.at_index(*range.end()));
        Some(Problem::new(message).with_hint(match last {
            Some(last) => {
                format!("the last one is `{last}`; `.end_offset(1)` would include the one in progress")
            }
            None => "the definition has no window so far".to_owned(),
        }))
    }
}

impl Calendar {
    /// Whether the same windows have ended at both of two instants.
    pub(super) fn has_same_ended(&self, one: Timestamp, other: Timestamp) -> bool {
        self.timetable().next(one.min(other)).is_none_or(|tick| tick > one.max(other))
    }

    /// The window that starts at a tick.
    fn starting_at(&self, start: Timestamp) -> Option<TimeWindow> {
        let end = self.timetable().next(start)?;
        let date = self.0.zone.to_datetime(start).date();
        Some(TimeWindow::new(start, end, self.label(start), date))
    }

    /// The indexes from that of the first window to this one, or to that of the last window; `None` if there is none.
    fn up_to(&self, last: i64) -> Option<RangeInclusive<i64>> {
        let last = self.last_index().map_or(last, |end| end.min(last));
        let first = self.first_index();
        (first <= last).then_some(first..=last)
    }

    /// Whether a window lies between the start and the end of the definition.
    pub(super) fn is_within(&self, index: i64) -> bool {
        index >= self.first_index() && self.last_index().is_none_or(|last| index <= last)
    }

    /// Whether the definition has no window at any time.
    pub(super) fn is_empty(&self) -> bool {
        const LOOKED_AT: usize = 20;
        // What doesn't come in four centuries never does.
        const MINUTES_OF_400_YEARS: i64 = 400 * 366 * 24 * 60;
        let start = self.0.bounds.start;
        let mut first_ones = self.timetable().after(before(start)).take(LOOKED_AT);
        if first_ones.any(|tick| tick < self.0.bounds.end && !self.excludes_start(tick)) {
            return false;
        }
        let first = self.first_index();
        let last = self.last_index().unwrap_or_else(|| {
            let start = self.0.bounds.start.as_second();
            let later = Timestamp::from_second(start.saturating_add(MINUTES_OF_400_YEARS * 60));
            self.0.numbering.last_at(later.unwrap_or(Timestamp::MAX))
        });
        last < first || self.count_of(&(first..=last)) == 0
    }
}
