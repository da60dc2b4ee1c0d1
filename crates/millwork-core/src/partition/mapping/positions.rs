//! The positions of windows among those that aren't excluded.

use std::ops::RangeInclusive;

use crate::partition::IndexSet;

/// Windows in order, each with a position from 0. It is asked for positions and indexes by searching runs, so that it takes what the
/// runs take.
#[derive(Debug)]
pub(super) struct Positions {
    runs: Vec<Run>,
    count: i64,
}

/// Windows whose indexes follow each other.
#[derive(Debug)]
struct Run {
    indexes: RangeInclusive<i64>,
    /// The number of windows before it.
    before: i64,
}

impl Positions {
    /// The positions of the windows of a set.
    pub(super) fn new(windows: &IndexSet) -> Self {
        let mut count = 0;
        let run = |indexes: RangeInclusive<i64>| {
            let before = count;
            count += indexes.end() - indexes.start() + 1;
            Run { indexes, before }
        };
        let runs = windows.runs().map(run).collect();
        Self { runs, count }
    }

    /// The number of windows with an index below one, which is the position of the window with that index.
    pub(super) fn below(&self, index: i64) -> i64 {
        let place = self.runs.partition_point(|run| *run.indexes.start() < index);
        let run = place.checked_sub(1).and_then(|place| self.runs.get(place));
        run.map_or(0, |run| run.before + (index - 1).min(*run.indexes.end()) - run.indexes.start() + 1)
    }

    /// The index of the window at a position.
    pub(super) fn index(&self, position: i64) -> Option<i64> {
        if !(0..self.count).contains(&position) {
            return None;
        }
        let place = self.runs.partition_point(|run| run.before <= position);
        let run = self.runs.get(place.checked_sub(1)?)?;
        Some(run.indexes.start() + (position - run.before))
    }

    /// Between which windows indexes are left out: the last one before and the first one after. `None` stands for an end.
    pub(super) fn gaps(&self) -> impl Iterator<Item = (Option<i64>, Option<i64>)> {
        let ends = self.runs.iter().map(|run| Some(*run.indexes.end()));
        let starts = self.runs.iter().map(|run| Some(*run.indexes.start()));
        std::iter::once(None).chain(ends).zip(starts.chain(std::iter::once(None)))
    }
}
