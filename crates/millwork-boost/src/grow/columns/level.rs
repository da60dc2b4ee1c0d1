//! One level of a growing tree: its open nodes and where the rows are.

use std::sync::Arc;

use crate::data::Gradient;
use crate::grow::constraints::AllowedColumns;
use crate::grow::score::{Bounds, Sums};

/// A row during a tree: its gradient, and the node that it has come to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) gradient: Gradient,
    pub(super) node: u32,
}

/// The nodes of one depth. Their numbers in the tree follow each other.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) first_node: u32,
    pub(super) nodes: Vec<OpenNode>,
}

/// A node that may still be split.
#[derive(Debug, Clone)]
pub(super) struct OpenNode {
    pub(super) sums: Sums,
    /// How many rows are in it, also of those that are not sampled.
    pub(super) rows: u32,
    /// What it gains as a leaf.
    pub(super) gain: f32,
    /// Between which values its leaves have to stay.
    pub(super) bounds: Bounds,
    /// The columns that its branch leaves it.
    pub(super) allowed: AllowedColumns,
    /// The columns that were drawn for it, ascending; absent if it sees all of its level's.
    pub(super) drawn: Option<Arc<[u32]>>,
}

/// The best split of a node so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) gain: f32,
    pub(super) column: u32,
    /// Smaller values go left.
    pub(super) threshold: f32,
    /// Where rows go that miss the column.
    pub(super) default_left: bool,
    pub(super) left: Sums,
    pub(super) right: Sums,
}

impl Level {
    /// The place of a tree's node in this level, or `None` if the node is a leaf of an earlier one.
    pub(super) fn position(&self, node: u32) -> Option<usize> {
        let position = node.wrapping_sub(self.first_node) as usize;
        (position < self.nodes.len()).then_some(position)
    }
}

impl OpenNode {
    /// Whether the node may be split on a column of its level.
    pub(super) fn sees(&self, column: u32) -> bool {
        self.drawn.as_ref().is_none_or(|drawn| drawn.binary_search(&column).is_ok())
            && self.allowed.allows(column)
    }
}

impl Candidate {
    /// No split, which every split beats.
    pub(super) const NONE: Self = Self {
        gain: 0.0,
        column: u32::MAX,
        threshold: 0.0,
        default_left: false,
        left: Sums { first: 0.0, second: 0.0 },
        right: Sums { first: 0.0, second: 0.0 },
    };

    /// Takes `other` if it gains more. Of equals the earlier one stays, so columns have to come in ascending order.
    pub(super) fn improve(&mut self, other: Self) {
        if other.gain > self.gain {
            *self = other;
        }
    }
}
