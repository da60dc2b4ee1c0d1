//! The importance of a column in a model.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Model;
use crate::tree::{Node, Split};

/// How a column's contribution is measured: XGBoost's `importance_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// The number of splits on the column.
    Weight,
    /// The mean loss reduction of its splits.
    Gain,
    /// The mean sum of second derivatives (for squared error: of rows) at its splits.
    Cover,
    /// The sum of the loss reductions of its splits.
    TotalGain,
    /// The sum of second derivatives at all its splits.
    TotalCover,
}

/// The importance of every column that a split asks for, in ascending order of columns. Sums are taken in single precision in XGBoost's
/// order (tree after tree, a node before its children, the right one first), so that they have the same bits.
pub fn importance(model: &Model, kind: Importance) -> Vec<(u32, f32)> {
    let of_split = |node: &Node, split: &Split| match kind {
        Importance::Weight => 1.0,
        Importance::Gain | Importance::TotalGain => split.gain,
        Importance::Cover | Importance::TotalCover => node.weight,
    };
    let mut sums: BTreeMap<u32, (f32, u32)> = BTreeMap::new();
    for tree in &model.trees {
        let mut next = vec![0];
        while let Some(number) = next.pop() {
            let node = &tree.nodes[number as usize];
            if let Some(split) = &node.split {
                let (sum, splits) = sums.entry(split.column).or_default();
                *sum += of_split(node, split);
                *splits += 1;
                next.extend(split.children);
            }
        }
    }
    let result = |(column, (sum, splits))| match kind {
        Importance::Weight => (column, splits as f32),
        Importance::Gain | Importance::Cover => (column, sum / splits as f32),
        Importance::TotalGain | Importance::TotalCover => (column, sum),
    };
    sums.into_iter().map(result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Condition, Tree};

    #[test]
    fn columns_are_measured_by_their_splits() {
        let mut tree = Tree::default();
        for (parent, weight) in [(None, 8.0), (Some(0), 5.0), (Some(0), 3.0), (Some(1), 1.0), (Some(1), 4.0)]
        {
            tree.add_leaf(parent, 0.0, 1.0, weight);
        }
        for (node, column, children, gain) in [(0, 7, [1, 2], 6.0), (1, 3, [3, 4], 2.0)] {
            let split =
                Split { column, condition: Condition::Below(0.0), default_left: true, children, gain };
            tree.nodes[node].split = Some(split);
        }
        let mut model = Model { columns: 9, outputs: 1, ..Model::default() };
        let mut other = tree.clone();
        other.nodes[1].split.as_mut().expect("a split").column = 7;
        model.append([(0, tree), (0, other)]);
        let check =
            |kind, expected: &[(u32, f32)]| assert_eq!(importance(&model, kind), expected, "{kind:?}");
        check(Importance::Weight, &[(3, 1.0), (7, 3.0)]);
        check(Importance::TotalGain, &[(3, 2.0), (7, 14.0)]);
        check(Importance::Gain, &[(3, 2.0), (7, 14.0 / 3.0)]);
        check(Importance::TotalCover, &[(3, 5.0), (7, 21.0)]);
        check(Importance::Cover, &[(3, 5.0), (7, 7.0)]);
    }
}
