//! From the rows of a matrix to margins and leaves, block by block.

use std::ops::Range;

use rayon::prelude::*;

use super::layout::{Forest, Shape};
use super::places::Place;
use super::question::{Question, Splits};
use super::walk::{LANES, walk_full};
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
        match &self.splits {
            Splits::Numeric(splits) => self.margins_by(splits, matrix),
            Splits::Mixed(splits) => self.margins_by(splits, matrix),
        }
    }

    fn margins_by<Q: Question>(&self, splits: &[Q], matrix: Matrix<'_>) -> Vec<f32> {
        let outputs = self.outputs();
        self.by_blocks(matrix, outputs, |block, margins| {
            margins.chunks_exact_mut(outputs).for_each(|margins| margins.copy_from_slice(&self.base));
            for tree in &self.trees {
                let groups = block.groups().zip(margins.chunks_mut(LANES * outputs));
                if let (Shape::Full { depth, first_split, first_leaf }, 1) = (tree.shape, outputs) {
                    let splits = &splits[first_split..][..1 << depth];
                    let leaves = &self.leaves[first_leaf..][..1 << depth];
                    for (group, margins) in groups {
                        let ends = walk_full(depth, splits, &self.bits.words, group);
                        margins
                            .iter_mut()
                            .zip(ends)
                            .for_each(|(margin, end)| *margin += leaves[end - leaves.len()]);
                    }
                    continue;
                }
                for (group, margins) in groups {
                    let ends = self.walk_lanes(tree, splits, group);
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
        match &self.splits {
            Splits::Numeric(splits) => self.leaves_by(splits, matrix),
            Splits::Mixed(splits) => self.leaves_by(splits, matrix),
        }
    }

    fn leaves_by<Q: Question>(&self, splits: &[Q], matrix: Matrix<'_>) -> Vec<u32> {
        let trees = self.trees();
        self.by_blocks(matrix, trees, |block, leaves| {
            for (number, tree) in self.trees.iter().enumerate() {
                for (group, leaves) in block.groups().zip(leaves.chunks_mut(LANES * trees)) {
                    let ends = self.walk_lanes(tree, splits, group);
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
                    let first = chunk * CHUNK + number * rows;
                    block.fill(matrix, first..first + results.len() / width);
                    fill(block, results);
                }
            },
        );
        results
    }
}

/// Some rows, spread over the places where trees look for values: [`LANES`] rows side by side, place after place.
struct Block<'a> {
    forest: &'a Forest,
    values: Vec<[u32; LANES]>,
    /// The number of values of [`LANES`] rows, at least one.
    width: usize,
    filled: Filled,
}

/// Where a block has other than missing values.
enum Filled {
    Nowhere,
    /// Where the entries of these rows are.
    At(Range<usize>),
    Anywhere,
}

impl<'a> Block<'a> {
    fn new(forest: &'a Forest) -> Self {
        let width = forest.places.all.len().max(1);
        let groups = (BLOCK / (width * LANES)).clamp(1, MOST_GROUPS);
        let values = vec![[0; LANES]; groups * width];
        Self { forest, values, width, filled: Filled::Anywhere }
    }

    /// How many rows it takes.
    fn rows(&self) -> usize {
        self.values.len() / self.width * LANES
    }

    fn groups(&self) -> impl Iterator<Item = &[[u32; LANES]]> {
        self.values.chunks_exact(self.width)
    }

    fn fill(&mut self, matrix: Matrix<'_>, rows: Range<usize>) {
        let entries = matrix.row_offsets[rows.end] - matrix.row_offsets[rows.start];
        // A row has each column at most once.
        if entries == rows.len() * matrix.columns {
            self.fill_complete(matrix, rows);
            self.filled = Filled::Anywhere;
        } else {
            self.clear(matrix);
            self.spread(matrix, rows.clone(), Place::stored);
            self.filled = Filled::At(rows);
        }
    }

    /// Takes the rows out again, entry by entry if they have few.
    fn clear(&mut self, matrix: Matrix<'_>) {
        let offsets = matrix.row_offsets;
        match std::mem::replace(&mut self.filled, Filled::Nowhere) {
            Filled::Nowhere => {}
            Filled::At(rows) if offsets[rows.end] - offsets[rows.start] < self.values.len() => {
                self.spread(matrix, rows, |place, _| place.missing);
            }
            Filled::At(_) | Filled::Anywhere => {
                let places = &self.forest.places.all;
                for group in self.values.chunks_exact_mut(self.width) {
                    group.iter_mut().zip(places).for_each(|(lanes, place)| *lanes = [place.missing; LANES]);
                }
            }
        }
    }

    fn spread(&mut self, matrix: Matrix<'_>, rows: Range<usize>, stored: impl Fn(&Place, f64) -> u32) {
        let places = &self.forest.places;
        for (number, row) in rows.enumerate() {
            let (indices, values) = matrix.row(row);
            let group = &mut self.values[number / LANES * self.width..][..self.width];
            for (&column, &value) in indices.iter().zip(values) {
                for place in places.of(column) {
                    group[place][number % LANES] = stored(&places.all[place], value);
                }
            }
        }
    }

    /// Takes rows that have all columns, place by place.
    fn fill_complete(&mut self, matrix: Matrix<'_>, rows: Range<usize>) {
        let ends = rows.end;
        for (first, group) in rows.step_by(LANES).zip(self.values.chunks_exact_mut(self.width)) {
            // Where there are fewer rows the last one is repeated.
            let rows: [&[f64]; LANES] =
                std::array::from_fn(|lane| matrix.row((first + lane).min(ends - 1)).1);
            for (lanes, place) in group.iter_mut().zip(&self.forest.places.all) {
                let column = place.column as usize;
                for (lane, row) in lanes.iter_mut().zip(rows) {
                    *lane = row.get(column).map_or(place.missing, |&value| place.stored(value));
                }
            }
        }
    }
}
