//! A tree as it grows and when it is done.

use crate::boost::columns::level::Candidate;

/// A grown tree: one element per node in each list, the root first.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::boost) struct GrownTree {
    /// The two children of a node, which follow each other; absent for a leaf.
    pub(in crate::boost) left_children: Vec<Option<u32>>,
    /// The parent of each node but the root.
    pub(in crate::boost) parents: Vec<Option<u32>>,
    /// The column that a node asks for; 0 for a leaf.
    pub(in crate::boost) columns: Vec<u32>,
    /// What smaller values of the column go left of; the value of a leaf.
    pub(in crate::boost) conditions: Vec<f32>,
    /// Whether rows that miss the column go left.
    pub(in crate::boost) default_left: Vec<bool>,
    /// By how much a split reduces the loss; 0 for a leaf.
    pub(in crate::boost) gains: Vec<f32>,
    /// The sum of the second derivatives of a node's rows.
    pub(in crate::boost) weights: Vec<f32>,
    /// The value that a node would have as a leaf, before it is scaled by `eta`.
    pub(in crate::boost) values: Vec<f32>,
}

impl GrownTree {
    /// Adds a leaf and gives its number.
    pub(super) fn add_leaf(&mut self, parent: Option<u32>, value: f32, eta: f32, weight: f32) -> u32 {
        let number = self.conditions.len() as u32;
        self.left_children.push(None);
        self.parents.push(parent);
        self.columns.push(0);
        self.conditions.push(value * eta);
        self.default_left.push(false);
        self.gains.push(0.0);
        self.weights.push(weight);
        self.values.push(value);
        number
    }

    /// Turns a leaf into a split, whose children are the two nodes added last.
    pub(super) fn split(&mut self, node: u32, split: &Candidate, left_child: u32) {
        let node = node as usize;
        self.left_children[node] = Some(left_child);
        self.columns[node] = split.column;
        self.conditions[node] = split.threshold;
        self.default_left[node] = split.default_left;
        self.gains[node] = split.gain;
    }

    /// The number of nodes.
    pub(in crate::boost) fn nodes(&self) -> usize {
        self.conditions.len()
    }

    /// The value of the leaf `node`, scaled by `eta`.
    pub(in crate::boost) fn leaf_value(&self, node: u32) -> f32 {
        self.conditions[node as usize]
    }

    /// The leaf that a row comes to; `value` gives its value in a column, `None` if it misses it.
    pub(in crate::boost) fn leaf(&self, value: impl Fn(u32) -> Option<f32>) -> u32 {
        let mut node = 0;
        while let Some(left_child) = self.left_children[node as usize] {
            let left = match value(self.columns[node as usize]) {
                Some(value) => value < self.conditions[node as usize],
                None => self.default_left[node as usize],
            };
            node = if left { left_child } else { left_child + 1 };
        }
        node
    }
}
