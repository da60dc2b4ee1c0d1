//! The margins of one row: several trees side by side.

use super::layout::{Forest, SIDE_BY_SIDE, Shape, Tree};
use super::question::{Question, Splits};
use super::walk::{ROOT, step};

impl Forest {
    /// The margins of one row, given its columns in ascending order and their values.
    pub fn row_margins(&self, indices: &[u32], values: &[f64]) -> Vec<f32> {
        self.places.with_row(indices, values, |row| {
            let mut margins = self.base.clone();
            match &self.splits {
                Splits::Numeric(splits) => self.add_trees(splits, row, &mut margins),
                Splits::Mixed(splits) => self.add_trees(splits, row, &mut margins),
            }
            margins
        })
    }

    fn add_trees(&self, splits: &[impl Question], row: &[u32], margins: &mut [f32]) {
        for (trees, &common_steps) in self.trees.chunks(SIDE_BY_SIDE).zip(&self.common_steps) {
            match (common_steps, <&[Tree; SIDE_BY_SIDE]>::try_from(trees)) {
                (Some(steps), Ok(trees)) => self.add_side_by_side(trees, steps, splits, row, margins),
                _ => {
                    trees.iter().for_each(|tree| self.add_leaf(tree, self.walk(tree, splits, row), margins));
                }
            }
        }
    }

    /// Adds full trees, of which each has at least this number of steps.
    fn add_side_by_side(
        &self,
        trees: &[Tree; SIDE_BY_SIDE],
        steps: u32,
        splits: &[impl Question],
        row: &[u32],
        margins: &mut [f32],
    ) {
        let step = |node: usize, first_split: usize| {
            let split = splits[first_split + node];
            step(node, split, row[split.place()], &self.bits.words)
        };
        let places = trees.map(|tree| match tree.shape {
            Shape::Full { first_split, first_leaf, depth } => (first_split, first_leaf, depth),
            Shape::Linked { first } | Shape::Vectors { first } => (first, first, 0),
        });
        let mut nodes = [ROOT; SIDE_BY_SIDE];
        for _ in 0..steps {
            for (node, (first_split, ..)) in nodes.iter_mut().zip(&places) {
                *node = step(*node, *first_split);
            }
        }
        for ((tree, node), &(first_split, first_leaf, depth)) in trees.iter().zip(nodes).zip(&places) {
            let mut node = node;
            for _ in steps..depth {
                node = step(node, first_split);
            }
            margins[tree.output as usize] += self.leaves[first_leaf + node - (1 << depth)];
        }
    }
}
