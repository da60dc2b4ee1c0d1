//! The margins of one row: several trees side by side.

use super::layout::{Forest, SIDE_BY_SIDE, Shape, Tree};
use super::walk::{ROOT, step};

impl Forest {
    /// The margins of one row, given its columns in ascending order and their values.
    pub fn row_margins(&self, indices: &[u32], values: &[f64]) -> Vec<f32> {
        self.places.with_row(indices, values, |row| {
            let mut margins = self.base.clone();
            for (trees, &common_steps) in self.trees.chunks(SIDE_BY_SIDE).zip(&self.common_steps) {
                match (common_steps, <&[Tree; SIDE_BY_SIDE]>::try_from(trees)) {
                    (Some(steps), Ok(trees)) => self.add_side_by_side(trees, steps, row, &mut margins),
                    _ => {
                        trees.iter().for_each(|tree| self.add_leaf(tree, self.walk(tree, row), &mut margins));
                    }
                }
            }
            margins
        })
    }

    /// Adds full trees, of which each has at least this number of steps.
    fn add_side_by_side(&self, trees: &[Tree; SIDE_BY_SIDE], steps: u32, row: &[u32], margins: &mut [f32]) {
        let places = trees.map(|tree| match tree.shape {
            Shape::Full { first_split, first_leaf, depth } => (first_split, first_leaf, depth),
            Shape::Linked { first } | Shape::Vectors { first } => (first, first, 0),
        });
        let mut nodes = [ROOT; SIDE_BY_SIDE];
        for _ in 0..steps {
            for (node, (first_split, ..)) in nodes.iter_mut().zip(&places) {
                let split = self.splits[first_split + *node];
                *node = step(*node, split, row[split.place as usize]);
            }
        }
        for ((tree, node), &(first_split, first_leaf, depth)) in trees.iter().zip(nodes).zip(&places) {
            let mut node = node;
            for _ in steps..depth {
                let split = self.splits[first_split + node];
                node = step(node, split, row[split.place as usize]);
            }
            margins[tree.output as usize] += self.leaves[first_leaf + node - (1 << depth)];
        }
    }
}
