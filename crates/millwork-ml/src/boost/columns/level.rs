//! One level of a growing tree: its open nodes and where the rows are.

use crate::boost::columns::score::{Gradient, Regularization, Sums};

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
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenNode {
    pub(super) sums: Sums,
    pub(super) rows: u32,
    pub(super) gain: f32,
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
    pub(super) fn new(sums: Sums, rows: u32, regularization: &Regularization) -> Self {
        Self { sums, rows, gain: regularization.gain(sums) }
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
