//! From the rows of a matrix to margins and leaves, block by block.

use rayon::prelude::*;

use super::layout::{Forest, Shape};
use super::walk::LANES;
use crate::data::Matrix;

/// Values that a block of rows is spread over: as many as the first-level cache holds beside a tree.
const BLOCK: usize = 1 << 12;

/// The most times [`LANES`] rows in a block.
const MOST_GROUPS: usize = 8;

/// Rows per unit of parallel work.
const CHUNK: usize = 1 << 10;

impl Forest {
    /// The margins of each row, row after row (rows × outputs).
    pub fn margins(&self, matrix: Matrix<'_>) -> Vec<f32> {
        let outputs = self.outputs();
        self.by_blocks(matrix, outputs, |block, margins| {
            margins.chunks_exact_mut(outputs).for_each(|margins| margins.copy_from_slice(&self.base));
            for tree in &self.trees {
                for (group, margins) in block.groups().zip(margins.chunks_mut(LANES * outputs)) {
                    let ends = self.walk_lanes(tree, group);
                    if let (Shape::Full { .. }, 1) = (tree.shape, outputs) {
                        let added = ends.map(|end| self.leaves[end]);
                        margins.iter_mut().zip(added).for_each(|(margin, added)| *margin += added);
                        continue;
                    }
                    for (margins, end) in margins.chunks_exact_mut(outputs).zip(ends) {
                        self.add_leaf(tree, end, margins);
                    }
                }
            }
        })
    }

    /// The leaf that each row comes to in each tree (rows × trees): the numbers of nodes, which are XGBoost's for a tree that it has
    /// written without gaps.
    pub fn leaves(&self, matrix: Matrix<'_>) -> Vec<u32> {
        let trees = self.trees();
        self.by_blocks(matrix, trees, |block, leaves| {
            for (number, tree) in self.trees.iter().enumerate() {
                for (group, leaves) in block.groups().zip(leaves.chunks_mut(LANES * trees)) {
                    let ends = self.walk_lanes(tree, group);
                    for (leaves, end) in leaves.chunks_exact_mut(trees).zip(ends) {
                        leaves[number] = self.leaf_number(tree, end);
                    }
                }
            }
        })
    }

    /// As many results for each row as `width`; `fill` computes those of a block.
    fn by_blocks<T: Default + Clone + Send>(
        &self,
        matrix: Matrix<'_>,
        width: usize,
        fill: impl Fn(&Block<'_>, &mut [T]) + Sync,
    ) -> Vec<T> {
        let mut results = vec![T::default(); matrix.rows() * width];
        if width == 0 {
            return results;
        }
        let chunks = results.par_chunks_mut(CHUNK * width).enumerate();
        chunks.for_each_init(
            || Block::new(self),
            |block, (chunk, results)| {
                let rows = block.rows();
                for (number, results) in results.chunks_mut(rows * width).enumerate() {
                    block.fill(matrix, chunk * CHUNK + number * rows, results.len() / width);
                    fill(block, results);
                    block.clear(matrix);
                }
            },
        );
        results
    }
}

/// Some rows, spread over the places where trees look for values: [`LANES`] rows side by side, place after place.
struct Block<'a> {
    forest: &'a Forest,
    values: Vec<[f32; LANES]>,
    /// The number of places, at least one.
    places: usize,
    first_row: usize,
    rows: usize,
}

impl<'a> Block<'a> {
    fn new(forest: &'a Forest) -> Self {
        let missing = &forest.places.missing;
        let places = missing.len().max(1);
        let groups = (BLOCK / (places * LANES)).clamp(1, MOST_GROUPS);
        let mut values = vec![[f32::NAN; LANES]; groups * places];
        values.chunks_exact_mut(places).for_each(|group| empty(group, missing));
        Self { forest, values, places, first_row: 0, rows: 0 }
    }

    /// How many rows it takes.
    fn rows(&self) -> usize {
        self.values.len() / self.places * LANES
    }

    fn groups(&self) -> impl Iterator<Item = &[[f32; LANES]]> {
        self.values.chunks_exact(self.places)
    }

    fn fill(&mut self, matrix: Matrix<'_>, first_row: usize, rows: usize) {
        (self.first_row, self.rows) = (first_row, rows);
        self.spread(matrix, |value, missing| if value.is_nan() { missing } else { value as f32 });
    }

    /// Takes the rows out again, entry by entry if they have few.
    fn clear(&mut self, matrix: Matrix<'_>) {
        let offsets = matrix.row_offsets;
        let entries = offsets[self.first_row + self.rows] - offsets[self.first_row];
        if entries < self.values.len() {
            self.spread(matrix, |_, missing| missing);
            return;
        }
        let missing = &self.forest.places.missing;
        self.values.chunks_exact_mut(self.places).for_each(|group| empty(group, missing));
    }

    fn spread(&mut self, matrix: Matrix<'_>, value: impl Fn(f64, f32) -> f32) {
        let missing = &self.forest.places.missing;
        for row in 0..self.rows {
            let (indices, values) = matrix.row(self.first_row + row);
            let group = &mut self.values[row / LANES * self.places..][..self.places];
            for (&column, &number) in indices.iter().zip(values) {
                for place in self.forest.places.of(column) {
                    group[place][row % LANES] = value(number, missing[place]);
                }
            }
        }
    }
}

fn empty(group: &mut [[f32; LANES]], missing: &[f32]) {
    group.iter_mut().zip(missing).for_each(|(lanes, &missing)| *lanes = [missing; LANES]);
}
