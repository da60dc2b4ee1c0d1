//! The windows that a definition leaves out.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::numbering::Numbering;
use super::time_windows::before;
use super::{Calendar, IndexSet};

/// The most windows that are walked over from one that is excluded to the next.
const WALKED: usize = 48;

/// The windows that are left out.
#[derive(Debug, Default)]
pub(super) struct Exclusions {
    /// The ticks at which some start, and those together with all ticks.
    pub(super) crons: Option<(Numbering, Numbering)>,
    /// The indexes of others.
    pub(super) listed: BTreeSet<i64>,
}

impl Calendar {
    /// The number of windows of a range of indexes that aren't excluded.
    pub(super) fn count_of(&self, range: &RangeInclusive<i64>) -> u64 {
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

    pub(super) fn excludes(&self, index: i64) -> bool {
        self.0.exclusions.listed.contains(&index) || self.excludes_by_cron(index)
    }

    fn excludes_by_cron(&self, index: i64) -> bool {
        let crons = self.0.exclusions.crons.as_ref();
        crons.is_some_and(|(crons, _)| self.0.numbering.tick(index).is_some_and(|start| crons.is_tick(start)))
    }

    pub(super) fn excludes_start(&self, start: Timestamp) -> bool {
        let exclusions = &self.0.exclusions;
        let by_cron = exclusions.crons.as_ref().is_some_and(|(crons, _)| crons.is_tick(start));
        by_cron
            || !exclusions.listed.is_empty() && exclusions.listed.contains(&self.0.numbering.last_at(start))
    }

    /// The indexes of a range that are excluded.
    pub(super) fn excluded(&self, range: RangeInclusive<i64>) -> IndexSet {
        let exclusions = &self.0.exclusions;
        let listed: IndexSet = exclusions.listed.range(range.clone()).copied().collect();
        let numbering = &self.0.numbering;
        let ticks = (numbering.tick(*range.start()), numbering.tick(*range.end()));
        let (Some((crons, _)), (Some(first), Some(last))) = (&exclusions.crons, ticks) else { return listed };
        let mut starts = self.timetable().after(before(first)).peekable();
        let (mut at, mut index) = (before(first), *range.start() - 1);
        let by_cron = crons.timetable().between(at, last).filter_map(|tick| {
            // A tick is walked to from the one before, or counted if it is far.
            for _ in 0..WALKED {
                let Some(start) = starts.next_if(|start| *start <= tick) else { break };
                (at, index) = (start, index + 1);
            }
            if starts.peek().is_some_and(|start| *start <= tick) {
                index += i64::try_from(self.timetable().count(at, tick)).unwrap_or(0);
                at = if numbering.is_tick(tick) { tick } else { before(tick) };
                starts = self.timetable().after(tick).peekable();
            }
            (at == tick).then_some(index)
        });
        listed.union(&by_cron.collect())
    }

    /// Whether a window that lies within the definition is excluded.
    pub(super) fn is_excluded(&self, index: i64) -> bool {
        self.is_within(index) && self.excludes(index)
    }

    /// Whether all indexes of a range are excluded, so that it can be passed over in a text.
    pub(super) fn excludes_all(&self, range: &RangeInclusive<i64>) -> bool {
        self.excludes_any() && self.count_of(range) == 0
    }

    /// Whether the definition leaves anything out.
    pub(super) fn excludes_any(&self) -> bool {
        self.0.exclusions.crons.is_some() || !self.0.exclusions.listed.is_empty()
    }
}
