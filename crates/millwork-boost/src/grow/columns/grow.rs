//! The growth of one tree, level by level.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::bins::Cuts;
use crate::data::{Gradient, Matrix};
use crate::grow::columns::entries::BinnedColumns;
use crate::grow::columns::level::{Candidate, Level, OpenNode, Row};
use crate::grow::columns::scan::Scan;
use crate::grow::constraints::{AllowedColumns, Directions, Interactions};
use crate::grow::sample::ColumnSampler;
use crate::grow::score::{Bounds, LEAST_GAIN, Regularization, Sums};
use crate::grow::{Grow, Grown, leaf_rate};
use crate::random::SplitMix64;
use crate::tree::{Condition, Split, Tree};
use crate::{BoosterParams, Canceled};

/// Entries per unit of parallel work: some hundred microseconds.
const CHUNK: usize = 1 << 13;

/// Grows trees on one matrix, column by column. For parameters that [`suits`](super::suits) and data for which it
/// [`pays`](super::pays).
#[derive(Debug)]
pub(crate) struct ColumnGrower {
    binned: BinnedColumns,
    params: BoosterParams,
    regularization: Regularization,
    directions: Directions,
    interactions: Interactions,
}

impl ColumnGrower {
    /// A grower for a matrix with these bins.
    pub(crate) fn new(params: &BoosterParams, matrix: Matrix<'_>, cuts: Cuts) -> Self {
        Self {
            binned: BinnedColumns::new(matrix, cuts),
            regularization: Regularization::new(params),
            directions: Directions::new(params, matrix.columns),
            interactions: Interactions::new(params),
            params: params.clone(),
        }
    }
}

impl Grow for ColumnGrower {
    fn grow(
        &mut self,
        gradients: &[Gradient],
        generator: &mut SplitMix64,
        canceled: Canceled<'_>,
    ) -> Option<Grown> {
        let mut growth = Growth {
            grower: self,
            rows: gradients.iter().map(|&gradient| Row { gradient, node: 0 }).collect(),
            tree: Tree::default(),
        };
        let mut sampler = ColumnSampler::new(&self.params, self.binned.columns(), generator);
        let mut level = growth.root();
        for depth in 0..self.params.max_depth {
            if canceled() {
                return None;
            }
            let columns = sampler.level(depth, generator);
            if self.params.colsample_bynode < 1.0 {
                for node in &mut level.nodes {
                    node.drawn = Some(sampler.node(depth, generator));
                }
            }
            let splits = growth.best_splits(&columns, &level, canceled)?;
            level = growth.split(&level, &splits);
            if level.nodes.is_empty() {
                break;
            }
        }
        let leaves = growth.rows.into_iter().map(|row| row.node).collect();
        Some(Grown { tree: growth.tree, leaves })
    }
}

/// A tree that grows, and where its rows are.
struct Growth<'a> {
    grower: &'a ColumnGrower,
    rows: Vec<Row>,
    tree: Tree,
}

impl Growth<'_> {
    fn root(&mut self) -> Level {
        let regularization = &self.grower.regularization;
        let mut sums = Sums::default();
        self.rows.iter().for_each(|row| sums += row.gradient);
        let value = regularization.value(sums);
        self.tree.add_leaf(None, value, leaf_rate(&self.grower.params), sums.second as f32);
        let root = OpenNode {
            sums,
            rows: self.rows.len() as u32,
            gain: regularization.gain_at(sums, value),
            bounds: Bounds::NONE,
            allowed: AllowedColumns::default(),
            drawn: None,
        };
        Level { first_node: 0, nodes: vec![root] }
    }

    /// The best split of each node of a level among the given columns; `None` if canceled.
    fn best_splits(
        &self,
        columns: &Arc<[u32]>,
        level: &Level,
        canceled: Canceled<'_>,
    ) -> Option<Vec<Candidate>> {
        let ColumnGrower { binned, regularization, directions, .. } = self.grower;
        let search = |chunk: Range<usize>| {
            let mut scan = Scan::new(binned, &self.rows, level, regularization, directions);
            columns[chunk].iter().for_each(|&column| scan.search(column));
            (!canceled()).then(|| scan.into_best())
        };
        let chunks: Vec<Vec<Candidate>> =
            self.chunks(columns).into_par_iter().map(search).collect::<Option<_>>()?;
        let mut best = vec![Candidate::NONE; level.nodes.len()];
        for chunk in chunks {
            for (best, candidate) in best.iter_mut().zip(chunk) {
                best.improve(candidate);
            }
        }
        Some(best)
    }

    /// Runs of the given columns with about [`CHUNK`] entries each.
    fn chunks(&self, columns: &[u32]) -> Vec<Range<usize>> {
        let (mut chunks, mut start, mut entries) = (Vec::new(), 0, 0);
        for (position, &column) in columns.iter().enumerate() {
            entries += self.grower.binned.entries(column).len();
            if entries >= CHUNK || position + 1 == columns.len() {
                chunks.push(start..position + 1);
                (start, entries) = (position + 1, 0);
            }
        }
        chunks
    }

    /// Splits the nodes for which it pays, moves their rows, and gives the level below.
    fn split(&mut self, level: &Level, splits: &[Candidate]) -> Level {
        let mut below = Level { first_node: self.tree.nodes.len() as u32, nodes: Vec::new() };
        let gamma = self.grower.params.gamma as f32;
        let mut defaults = Vec::with_capacity(splits.len());
        for ((number, node), split) in (level.first_node..).zip(&level.nodes).zip(splits) {
            let pays = split.gain > LEAST_GAIN && split.gain >= gamma;
            defaults.push(pays.then(|| self.add_children(number, node, split, &mut below)));
        }
        let moves_by_default = |row: &Row| level.position(row.node).and_then(|position| defaults[position]);
        let mut moved = vec![0_u32; below.nodes.len()];
        for row in &mut self.rows {
            if let Some(child) = moves_by_default(row) {
                row.node = child;
                moved[(child - below.first_node) as usize] += 1;
            }
        }
        for (split, default) in splits.iter().zip(&defaults) {
            if let Some(default) = *default {
                let other = if split.default_left { default + 1 } else { default - 1 };
                let leaving = self.move_rows(split, default, other);
                moved[(default - below.first_node) as usize] -= leaving;
                moved[(other - below.first_node) as usize] += leaving;
            }
        }
        for (node, rows) in below.nodes.iter_mut().zip(moved) {
            node.rows = rows;
        }
        below
    }

    /// Turns a leaf into a split with two leaves, and gives the one that rows without the column go to.
    fn add_children(&mut self, number: u32, node: &OpenNode, split: &Candidate, below: &mut Level) -> u32 {
        let ColumnGrower { regularization, directions, interactions, params, .. } = self.grower;
        let value = |sums: Sums| node.bounds.clip(regularization.value(sums));
        let sides = [split.left, split.right];
        let values = sides.map(value);
        let bounds = node.bounds.children(directions.of(split.column), values);
        let allowed = match interactions.any() {
            true => interactions.below(&node.allowed, split.column),
            false => AllowedColumns::default(),
        };
        let mut children = [0; 2];
        for (side, child) in children.iter_mut().enumerate() {
            let (sums, value) = (sides[side], values[side]);
            below.nodes.push(OpenNode {
                sums,
                rows: 0,
                gain: regularization.gain_at(sums, value),
                bounds: bounds[side],
                allowed: allowed.clone(),
                drawn: None,
            });
            *child = self.tree.add_leaf(Some(number), value, leaf_rate(params), sums.second as f32);
            let added = &mut self.tree.nodes[*child as usize];
            // XGBoost's `hist` notes the value of a leaf as it is added, unless it is split later.
            added.value = added.leaf;
        }
        let mut sums = split.left;
        sums += split.right;
        let parent = &mut self.tree.nodes[number as usize];
        (parent.leaf, parent.value, parent.weight) = (0.0, value(sums), sums.second as f32);
        parent.split = Some(Split {
            column: split.column,
            condition: Condition::Below(split.threshold),
            default_left: split.default_left,
            children,
            gain: split.gain,
        });
        children[usize::from(!split.default_left)]
    }

    /// Moves those rows on that have an entry on the split's other side, from the child where they are by default.
    fn move_rows(&mut self, split: &Candidate, default: u32, other: u32) -> u32 {
        let (below, above) = self.grower.binned.divide(split.column, split.threshold);
        let mut leaving = 0;
        for entry in if split.default_left { above } else { below } {
            let row = &mut self.rows[entry.row as usize];
            if row.node == default {
                row.node = other;
                leaving += 1;
            }
        }
        leaving
    }
}
