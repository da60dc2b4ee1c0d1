//! The search of columns for the best split of every node of a level.

use crate::data::Gradient;
use crate::grow::constraints::{AllowedColumns, Directions};
use crate::grow::exact::sorted_columns::{Entry, SortedColumns};
use crate::grow::score::{Bar, Bounds, Regularization, Sums};

/// How far beyond the last value of a column its outer thresholds lie at least (XGBoost's `kRtEps`).
const EPSILON: f32 = 1e-6;

/// A row of the matrix while a tree grows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) gradient: Gradient,
    /// The place of the row's node in its level; [`Row::DONE`] if the row is in a leaf, or was not sampled.
    pub(super) place: u32,
}

/// A node of the level that is being split.
#[derive(Debug, Clone)]
pub(super) struct OpenNode {
    /// The sums of its rows' gradients.
    pub(super) sums: Sums,
    /// Its value as a leaf.
    pub(super) value: f32,
    /// Its gain as a leaf.
    pub(super) gain: f32,
    /// Where the values of its children have to stay.
    pub(super) bounds: Bounds,
    /// What it may ask for.
    pub(super) allowed: AllowedColumns,
}

/// A split that a node can have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) gain: f32,
    pub(super) column: u32,
    pub(super) threshold: f32,
    pub(super) default_left: bool,
}

/// What a scan needs and does not change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) columns: &'a SortedColumns,
    pub(super) rows: &'a [Row],
    pub(super) level: &'a [OpenNode],
    pub(super) regularization: &'a Regularization,
    pub(super) directions: &'a Directions,
    /// Whether nodes differ in what they may ask for.
    pub(super) constrained: bool,
}

/// The best splits so far, and the state of each node in the column that is scanned.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    search: Search<'a>,
    states: Vec<State>,
    /// The nodes that the scanned column met.
    met: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// The sums of what is passed.
    passed: Sums,
    /// The value of what was passed last.
    last: f32,
    met: bool,
    /// Whether the node may ask for the column.
    allowed: bool,
    best: Candidate,
    bar: Bar,
}

impl Row {
    /// No place in a level.
    pub(super) const DONE: u32 = u32::MAX;
}

impl Candidate {
    /// The absence of a split.
    pub(super) const NONE: Self = Self { gain: 0.0, column: 0, threshold: 0.0, default_left: false };

    /// The better one of two splits of a node: of equal ones, that on the column with the lower number.
    pub(super) fn better(self, other: Self) -> Self {
        let wins = other.gain > self.gain || (other.gain == self.gain && other.column < self.column);
        if wins && other.gain > 0.0 { other } else { self }
    }
}

impl<'a> Scan<'a> {
    /// A scan that has not met a column.
    pub(super) fn new(search: Search<'a>) -> Self {
        let state = |node: &OpenNode| State {
            passed: Sums::default(),
            last: 0.0,
            met: false,
            allowed: true,
            best: Candidate::NONE,
            bar: search.regularization.bar(0.0, node.gain),
        };
        Self { search, states: search.level.iter().map(state).collect(), met: Vec::new() }
    }

    /// Searches a column. Columns have to come in ascending order.
    pub(super) fn column(mut self, &column: &u32) -> Self {
        if self.search.constrained {
            for (state, node) in self.states.iter_mut().zip(self.search.level) {
                state.allowed = node.allowed.allows(column);
            }
        }
        let entries = self.search.columns.column(column);
        if self.search.columns.searched_forward(column) {
            self.pass::<true>(column, entries.iter());
        }
        self.pass::<false>(column, entries.iter().rev());
        self
    }

    /// The best split of each node of the level.
    pub(super) fn into_best(self) -> Vec<Candidate> {
        self.states.into_iter().map(|state| state.best).collect()
    }

    /// Passes the entries from small to large ones (`UP`: missing values go right), or from large to small ones.
    fn pass<'e, const UP: bool>(&mut self, column: u32, entries: impl Iterator<Item = &'e Entry>) {
        for &Entry { value, row } in entries {
            let Row { gradient, place } = self.search.rows[row as usize];
            if place == Row::DONE {
                continue;
            }
            let state = &mut self.states[place as usize];
            if !state.allowed {
                continue;
            }
            if !state.met {
                state.met = true;
                self.met.push(place);
            }
            // As in XGBoost, values are not distinguished until an entry with weight has passed.
            if state.passed.second != 0.0 && value != state.last {
                let threshold = threshold(state.last, value);
                state.consider::<UP>(&self.search, place, column, threshold);
            }
            state.passed += gradient;
            state.last = value;
        }
        for place in self.met.drain(..) {
            let state = &mut self.states[place as usize];
            let gap = state.last.abs() + EPSILON;
            let threshold = if UP { state.last + gap } else { state.last - gap };
            state.consider::<UP>(&self.search, place, column, threshold.clamp(f32::MIN, f32::MAX));
            (state.met, state.passed) = (false, Sums::default());
        }
    }
}

impl State {
    /// Takes the split of what is passed from what is not, if it is the best one so far.
    fn consider<const UP: bool>(&mut self, search: &Search<'_>, place: u32, column: u32, threshold: f32) {
        let (node, regularization) = (&search.level[place as usize], search.regularization);
        let rest = node.sums - self.passed;
        if !regularization.is_valid(self.passed, rest) || regularization.fails(self.passed, rest, self.bar) {
            return;
        }
        let (left, right) = if UP { (self.passed, rest) } else { (rest, self.passed) };
        let gain = if search.directions.any() {
            let direction = search.directions.of(column);
            regularization.bounded_split_gain(left, right, node.gain, node.bounds, direction)
        } else {
            regularization.split_gain(left, right, node.gain)
        };
        if let Some(gain) = gain.filter(|&gain| gain > self.best.gain) {
            self.best = Candidate { gain, column, threshold, default_left: !UP };
            self.bar = regularization.bar(gain, node.gain);
        }
    }
}

/// The middle of the value that was passed last and the next one, or the former where single precision has no middle.
fn threshold(last: f32, value: f32) -> f32 {
    let sum = value + last;
    let middle = if sum.is_finite() { sum * 0.5 } else { value * 0.5 + last * 0.5 };
    if middle == value { last } else { middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_lie_in_the_middle() {
        let next = f32::from_bits(1.0_f32.to_bits() + 1);
        assert_eq!(threshold(1.0, 2.0), 1.5);
        assert_eq!(threshold(2.0, 1.0), 1.5);
        assert_eq!(threshold(next, 1.0), next);
        assert_eq!(threshold(f32::MAX, f32::MAX / 2.0), f32::MAX * 0.75);
        assert_eq!(threshold(-f32::MAX, f32::MAX), 0.0);
    }

    #[test]
    fn the_lower_column_wins_a_tie() {
        let candidate = |gain, column| Candidate { gain, column, threshold: 1.0, default_left: true };
        let check = |left: Candidate, right: Candidate, expected: Candidate| {
            assert_eq!(left.better(right), expected);
            assert_eq!(right.better(left), expected);
        };
        check(candidate(2.0, 3), candidate(2.0, 1), candidate(2.0, 1));
        check(candidate(2.0, 3), candidate(3.0, 4), candidate(3.0, 4));
        check(candidate(2.0, 3), Candidate::NONE, candidate(2.0, 3));
        check(Candidate::NONE, Candidate::NONE, Candidate::NONE);
    }
}
