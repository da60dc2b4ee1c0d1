//! The growth of one tree, level by level.

use std::ops::Range;

use rayon::prelude::*;

use crate::boost::columns::bins::BinnedColumns;
use crate::boost::columns::level::{Candidate, Level, OpenNode, Row};
use crate::boost::columns::sample::drawn;
use crate::boost::columns::scan::Scan;
use crate::boost::columns::score::{Gradient, Regularization, Sums};
use crate::boost::columns::tree::GrownTree;
use crate::split::SplitMix64;

/// The loss reduction that a split has to exceed whatever `gamma` is, as in XGBoost.
const LEAST_GAIN: f32 = 1e-6;

/// Entries per unit of parallel work: some hundred microseconds.
const CHUNK: usize = 1 << 13;

/// Grows trees on one matrix.
#[derive(Debug)]
pub(in crate::boost) struct Grower {
    /// The matrix.
    pub(in crate::boost) binned: BinnedColumns,
    /// The penalties.
    pub(in crate::boost) regularization: Regularization,
    /// The share of a leaf's value that counts.
    pub(in crate::boost) eta: f32,
    /// The loss reduction that a split must bring.
    pub(in crate::boost) gamma: f32,
    /// The depth that a tree may have.
    pub(in crate::boost) max_depth: usize,
    /// The share of the columns that a tree sees, and each of its levels.
    pub(in crate::boost) column_shares: [f64; 2],
}

impl Grower {
    /// Grows a tree on the rows' gradients, and gives the leaf of each row. `generator` draws columns. `canceled` is
    /// asked before each level; if it says so there is no tree.
    pub(in crate::boost) fn grow(
        &self,
        gradients: &[Gradient],
        generator: &mut SplitMix64,
        canceled: &(dyn Fn() -> bool + Sync),
    ) -> Option<(GrownTree, Vec<u32>)> {
        let columns: Vec<u32> = (0..self.binned.columns().len() as u32).collect();
        let columns = drawn(&columns, self.column_shares[0], generator);
        let mut rows: Vec<Row> = gradients.iter().map(|&gradient| Row { gradient, node: 0 }).collect();
        let mut tree = GrownTree::default();
        let mut level = self.root(gradients, &mut tree);
        for _ in 0..self.max_depth {
            if canceled() {
                return None;
            }
            let columns = drawn(&columns, self.column_shares[1], generator);
            let splits = self.best_splits(&columns, &rows, &level);
            level = self.split(&level, &splits, &mut tree, &mut rows);
            if level.nodes.is_empty() {
                break;
            }
        }
        let leaves = rows.into_iter().map(|row| row.node).collect();
        Some((tree, leaves))
    }

    fn root(&self, gradients: &[Gradient], tree: &mut GrownTree) -> Level {
        let mut sums = Sums::default();
        gradients.iter().for_each(|&gradient| sums += gradient);
        tree.add_leaf(None, self.regularization.value(sums), self.eta, sums.second as f32);
        let root = OpenNode::new(sums, gradients.len() as u32, &self.regularization);
        Level { first_node: 0, nodes: vec![root] }
    }

    /// The best split of each node of a level among the given columns.
    fn best_splits(&self, columns: &[u32], rows: &[Row], level: &Level) -> Vec<Candidate> {
        let search = |chunk: Range<usize>| {
            let mut scan = Scan::new(&self.binned, rows, level, &self.regularization);
            for &column in &columns[chunk] {
                scan.search(self.binned.columns()[column as usize]);
            }
            scan.into_best()
        };
        let chunks: Vec<Vec<Candidate>> = self.chunks(columns).into_par_iter().map(search).collect();
        let mut best = vec![Candidate::NONE; level.nodes.len()];
        for chunk in chunks {
            for (best, candidate) in best.iter_mut().zip(chunk) {
                best.improve(candidate);
            }
        }
        best
    }

    /// Runs of the given columns with about [`CHUNK`] entries each.
    fn chunks(&self, columns: &[u32]) -> Vec<Range<usize>> {
        let (mut chunks, mut start, mut entries) = (Vec::new(), 0, 0);
        for (position, &column) in columns.iter().enumerate() {
            entries += self.binned.entries(self.binned.columns()[column as usize]).len();
            if entries >= CHUNK || position + 1 == columns.len() {
                chunks.push(start..position + 1);
                (start, entries) = (position + 1, 0);
            }
        }
        chunks
    }

    /// Splits the nodes for which it pays, moves their rows, and gives the level below.
    fn split(&self, level: &Level, splits: &[Candidate], tree: &mut GrownTree, rows: &mut [Row]) -> Level {
        let mut below = Level { first_node: tree.nodes() as u32, nodes: Vec::new() };
        let mut defaults = Vec::with_capacity(splits.len());
        for (node, split) in (level.first_node..).zip(splits) {
            let pays = split.gain > LEAST_GAIN && split.gain >= self.gamma;
            defaults.push(pays.then(|| self.add_children(node, split, tree, &mut below)));
        }
        let moves_by_default = |row: &Row| level.position(row.node).and_then(|position| defaults[position]);
        let mut moved = vec![0_u32; below.nodes.len()];
        for row in &mut *rows {
            if let Some(child) = moves_by_default(row) {
                row.node = child;
                moved[(child - below.first_node) as usize] += 1;
            }
        }
        for (split, default) in splits.iter().zip(&defaults) {
            if let Some(default) = *default {
                let other = if split.default_left { default + 1 } else { default - 1 };
                let leaving = self.move_rows(split, default, other, rows);
                moved[(default - below.first_node) as usize] -= leaving;
                moved[(other - below.first_node) as usize] += leaving;
            }
        }
        for (node, rows) in below.nodes.iter_mut().zip(moved) {
            node.rows = rows;
        }
        below
    }

    /// Adds the children of a split and gives the one that rows without the column go to.
    fn add_children(&self, node: u32, split: &Candidate, tree: &mut GrownTree, below: &mut Level) -> u32 {
        let mut add = |sums: Sums| {
            below.nodes.push(OpenNode::new(sums, 0, &self.regularization));
            tree.add_leaf(Some(node), self.regularization.value(sums), self.eta, sums.second as f32)
        };
        let (left, right) = (add(split.left), add(split.right));
        tree.split(node, split, left);
        if split.default_left { left } else { right }
    }

    /// Moves those rows on that have an entry on the split's other side, from the child where they are by default.
    fn move_rows(&self, split: &Candidate, default: u32, other: u32, rows: &mut [Row]) -> u32 {
        let (below, above) = self.binned.divide(self.binned.column(split.column), split.threshold);
        let mut leaving = 0;
        for entry in if split.default_left { above } else { below } {
            let row = &mut rows[entry.row as usize];
            if row.node == default {
                row.node = other;
                leaving += 1;
            }
        }
        leaving
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Features;

    const PLAIN: Regularization =
        Regularization { lambda: 0.0, alpha: 0.0, max_delta_step: 0.0, min_child_weight: 1.0 };

    fn grown(rows: &[&[(u32, f32)]], targets: &[f32], max_depth: usize) -> (GrownTree, Vec<u32>) {
        let mut row_offsets = vec![0];
        row_offsets.extend(rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        let (indices, values): (Vec<u32>, Vec<f32>) = rows.concat().into_iter().unzip();
        let wide = values.iter().map(|&value| f64::from(value)).collect();
        let features = Features::new(3, row_offsets, indices, wide).expect("a valid matrix");
        let grower = Grower {
            binned: BinnedColumns::new(&features, &values, 256, None),
            regularization: PLAIN,
            eta: 1.0,
            gamma: 0.0,
            max_depth,
            column_shares: [1.0, 1.0],
        };
        let gradients: Vec<Gradient> =
            targets.iter().map(|&target| Gradient { first: -target, second: 1.0 }).collect();
        grower.grow(&gradients, &mut SplitMix64::new(0), &|| false).expect("a tree")
    }

    fn check(rows: &[&[(u32, f32)]], targets: &[f32], max_depth: usize, nodes: usize, fitted: &[f32]) {
        let (tree, leaves) = grown(rows, targets, max_depth);
        assert_eq!(tree.nodes(), nodes, "{tree:?}");
        let values: Vec<f32> = leaves.iter().map(|&leaf| tree.leaf_value(leaf)).collect();
        assert_eq!(values, fitted, "{tree:?}");
        for (row, leaf) in rows.iter().zip(leaves) {
            let value = |column| row.iter().find(|(index, _)| *index == column).map(|(_, value)| *value);
            assert_eq!(tree.leaf(value), leaf, "{row:?} in {tree:?}");
        }
    }

    #[test]
    fn rows_are_divided_by_value_and_by_presence() {
        check(&[&[(0, 1.0)], &[(0, 2.0)]], &[1.0, 5.0], 1, 3, &[1.0, 5.0]);
        check(&[&[(0, 1.0)], &[], &[]], &[7.0, 1.0, 1.0], 1, 3, &[7.0, 1.0, 1.0]);
        check(&[&[(2, 1.0)], &[(2, 2.0)], &[]], &[1.0, 9.0, 9.0], 1, 3, &[1.0, 9.0, 9.0]);
        check(&[&[(2, 1.0)], &[(2, 2.0)], &[]], &[9.0, 1.0, 9.0], 1, 3, &[9.0, 1.0, 9.0]);
        check(&[&[(0, 1.0)], &[(0, 1.0)]], &[1.0, 5.0], 3, 1, &[3.0, 3.0]);
    }

    #[test]
    fn a_level_splits_each_of_its_nodes() {
        let rows: [&[(u32, f32)]; 4] = [&[(0, 1.0), (1, 1.0)], &[(0, 1.0)], &[(1, 3.0)], &[]];
        check(&rows, &[0.0, 2.0, 10.0, 16.0], 2, 7, &[0.0, 2.0, 10.0, 16.0]);
        check(&rows, &[0.0, 2.0, 10.0, 16.0], 1, 3, &[1.0, 1.0, 13.0, 13.0]);
    }

    #[test]
    fn the_first_of_equal_columns_is_taken() {
        let (tree, _) = grown(&[&[(1, 1.0), (2, 1.0)], &[]], &[1.0, 3.0], 4);
        assert_eq!(tree.columns, [1, 0, 0]);
        assert_eq!(tree.conditions[0], 2.00001);
    }
}
