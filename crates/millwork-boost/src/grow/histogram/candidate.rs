//! A node that may be split, and the best split found for it so far.

use std::cmp::Ordering;

use crate::grow::constraints::AllowedColumns;
use crate::grow::score::{Bounds, Sums};

/// A split of a node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    /// By how much it reduces the loss.
    pub(super) gain: f32,
    /// The column that it asks for.
    pub(super) column: u32,
    /// Which bins go left.
    pub(super) rule: Rule,
    /// Whether rows that miss the column go left.
    pub(super) default_left: bool,
    /// The gradients that go left.
    pub(super) left: Sums,
    /// The gradients that go right.
    pub(super) right: Sums,
}

/// Which bins of a column go left.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rule {
    /// This many, the first ones.
    First(u32),
    /// Those other than these. The categories below `absent_below` that have no bin, as they don't occur, go right as well.
    NotIn { bins: Vec<u32>, absent_below: u32 },
}

/// The state of a node before it is split.
#[derive(Debug, Clone)]
pub(super) struct NodeState {
    /// The sum of its gradients.
    pub(super) sums: Sums,
    /// Its gain as a leaf.
    pub(super) gain: f32,
    /// Between which values its leaves stay.
    pub(super) bounds: Bounds,
    /// The columns that interaction constraints allow.
    pub(super) allowed: AllowedColumns,
}

/// Keeps the better of two candidates: the first one if they are equally good.
pub(super) fn improve(best: &mut Option<Candidate>, other: Option<Candidate>) {
    if let Some(other) = other
        && other.gain > gain(best.as_ref())
    {
        *best = Some(other);
    }
}

/// What a candidate has to beat.
pub(super) fn gain(best: Option<&Candidate>) -> f32 {
    best.map_or(0.0, |best| best.gain)
}

/// How entries of a queue are ordered by gain: the larger gain first, then the node that was made first.
pub(super) fn by_gain(left: (f32, u32), right: (f32, u32)) -> Ordering {
    left.0.total_cmp(&right.0).then(right.1.cmp(&left.1))
}
