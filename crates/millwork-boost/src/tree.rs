//! A tree: what its nodes ask, and what its leaves add.

use std::ops::Range;

/// A tree. The root is node 0; a child has a higher number than its parent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree {
    /// The nodes; the first is the root.
    pub nodes: Vec<Node>,
    /// The categories that splits on categorical columns send right, ascending for each split.
    pub categories: Vec<u32>,
    /// The values of leaves with one value for each output (leaves × outputs), in the order of the leaves' numbers; empty where
    /// leaves have one value.
    pub leaf_vectors: Vec<f32>,
}

/// A node of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The node above; absent for the root.
    pub parent: Option<u32>,
    /// What the node asks; absent for a leaf.
    pub split: Option<Split>,
    /// What a leaf adds to a margin, the learning rate included; 0 for a node with a split.
    pub leaf: f32,
    /// The value that the node has or would have as a leaf (XGBoost's `base_weights`, which nothing is computed from): before the
    /// learning rate, but after it for the leaves of `hist` below the root.
    pub value: f32,
    /// The sum of the second derivatives of the node's rows (XGBoost's `sum_hessian`).
    pub weight: f32,
}

/// A question to a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// The column that it asks for.
    pub column: u32,
    /// Which values go left.
    pub condition: Condition,
    /// Whether rows that miss the column go left.
    pub default_left: bool,
    /// Where the others go.
    pub children: [u32; 2],
    /// By how much it reduces the loss (XGBoost's `loss_changes`).
    pub gain: f32,
}

/// Which values go left.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Those below a threshold.
    Below(f32),
    /// Categories other than these, which are a range of the tree's [`categories`](Tree::categories).
    NotIn(Range<u32>),
}

impl Tree {
    /// Adds a leaf and gives its number. `rate` is the learning rate.
    pub fn add_leaf(&mut self, parent: Option<u32>, value: f32, rate: f32, weight: f32) -> u32 {
        self.nodes.push(Node { parent, split: None, leaf: value * rate, value, weight });
        self.nodes.len() as u32 - 1
    }

    /// The place of each leaf among the leaves, where its vector stands; 0 for a node with a split.
    pub(crate) fn leaf_ranks(&self) -> Vec<u32> {
        let mut leaves = 0;
        let rank = |node: &Node| {
            let rank = if node.split.is_none() { leaves } else { 0 };
            leaves += u32::from(node.split.is_none());
            rank
        };
        self.nodes.iter().map(rank).collect()
    }

    /// The leaf that a row comes to; `value` gives its value in a column, `None` if it misses it.
    pub fn leaf(&self, value: impl Fn(u32) -> Option<f32>) -> u32 {
        let mut number = 0;
        while let Some(split) = &self.nodes[number as usize].split {
            number = split.children[usize::from(!self.goes_left(split, value(split.column)))];
        }
        number
    }

    /// Whether a row with this value in the split's column goes left.
    pub(crate) fn goes_left(&self, split: &Split, value: Option<f32>) -> bool {
        match (value, &split.condition) {
            (None, _) => split.default_left,
            (Some(value), Condition::Below(threshold)) => value < *threshold,
            (Some(value), Condition::NotIn(range)) => {
                // XGBoost's rule: a value that is not a category of the training (negative, or too large) goes left.
                let categories = &self.categories[range.start as usize..range.end as usize];
                value < 0.0 || categories.binary_search(&(value as u32)).is_err()
            }
        }
    }
}
