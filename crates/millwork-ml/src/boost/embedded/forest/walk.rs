//! From rows to margins.

use rayon::prelude::*;

use crate::boost::embedded::forest::layout::{Forest, Split, Tree, UNUSED};
use crate::features::Features;

/// Rows whose walks overlap.
const LANES: usize = 8;

/// Values that a block of rows is spread over: as many as the first-level cache holds beside a tree.
const BLOCK: usize = 1 << 12;

/// The most times [`LANES`] rows in a block.
const MOST_GROUPS: usize = 8;

/// Rows per unit of parallel work.
const CHUNK: usize = 1 << 10;

impl Forest {
    /// The margins of each row, row after row (rows × outputs).
    pub(in crate::boost::embedded) fn margins(&self, features: &Features) -> Vec<f32> {
        let outputs = self.outputs();
        let mut margins = vec![0.0; features.rows() * outputs];
        margins.par_chunks_mut(CHUNK * outputs).enumerate().for_each(|(chunk, margins)| {
            let mut block = Block::new(self);
            let rows = block.rows();
            for (number, margins) in margins.chunks_mut(rows * outputs).enumerate() {
                block.fill(features, chunk * CHUNK + number * rows, margins.len() / outputs);
                block.walk(margins);
                block.clear(features);
            }
        });
        margins
    }

    /// The margins of one row, given its columns in ascending order and their values.
    pub(in crate::boost::embedded) fn row_margins(&self, indices: &[u32], values: &[f64]) -> Vec<f32> {
        let mut spread = self.missing.clone();
        for (&column, &value) in indices.iter().zip(values) {
            for place in self.places_of(column) {
                spread[place] = value as f32;
            }
        }
        let mut margins = self.base.clone();
        for tree in &self.trees {
            let splits = self.splits(tree);
            let mut node = 0;
            for _ in 0..tree.depth {
                let split = splits[node];
                node = step(node, split, spread[split.place as usize]);
            }
            margins[tree.output as usize] += self.leaf(tree, node);
        }
        margins
    }

    /// Where trees look for the values of a column.
    fn places_of(&self, column: u32) -> impl Iterator<Item = usize> {
        let places = self.places[column as usize];
        places.into_iter().filter(|&place| place != UNUSED).map(|place| place as usize)
    }

    fn splits(&self, tree: &Tree) -> &[Split] {
        let first = tree.first_split as usize;
        &self.splits[first..first + (1 << tree.depth) - 1]
    }

    /// The leaf of a tree that a walk ended at.
    fn leaf(&self, tree: &Tree, node: usize) -> f32 {
        self.leaves[tree.first_leaf as usize + node + 1 - (1 << tree.depth)]
    }
}

/// The node below `node` that a value leads to.
fn step(node: usize, split: Split, value: f32) -> usize {
    2 * node + 2 - usize::from(value < split.threshold)
}

/// Some rows, spread over the places where trees look for values: [`LANES`] rows side by side, place after place.
struct Block<'a> {
    forest: &'a Forest,
    values: Vec<[f32; LANES]>,
    first_row: usize,
    rows: usize,
}

impl<'a> Block<'a> {
    fn new(forest: &'a Forest) -> Self {
        let missing = &forest.missing;
        let groups = (BLOCK / (missing.len() * LANES)).clamp(1, MOST_GROUPS);
        let values = (0..groups).flat_map(|_| missing).map(|&missing| [missing; LANES]).collect();
        Self { forest, values, first_row: 0, rows: 0 }
    }

    /// How many rows it takes.
    fn rows(&self) -> usize {
        self.values.len() / self.forest.missing.len() * LANES
    }

    fn fill(&mut self, features: &Features, first_row: usize, rows: usize) {
        (self.first_row, self.rows) = (first_row, rows);
        self.spread(features, |value, _| value as f32);
    }

    /// Takes the rows out again, entry by entry if they have few.
    fn clear(&mut self, features: &Features) {
        let offsets = features.row_offsets();
        let entries = offsets[self.first_row + self.rows] - offsets[self.first_row];
        if entries < self.values.len() / LANES {
            self.spread(features, |_, missing| missing);
            return;
        }
        for group in self.values.chunks_exact_mut(self.forest.missing.len()) {
            for (lanes, &missing) in group.iter_mut().zip(&self.forest.missing) {
                *lanes = [missing; LANES];
            }
        }
    }

    fn spread(&mut self, features: &Features, value: impl Fn(f64, f32) -> f32) {
        let missing = &self.forest.missing;
        for row in 0..self.rows {
            let (indices, values) = features.row(self.first_row + row).expect("a row of the matrix");
            let group = &mut self.values[row / LANES * missing.len()..][..missing.len()];
            for (&column, &number) in indices.iter().zip(values) {
                for place in self.forest.places_of(column) {
                    group[place][row % LANES] = value(number, missing[place]);
                }
            }
        }
    }

    /// Adds the trees to the base margins of the block's rows.
    fn walk(&self, margins: &mut [f32]) {
        let outputs = self.forest.outputs();
        margins.chunks_exact_mut(outputs).for_each(|margins| margins.copy_from_slice(&self.forest.base));
        for tree in &self.forest.trees {
            let splits = self.forest.splits(tree);
            let groups = self.values.chunks_exact(self.forest.missing.len());
            for (group, margins) in groups.zip(margins.chunks_mut(LANES * outputs)) {
                let nodes = walk_lanes(tree.depth, splits, group);
                for (margins, node) in margins.chunks_exact_mut(outputs).zip(nodes) {
                    margins[tree.output as usize] += self.forest.leaf(tree, node);
                }
            }
        }
    }
}

/// Where the rows of a group end in a tree.
fn walk_lanes(depth: u32, splits: &[Split], values: &[[f32; LANES]]) -> [usize; LANES] {
    let mut nodes = [0; LANES];
    for _ in 0..depth {
        for (lane, node) in nodes.iter_mut().enumerate() {
            let split = splits[*node];
            *node = step(*node, split, values[split.place as usize][lane]);
        }
    }
    nodes
}
