//! The windows of a valid definition: which there are, by index, by label and by time.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::label::LabelFormat;
use super::numbering::Numbering;
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
pub struct Calendar(Arc<Windows>);

#[derive(Debug)]
struct Windows {
    definition: TimeWindows,
    numbering: Numbering,
    zone: TimeZone,
    format: LabelFormat,
    /// The first instant at which a window may start, and the last at which one may end.
    bounds: Range<Timestamp>,
    exclusions: Exclusions,
}

/// The windows that are left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Exclusions {
    /// The ticks at which some start, and those together with all ticks.
    pub(super) crons: Option<(Timetable, Timetable)>,
    /// The indexes of others.
    pub(super) listed: BTreeSet<i64>,
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
        exclusions: Exclusions,
    ) -> Self {
        Self(Arc::new(Windows { definition, numbering, zone, format, bounds, exclusions }))
    }

    /// The same with other exclusions.
    pub(super) fn with_exclusions(self, exclusions: Exclusions) -> Self {
        let windows = &*self.0;
        let numbering = Numbering::new(windows.numbering.timetable().clone(), before(windows.bounds.start));
        let (definition, zone) = (windows.definition.clone(), windows.zone.clone());
        Self::new(definition, numbering, zone, windows.format.clone(), windows.bounds.clone(), exclusions)
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
        self.0.numbering.last_at(before(self.0.bounds.start)) + 1
    }

    /// The index of the last window that ends by the end of the definition; `None` without an end.
    pub fn last_index(&self) -> Option<i64> {
        let end = self.0.bounds.end;
        (end != Timestamp::MAX).then(|| self.0.numbering.last_at(end) - 1)
    }

    /// The window with an index, whether or not the definition has it; `None` beyond the calendar.
    pub fn at_index(&self, index: i64) -> Option<TimeWindow> {
        let start = self.0.numbering.tick(index)?;
        self.starting_at(start)
    }

    /// The index of a window; `None` if the timetable has no such window.
    pub fn index(&self, window: &TimeWindow) -> Option<i64> {
        let numbering = &self.0.numbering;
        let is_one = numbering.is_tick(window.start())
            && numbering.timetable().next(window.start()) == Some(window.end());
        is_one.then(|| numbering.last_at(window.start()))
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
        let last = self.0.numbering.last_at(now) - 1 + offset;
        let last = self.last_index().map_or(last, |end| end.min(last));
        let first = self.first_index();
        (first <= last).then_some(first..=last)
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
        let position = i64::try_from(position).ok()?;
        let mut index = first.checked_add(position)?;
        // Each time, those that are excluded so far come on top.
        loop {
            self.0.numbering.tick(index)?;
            let missing = position + 1 - i64::try_from(self.count_of(&(first..=index))).ok()?;
            if missing == 0 {
                break;
            }
            index = index.checked_add(missing)?;
        }
        let is_within = self.last_index().is_none_or(|last| index <= last);
        is_within.then(|| self.at_index(index))?
    }

    /// The position of a window; `None` if the definition doesn't have it.
    pub fn position(&self, window: &TimeWindow) -> Option<u64> {
        let index = self.index(window).filter(|index| self.contains(*index))?;
        Some(self.count_of(&(self.first_index()..=index)) - 1)
    }

    /// The last window that has ended at an instant; `None` if the definition has none before.
    pub fn last_ended(&self, now: Timestamp) -> Option<TimeWindow> {
        let last = self.0.numbering.last_at(now) - 1;
        let last = self.last_index().map_or(last, |end| end.min(last));
        let first = self.first_index();
        let count = if first <= last { self.count_of(&(first..=last)) } else { 0 };
        self.nth(count.checked_sub(1)?)
    }

    /// Why the window isn't there `now`: it hasn't ended. `None` if it is.
    pub fn not_ended(&self, window: &TimeWindow, now: Timestamp) -> Option<Problem> {
        let index = self.index(window)?;
        if self.range(now).is_some_and(|range| index <= *range.end()) {
            return None;
        }
        let verb = if window.end() > now { "ends" } else { "ended" };
        let message = format!("the window `{window}` is not there yet: it {verb} at {}", window.end());
        let last = self.range(now).and_then(|range| self.at_index(*range.end()));
        Some(Problem::new(message).with_hint(match last {
            Some(last) => {
                format!("the last one is `{last}`; `.end_offset(1)` would include the one in progress")
            }
            None => "there is none yet".to_owned(),
        }))
    }
}

impl Calendar {
    /// The window that starts at an instant, whether or not the definition has it; `None` if no tick comes then.
    pub(super) fn starting(&self, start: Timestamp) -> Option<TimeWindow> {
        self.0.numbering.is_tick(start).then(|| self.starting_at(start))?
    }

    /// The window that starts at a tick.
    fn starting_at(&self, start: Timestamp) -> Option<TimeWindow> {
        let end = self.timetable().next(start)?;
        let date = self.0.zone.to_datetime(start).date();
        Some(TimeWindow::new(start, end, self.label(start), date))
    }

    /// The label of the window that starts at a tick: with the offset if the clock shows the time of another start.
    pub(super) fn label(&self, start: Timestamp) -> String {
        let zoned = start.to_zoned(self.0.zone.clone());
        let plain = self.0.format.plain(&zoned);
        let (one, other) = match self.0.zone.to_ambiguous_timestamp(zoned.datetime()).offset() {
            AmbiguousOffset::Fold { before, after } => (before, after),
            AmbiguousOffset::Gap { .. } | AmbiguousOffset::Unambiguous { .. } => return plain,
        };
        let offset = if zoned.offset() == one { other } else { one };
        let Ok(twin) = offset.to_timestamp(zoned.datetime()) else { return plain };
        let is_start = twin != start && self.0.numbering.is_tick(twin);
        if is_start && self.0.format.plain(&twin.to_zoned(self.0.zone.clone())) == plain {
            let offset = LabelFormat::new("%:z").plain(&zoned);
            return format!("{plain}{offset}");
        }
        plain
    }

    /// The starts of windows whose plain label is a text, at most as many as a message needs.
    fn starts(&self, plain: &str) -> Vec<Timestamp> {
        const ENOUGH: usize = 3;
        let zone = &self.0.zone;
        let instants = |(begin, end)| {
            let earliest = zone.to_ambiguous_timestamp(begin).earlier().ok()?;
            Some((earliest, zone.to_ambiguous_timestamp(end).later().ok()?))
        };
        let Some((from, to)) = self.0.format.period(plain).and_then(instants) else { return Vec::new() };
        let is_labelled = |start: &Timestamp| self.0.format.plain(&start.to_zoned(zone.clone())) == plain;
        let starts = self.timetable().after(before(from)).take_while(|start| *start < to);
        starts.filter(is_labelled).take(ENOUGH).collect()
    }

    /// The index of the window with a label, whether or not the definition has it.
    pub(super) fn index_of_label(&self, label: &str) -> Result<i64, Problem> {
        // What follows the plain label is an offset.
        let signs = label.rmatch_indices(['+', '-']).map(|(at, _)| at).take(3);
        for end in std::iter::once(label.len()).chain(signs) {
            let starts = self.starts(&label[..end]);
            if let Some(start) = starts.iter().find(|start| self.label(**start) == label) {
                return Ok(self.0.numbering.last_at(*start));
            }
            if let [one, other, ..] = starts[..]
                && end == label.len()
            {
                let (one, other) = (self.label(one), self.label(other));
                let problem = Problem::new(format!("the time `{label}` comes twice"));
                return Err(problem.with_hint(format!("write `{one}` or `{other}`")));
            }
        }
        Err(self.unknown(label))
    }

    /// Why a text is no label.
    fn unknown(&self, label: &str) -> Problem {
        let window = self.0.definition.every.window();
        let instant = |time| self.0.zone.to_timestamp(time).ok();
        let meant = label.parse().ok().or_else(|| self.0.format.period(label).map(|(begin, _)| begin));
        let start = meant.and_then(instant).and_then(|instant| self.timetable().previous(instant));
        let example = || self.at_index(self.first_index()).map(|first| first.label().to_owned());
        match start.map(|start| self.label(start)) {
            Some(near) => Problem::new(format!("`{label}` is not the label of {window}"))
                .with_hint(format!("the window at that time is `{near}`")),
            None => Problem::new(format!("`{label}` is not the label of {window}"))
                .with_hint(format!("labels are written as `{}`", example().unwrap_or_default())),
        }
    }

    /// The number of windows of a range of indexes that aren't excluded.
    fn count_of(&self, range: &RangeInclusive<i64>) -> u64 {
        let (first, last) = (*range.start(), *range.end());
        let all = u64::try_from(last - first + 1).unwrap_or(0);
        let exclusions = &self.0.exclusions;
        let listed = exclusions.listed.range(range.clone()).filter(|index| !self.excludes_by_cron(**index));
        let listed = listed.count() as u64;
        let by_cron = exclusions.crons.as_ref().and_then(|(crons, together)| {
            let (first, last) = (self.0.numbering.tick(first)?, self.0.numbering.tick(last)?);
            let from = before(first);
            // Of two sets, what both have is what each has, without what either has.
            Some((all + crons.count(from, last)).saturating_sub(together.count(from, last)))
        });
        all.saturating_sub(listed + by_cron.unwrap_or(0))
    }

    /// Whether a window lies between the start and the end of the definition.
    fn is_within(&self, index: i64) -> bool {
        index >= self.first_index() && self.last_index().is_none_or(|last| index <= last)
    }

    fn excludes(&self, index: i64) -> bool {
        self.0.exclusions.listed.contains(&index) || self.excludes_by_cron(index)
    }

    fn excludes_by_cron(&self, index: i64) -> bool {
        let crons = self.0.exclusions.crons.as_ref();
        crons.is_some_and(|(crons, _)| {
            self.0.numbering.tick(index).is_some_and(|start| crons.previous(start) == Some(start))
        })
    }

    fn excludes_start(&self, start: Timestamp) -> bool {
        let exclusions = &self.0.exclusions;
        let by_cron =
            exclusions.crons.as_ref().is_some_and(|(crons, _)| crons.previous(start) == Some(start));
        by_cron
            || !exclusions.listed.is_empty() && exclusions.listed.contains(&self.0.numbering.last_at(start))
    }

    /// The indexes of a range that are excluded.
    fn excluded(&self, range: RangeInclusive<i64>) -> IndexSet {
        let exclusions = &self.0.exclusions;
        let listed: IndexSet = exclusions.listed.range(range.clone()).copied().collect();
        let numbering = &self.0.numbering;
        let ticks = (numbering.tick(*range.start()), numbering.tick(*range.end()));
        let (Some((crons, _)), (Some(first), Some(last))) = (&exclusions.crons, ticks) else { return listed };
        // Each tick is counted from the one before.
        let (mut at, mut index) = (before(first), *range.start() - 1);
        let by_cron = crons.between(at, last).filter_map(|tick| {
            index += i64::try_from(self.timetable().count(at, tick)).unwrap_or(0);
            at = tick;
            numbering.is_tick(tick).then_some(index)
        });
        listed.union(&by_cron.collect())
    }

    /// Whether a window that lies within the definition is excluded.
    pub(super) fn is_excluded(&self, index: i64) -> bool {
        self.is_within(index) && self.excludes(index)
    }

    /// Whether all indexes of a range are excluded, so that it can be passed over in a text.
    pub(super) fn excludes_all(&self, range: &RangeInclusive<i64>) -> bool {
        let exclusions = &self.0.exclusions;
        (exclusions.crons.is_some() || !exclusions.listed.is_empty()) && self.count_of(range) == 0
    }

    /// Whether the definition has no window at any time.
    pub(super) fn is_empty(&self) -> bool {
        // What doesn't come in four centuries never does.
        const INDEXES_OF_400_YEARS: i64 = 400 * 366 * 24 * 60;
        let first = self.first_index();
        let last = self.last_index().unwrap_or_else(|| {
            let start = self.0.bounds.start.as_second();
            let later = Timestamp::from_second(start.saturating_add(INDEXES_OF_400_YEARS * 60));
            self.0.numbering.last_at(later.unwrap_or(Timestamp::MAX))
        });
        last < first || self.count_of(&(first..=last)) == 0
    }

    /// Why labels of the format can't tell windows apart: one is looked for among the first, at the beginnings of months and where clocks change.
    pub(super) fn label_problem(&self) -> Option<Problem> {
        const FIRST: usize = 100;
        const MONTHS: i64 = 36;
        const CHANGES: usize = 12;
        const BESIDE: usize = 3;
        let start = self.0.bounds.start;
        let timetable = self.timetable();
        let month = |month: i64| start.checked_add(jiff::SignedDuration::from_hours(month * 731)).ok();
        let changes = self.0.zone.following(start).map(|change| change.timestamp()).take(CHANGES);
        let beside = changes.chain((1..=MONTHS).filter_map(month)).flat_map(|at| {
            let earlier = timetable.until(at).take(BESIDE).filter(|tick| *tick >= start);
            earlier.chain(timetable.after(at).take(BESIDE)).collect::<Vec<_>>()
        });
        let samples = timetable.after(before(start)).take(FIRST).chain(beside);
        samples.filter(|sample| *sample < self.0.bounds.end).find_map(|sample| self.sample_problem(sample))
    }

    /// Why the label of a window doesn't lead back to it.
    fn sample_problem(&self, start: Timestamp) -> Option<Problem> {
        let label = self.label(start);
        let format = self.0.format.as_str();
        let found =
            self.index_of_label(&label).ok().filter(|found| *found == self.0.numbering.last_at(start));
        let twins: Vec<Timestamp> = self.starts(&label);
        let message = match (found, &twins[..]) {
            (Some(_), [] | [_]) => return None,
            (_, [one, other, ..]) => format!(
                "with the label format `{format}` two windows are called `{label}`: those that start at {one} and at {other}"
            ),
            (None, [] | [_]) => {
                format!("with the label format `{format}` the window `{label}` isn't found by its label")
            }
        };
        let default = self.0.definition.default_format();
        Some(Problem::new(message).with_hint(format!("write all of the start, as in `{default}`")))
    }
}
