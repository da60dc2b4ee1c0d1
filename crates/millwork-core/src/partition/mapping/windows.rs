//! The upstream windows of downstream ones: those that overlap, and some before and after.
//!
//! Between the two, positions grow together: of a later downstream window, the first upstream one is the same or later, and the last
//! one too. So the windows that reach an upstream position are an interval, and intervals are searched for by their ends.

use std::ops::{Range, RangeInclusive};

use serde::{Deserialize, Serialize};

use super::alignment::Alignment;
use super::link::Linked;
use super::positions::Positions;
use crate::partition::{Calendar, IndexSet};

/// Which windows are taken, by their distance from those that overlap: −1 is the one before the first of them, 1 the one
/// after the last, and 0 are all of them. Windows that are excluded upstream are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offsets {
    pub(super) from: i32,
    pub(super) to: i32,
}

impl Offsets {
    /// Those that overlap, and no other.
    pub(super) const OVERLAP: Self = Self { from: 0, to: 0 };
}

/// A dimension of windows at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowAxis<'a> {
    pub(super) calendar: &'a Calendar,
    /// The windows that there are.
    pub(super) present: &'a IndexSet,
}

/// The upstream windows of some downstream ones.
pub(super) fn upstream_of(
    offsets: Offsets,
    windows: &IndexSet,
    down: WindowAxis<'_>,
    up: WindowAxis<'_>,
) -> Linked {
    let alignment = Alignment::new(down.calendar, up.calendar);
    if alignment.is_same() && offsets == Offsets::OVERLAP {
        let indexes = windows.intersection(up.present);
        return Linked { lacking: windows.difference(&indexes), indexes };
    }
    let Some(reach) = Reach::new(offsets, alignment, windows, up) else {
        return Linked { indexes: IndexSet::default(), lacking: windows.clone() };
    };
    Linked { indexes: reach.upstream_of(windows), lacking: windows.difference(&reach.complete(windows)) }
}

/// The downstream windows, of those that there are, that take some of the upstream ones that there are.
pub(super) fn downstream_of(
    offsets: Offsets,
    windows: &IndexSet,
    down: WindowAxis<'_>,
    up: WindowAxis<'_>,
) -> IndexSet {
    let windows = windows.intersection(up.present);
    let alignment = Alignment::new(down.calendar, up.calendar);
    if alignment.is_same() && offsets == Offsets::OVERLAP {
        return windows.intersection(down.present);
    }
    let reach = Reach::new(offsets, alignment, down.present, up);
    reach.map_or_else(IndexSet::default, |reach| reach.downstream_of(&windows, down.present))
}

/// Why a window lacks an upstream one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shortfall {
    /// Upstream has no window at all.
    Empty,
    /// It needs one before the first.
    Before,
    /// It needs one after the last.
    After,
    /// All that it overlaps are excluded.
    Excluded,
}

/// Why a downstream window lacks an upstream one; `None` if it has all that it takes.
pub(super) fn shortfall(
    offsets: Offsets,
    window: i64,
    down: WindowAxis<'_>,
    up: WindowAxis<'_>,
) -> Option<Shortfall> {
    let alignment = Alignment::new(down.calendar, up.calendar);
    let reach = Reach::new(offsets, alignment, &IndexSet::from(window..=window), up);
    let reach = reach.filter(|reach| !reach.present.is_empty());
    let Some(reach) = reach else { return Some(Shortfall::Empty) };
    let (Some(begin), Some(end)) = (reach.begins(window), reach.ends(window)) else {
        return Some(Shortfall::Empty);
    };
    if begin < reach.present.start {
        return Some(Shortfall::Before);
    }
    if end >= reach.present.end {
        return Some(Shortfall::After);
    }
    (begin > end).then_some(Shortfall::Excluded)
}

/// Which upstream positions downstream windows reach.
struct Reach<'a> {
    offsets: Offsets,
    alignment: Alignment<'a>,
    /// From the upstream windows to the downstream ones.
    back: Alignment<'a>,
    /// Those of all upstream windows that aren't excluded, from the first to the last that there is or that a downstream window
    /// overlaps.
    positions: Positions,
    /// The positions of the windows that there are, which follow each other.
    present: Range<i64>,
    up: WindowAxis<'a>,
    /// The first and the last downstream window.
    windows: (i64, i64),
    /// The index of the first upstream window, and of the last, that those overlap.
    overlapped: (i64, i64),
}

impl<'a> Reach<'a> {
    /// For some downstream windows; `None` if there are none, or some lie beyond the calendar.
    fn new(
        offsets: Offsets,
        alignment: Alignment<'a>,
        windows: &IndexSet,
        up: WindowAxis<'a>,
    ) -> Option<Self> {
        // Of indexes that are none, and so far off, there would be too many between.
        const FARTHEST: i64 = 1 << 33;
        let windows = (windows.first()?, windows.last()?);
        if windows.0 < -FARTHEST || windows.1 > FARTHEST {
            return None;
        }
        let overlapped = (alignment.first(windows.0)?, alignment.last(windows.1)?);
        let (low, high) = overlapped;
        let (positions, present) = match (up.present.first(), up.present.last()) {
            (Some(first), Some(last)) => {
                let around = not_excluded(up.calendar, low, first - 1).union(&not_excluded(
                    up.calendar,
                    last + 1,
                    high,
                ));
                let positions = Positions::new(&up.present.union(&around));
                let present = positions.below(first)..positions.below(last) + 1;
                (positions, present)
            }
            (None, _) | (_, None) => (Positions::new(&not_excluded(up.calendar, low, high)), 0..0),
        };
        let back = alignment.reversed();
        Some(Self { offsets, alignment, back, positions, present, up, windows, overlapped })
    }

    fn upstream_of(&self, windows: &IndexSet) -> IndexSet {
        let runs = windows.runs().flat_map(|run| self.reached(&run)).filter_map(|positions| {
            let first = (*positions.start()).max(self.present.start);
            let last = (*positions.end()).min(self.present.end - 1);
            (first <= last).then(|| Some(self.positions.index(first)?..=self.positions.index(last)?))?
        });
        set_of_runs(runs, self.up.present).intersection(self.up.present)
    }

    /// The positions that a run of windows reaches, as ranges that may overlap or be empty.
    fn reached(&self, run: &RangeInclusive<i64>) -> Vec<RangeInclusive<i64>> {
        let includes_overlap = (self.offsets.from..=self.offsets.to).contains(&0);
        if includes_overlap || self.alignment.is_same() {
            // What one window reaches touches what the next one reaches.
            let ends = self.begins(*run.start()).zip(self.ends(*run.end()));
            return ends.map(|(begin, end)| begin..=end).into_iter().collect();
        }
        let (from, to) = (i64::from(self.offsets.from), i64::from(self.offsets.to));
        let reached = self.alignment.walk(run).into_iter().map(|(first, last)| {
            let (first, last) = (self.positions.below(first), self.positions.below(last + 1) - 1);
            let begin = if self.begins_at_first() { first } else { last };
            let end = if self.ends_at_first() { first } else { last };
            begin + from..=end + to
        });
        reached.collect()
    }

    /// The first position that a window reaches.
    fn begins(&self, window: i64) -> Option<i64> {
        let position = if self.begins_at_first() { self.first(window)? } else { self.last(window)? };
        Some(position + i64::from(self.offsets.from))
    }

    /// The last position that a window reaches.
    fn ends(&self, window: i64) -> Option<i64> {
        let position = if self.ends_at_first() { self.first(window)? } else { self.last(window)? };
        Some(position + i64::from(self.offsets.to))
    }

    /// The position of the first window that overlaps one, or of the first one after it.
    fn first(&self, window: i64) -> Option<i64> {
        let index =
            if window == self.windows.0 { self.overlapped.0 } else { self.alignment.first(window)? };
        Some(self.positions.below(index))
    }

    /// The position of the last window that overlaps one, or of the last one before it.
    fn last(&self, window: i64) -> Option<i64> {
        let index = if window == self.windows.1 { self.overlapped.1 } else { self.alignment.last(window)? };
        Some(self.positions.below(index + 1) - 1)
    }

    /// Whether the first position is counted from the first window that overlaps, not from the last.
    fn begins_at_first(&self) -> bool {
        self.offsets.from <= 0
    }

    /// Whether the last position is counted from the first window that overlaps, not from the last.
    fn ends_at_first(&self) -> bool {
        self.offsets.to < 0
    }

    /// The windows of a set that reach no position but of windows that there are, and at least one.
    fn complete(&self, windows: &IndexSet) -> IndexSet {
        if self.present.is_empty() {
            return IndexSet::default();
        }
        let run = span(self.begins_from(self.present.start), self.ends_from(self.present.end));
        self.without_empty(&set_of_runs(run, windows).intersection(windows))
    }

    /// The windows of `of` that reach some upstream ones that there are.
    fn downstream_of(&self, windows: &IndexSet, of: &IndexSet) -> IndexSet {
        let mut ranges: Vec<Range<i64>> = Vec::new();
        for run in windows.runs() {
            let range = self.positions.below(*run.start())..self.positions.below(*run.end()) + 1;
            match ranges.last_mut() {
                // What lies between is excluded.
                Some(before) if before.end == range.start => before.end = range.end,
                Some(_) | None => ranges.push(range),
            }
        }
        let reaching = |range: Range<i64>| span(self.ends_from(range.start), self.begins_from(range.end));
        let runs = ranges.into_iter().filter_map(reaching);
        self.without_empty(&set_of_runs(runs, of).intersection(of))
    }

    /// Windows without those that reach nothing, as all that they overlap is excluded.
    fn without_empty(&self, windows: &IndexSet) -> IndexSet {
        if self.offsets != Offsets::OVERLAP {
            return windows.clone();
        }
        let (low, high) = self.overlapped;
        let is_near = |(before, after): &(Option<i64>, Option<i64>)| {
            before.is_none_or(|before| before < high) && after.is_none_or(|after| after > low)
        };
        let within = |(before, after): (Option<i64>, Option<i64>)| {
            let first = before.map_or(Some(i64::MIN), |before| self.back.last(before)?.checked_add(1));
            let after = after.and_then(|after| self.back.first(after));
            span(first, after)
        };
        let empty = self.positions.gaps().filter(is_near).filter_map(within);
        windows.difference(&set_of_runs(empty, windows))
    }

    /// The first downstream window whose first position isn't below one; `None` if there is none.
    fn begins_from(&self, position: i64) -> Option<i64> {
        let position = position - i64::from(self.offsets.from);
        if self.begins_at_first() { self.first_from(position) } else { self.last_from(position) }
    }

    /// The first downstream window whose last position isn't below one; `None` if there is none.
    fn ends_from(&self, position: i64) -> Option<i64> {
        let position = position - i64::from(self.offsets.to);
        if self.ends_at_first() { self.first_from(position) } else { self.last_from(position) }
    }

    /// The first downstream window that overlaps none before a position; `None` if there is none.
    fn first_from(&self, position: i64) -> Option<i64> {
        if position <= 0 {
            return Some(i64::MIN);
        }
        let before = self.positions.index(position - 1)?;
        self.back.last(before)?.checked_add(1)
    }

    /// The first downstream window that overlaps the one at a position, or a later one; `None` if there is none.
    fn last_from(&self, position: i64) -> Option<i64> {
        if position < 0 {
            return Some(i64::MIN);
        }
        let window = self.positions.index(position)?;
        self.back.first(window)
    }
}

/// The windows from one index to another that aren't excluded, whether or not the definition has them.
fn not_excluded(calendar: &Calendar, first: i64, last: i64) -> IndexSet {
    let range = first..=last;
    if range.is_empty() {
        return IndexSet::default();
    }
    let all = IndexSet::from(range.clone());
    if calendar.excludes_any() { all.difference(&calendar.excluded(range)) } else { all }
}

/// The indexes from one to another, its end excluded; `None` stands for an index that no window has.
fn span(first: Option<i64>, after: Option<i64>) -> Option<RangeInclusive<i64>> {
    let (first, after) = (first?, after.unwrap_or(i64::MAX));
    (first < after).then(|| first..=after - 1)
}

/// The indexes of runs, which may overlap, as far as a set goes: runs may be without an end.
fn set_of_runs(runs: impl IntoIterator<Item = RangeInclusive<i64>>, within: &IndexSet) -> IndexSet {
    let (Some(low), Some(high)) = (within.first(), within.last()) else { return IndexSet::default() };
    let clipped = |run: RangeInclusive<i64>| (*run.start()).max(low)..=(*run.end()).min(high);
    let mut runs: Vec<RangeInclusive<i64>> =
        runs.into_iter().map(clipped).filter(|run| !run.is_empty()).collect();
    runs.sort_unstable_by_key(|run| *run.start());
    let mut merged: Vec<RangeInclusive<i64>> = Vec::with_capacity(runs.len());
    for run in runs {
        match merged.last_mut() {
            Some(before) if run.start() <= before.end() => {
                *before = *before.start()..=*before.end().max(run.end());
            }
            Some(_) | None => merged.push(run),
        }
    }
    IndexSet::from_sorted_runs(merged)
}
