//! The growth of a tree by the exact method, level by level.

use std::ops::Range;

use rayon::prelude::*;

use crate::data::{Gradient, Matrix};
use crate::grow::constraints::{AllowedColumns, Directions, Interactions};
use crate::grow::exact::prune::prune;
use crate::grow::exact::scan::{Candidate, OpenNode, Row, Scan, Search};
use crate::grow::exact::sorted_columns::SortedColumns;
use crate::grow::exact::unsupported::ExactUnsupported;
use crate::grow::sample::ColumnSampler;
use crate::grow::score::{Bounds, LEAST_GAIN, Regularization, Sums};
use crate::grow::{Grow, Grown, leaf_rate};
use crate::random::SplitMix64;
use crate::tree::{Condition, Split, Tree};
use crate::{BoosterParams, Canceled};

/// Rows that are moved in one unit of parallel work.
const ROWS: usize = 1 << 12;

/// Grows trees by the exact method. The sums of a node are taken in the order of rows, as XGBoost does with one thread, whatever the
/// number of threads.
#[derive(Debug)]
pub(crate) struct ExactGrower<'a> {
    params: BoosterParams,
    matrix: Matrix<'a>,
    columns: SortedColumns,
    regularization: Regularization,
    directions: Directions,
    interactions: Interactions,
}

/// The nodes that are split next: their numbers are consecutive.
struct Level {
    first: u32,
    nodes: Vec<OpenNode>,
}

impl<'a> ExactGrower<'a> {
    /// A grower for a matrix, whose columns it sorts.
    ///
    /// # Errors
    /// The exact method can't do what parameters or data ask for.
    pub(crate) fn new(params: &BoosterParams, matrix: Matrix<'a>) -> Result<Self, ExactUnsupported> {
        ExactUnsupported::check(params, matrix)?;
        Ok(Self {
            params: params.clone(),
            matrix,
            columns: SortedColumns::new(matrix),
            regularization: Regularization::new(params),
            directions: Directions::new(params, matrix.columns),
            interactions: Interactions::new(params),
        })
    }

    /// The rows at the root. Only where rows are sampled does a gradient of 0 mean that a row was left out: one without weight has
    /// it as well, and its values make thresholds all the same.
    fn rows(&self, gradients: &[Gradient]) -> Vec<Row> {
        let sampled = (self.params.subsample as f32) < 1.0;
        let place = |gradient: &Gradient| {
            let left_out = gradient.second < 0.0 || (sampled && *gradient == Gradient::default());
            if left_out { Row::DONE } else { 0 }
        };
        gradients.iter().map(|gradient| Row { gradient: *gradient, place: place(gradient) }).collect()
    }

    fn root(&self, rows: &[Row], tree: &mut Tree) -> Level {
        let sums = sums(rows, 1)[0];
        let node = self.open(sums, Bounds::NONE, Bounds::NONE, AllowedColumns::default());
        self.add_leaf(None, &node, tree);
        Level { first: 0, nodes: vec![node] }
    }

    /// A node whose own value lies within the bounds of the node above.
    fn open(&self, sums: Sums, above: Bounds, bounds: Bounds, allowed: AllowedColumns) -> OpenNode {
        let value = above.clip(self.regularization.value(sums));
        OpenNode { sums, value, gain: self.regularization.gain_at(sums, value), bounds, allowed }
    }

    fn add_leaf(&self, parent: Option<u32>, node: &OpenNode, tree: &mut Tree) -> u32 {
        tree.add_leaf(parent, node.value, leaf_rate(&self.params), node.sums.second as f32)
    }

    /// The best split of each node of a level among the given columns; `None` if canceled.
    fn best_splits(
        &self,
        columns: &[u32],
        rows: &[Row],
        level: &[OpenNode],
        canceled: Canceled<'_>,
    ) -> Option<Vec<Candidate>> {
        let search = Search {
            columns: &self.columns,
            rows,
            level,
            regularization: &self.regularization,
            directions: &self.directions,
            constrained: self.interactions.any(),
        };
        // The better of two splits does not depend on the order in which they are found.
        let best = columns
            .par_iter()
            .filter(|_| !canceled())
            .fold(|| Scan::new(search), Scan::column)
            .map(Scan::into_best)
            .reduce(
                || vec![Candidate::NONE; level.len()],
                |left, right| left.into_iter().zip(right).map(|(left, right)| left.better(right)).collect(),
            );
        (!canceled()).then_some(best)
    }

    /// Splits the nodes for which it pays, moves their rows, and gives the level below.
    fn split(&self, level: &Level, best: &[Candidate], grown: &mut Grown, rows: &mut [Row]) -> Level {
        let (tree, leaves) = (&mut grown.tree, &mut grown.leaves);
        let first = tree.nodes.len() as u32;
        let splits = splits(best, first);
        move_rows(self.matrix, level.first, &splits, leaves, rows);
        let children = splits.iter().flatten().count() * 2;
        let sums = sums(rows, children);
        let mut below = Level { first, nodes: Vec::with_capacity(children) };
        for (place, split) in splits.into_iter().enumerate() {
            let Some(split) = split else { continue };
            let (node, number) = (&level.nodes[place], level.first + place as u32);
            let allowed = self.interactions.below(&node.allowed, split.column);
            let mut pair = split.children.map(|child| {
                let sums = sums[(child - first) as usize];
                self.open(sums, node.bounds, node.bounds, allowed.clone())
            });
            let values = [pair[0].value, pair[1].value];
            let bounds = node.bounds.children(self.directions.of(split.column), values);
            for (child, bounds) in pair.iter_mut().zip(bounds) {
                child.bounds = bounds;
                self.add_leaf(Some(number), child, tree);
            }
            below.nodes.extend(pair);
            let node = &mut tree.nodes[number as usize];
            (node.leaf, node.split) = (0.0, Some(split));
        }
        below
    }
}

impl Grow for ExactGrower<'_> {
    fn grow(
        &mut self,
        gradients: &[Gradient],
        generator: &mut SplitMix64,
        canceled: Canceled<'_>,
    ) -> Option<Grown> {
        let mut sampler = ColumnSampler::new(&self.params, self.matrix.columns, generator);
        let mut rows = self.rows(gradients);
        let mut grown = Grown { tree: Tree::default(), leaves: vec![0; rows.len()] };
        let mut level = self.root(&rows, &mut grown.tree);
        for depth in 0..self.params.max_depth {
            let columns = sampler.level(depth, generator);
            let best = self.best_splits(&columns, &rows, &level.nodes, canceled)?;
            level = self.split(&level, &best, &mut grown, &mut rows);
            if level.nodes.is_empty() {
                break;
            }
        }
        prune(&mut grown, self.params.gamma as f32, leaf_rate(&self.params));
        Some(grown)
    }
}

/// The sums of each of `places` nodes, in the order of rows.
fn sums(rows: &[Row], places: usize) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); places];
    for row in rows.iter().filter(|row| row.place != Row::DONE) {
        sums[row.place as usize] += row.gradient;
    }
    sums
}

/// The splits that pay. The children's numbers start at `first`.
fn splits(best: &[Candidate], first: u32) -> Vec<Option<Split>> {
    let mut numbers: Range<u32> = first..u32::MAX;
    let split = |candidate: &Candidate| {
        let &Candidate { gain, column, threshold, default_left } = candidate;
        if gain <= LEAST_GAIN {
            return None;
        }
        let children = [numbers.next()?, numbers.next()?];
        Some(Split { column, condition: Condition::Below(threshold), default_left, children, gain })
    };
    best.iter().map(split).collect()
}

/// Moves the rows of a level to the children of their nodes, which are the next level. Rows that were not sampled move as well, but
/// get no place.
fn move_rows(matrix: Matrix<'_>, first: u32, splits: &[Option<Split>], leaves: &mut [u32], rows: &mut [Row]) {
    let below = first + splits.len() as u32;
    let move_row = |index: usize, leaf: &mut u32, row: &mut Row| {
        let split = leaf.checked_sub(first).and_then(|place| splits[place as usize].as_ref());
        let Some(split) = split else {
            row.place = Row::DONE;
            return;
        };
        let left = match (value(matrix, index, split.column), &split.condition) {
            (Some(value), Condition::Below(threshold)) => value < *threshold,
            (None, Condition::Below(_)) | (_, Condition::NotIn(_)) => split.default_left,
        };
        *leaf = split.children[usize::from(!left)];
        if row.place != Row::DONE {
            row.place = *leaf - below;
        }
    };
    leaves.par_chunks_mut(ROWS).zip(rows.par_chunks_mut(ROWS)).enumerate().for_each(
        |(chunk, (leaves, rows))| {
            for (offset, (leaf, row)) in leaves.iter_mut().zip(rows).enumerate() {
                move_row(chunk * ROWS + offset, leaf, row);
            }
        },
    );
}

/// The value of a row in a column; `None` if it is missing.
fn value(matrix: Matrix<'_>, row: usize, column: u32) -> Option<f32> {
    let (columns, values) = matrix.row(row);
    let place = if columns.len() == matrix.columns {
        column as usize
    } else {
        columns.binary_search(&column).ok()?
    };
    Some(values[place] as f32).filter(|value| !value.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Monotone;

    /// Rows of up to two columns; NaN is missing.
    fn grown(params: &BoosterParams, rows: &[[f64; 2]], gradients: &[Gradient]) -> Grown {
        let row_offsets: Vec<usize> = (0..=rows.len()).map(|row| row * 2).collect();
        let (indices, values) = ([0, 1].repeat(rows.len()), rows.concat());
        let matrix = Matrix {
            columns: 2,
            row_offsets: &row_offsets,
            indices: &indices,
            values: &values,
            categorical: &[],
        };
        let grower = ExactGrower::new(params, matrix);
        let grown =
            grower.expect("parameters that exact knows").grow(gradients, &mut SplitMix64::new(0), &|| false);
        let grown = grown.expect("a tree");
        for (row, &leaf) in rows.iter().zip(&grown.leaves) {
            let value = |column| Some(row[column as usize] as f32).filter(|value| !value.is_nan());
            assert_eq!(grown.tree.leaf(value), leaf, "{row:?} in {:?}", grown.tree);
        }
        grown
    }

    fn plain() -> BoosterParams {
        BoosterParams { lambda: 0.0, eta: 1.0, ..BoosterParams::default() }
    }

    /// What a tree of depth 3 fits to targets, and its splits: the column, the threshold, and whether missing values go left.
    fn check(
        params: &BoosterParams,
        rows: &[[f64; 2]],
        targets: &[f32],
        fitted: &[f32],
        splits: &[(u32, f32, bool)],
    ) {
        let gradients: Vec<Gradient> =
            targets.iter().map(|&target| Gradient { first: -target, second: 1.0 }).collect();
        let Grown { tree, leaves } = grown(params, rows, &gradients);
        let values: Vec<f32> = leaves.iter().map(|&leaf| tree.nodes[leaf as usize].leaf).collect();
        assert_eq!(values, fitted, "{tree:?}");
        let split = |split: &Split| {
            let Condition::Below(threshold) = split.condition else { panic!("{split:?}") };
            (split.column, threshold, split.default_left)
        };
        let found: Vec<_> = tree.nodes.iter().filter_map(|node| node.split.as_ref()).map(split).collect();
        assert_eq!(found, splits, "{tree:?}");
    }

    const MISSING: f64 = f64::NAN;

    #[test]
    fn rows_are_divided_by_value_and_by_presence() {
        let dense = [[1.0, 0.0], [2.0, 0.0], [4.0, 0.0]];
        check(&plain(), &dense[..2], &[1.0, 5.0], &[1.0, 5.0], &[(0, 1.5, true)]);
        let all = [(0, 3.0, true), (0, 1.5, true)];
        check(&plain(), &dense, &[1.0, 2.0, 9.0], &[1.0, 2.0, 9.0], &all);
        let sparse = [[1.0, 0.0], [2.0, 0.0], [MISSING, 0.0]];
        check(&plain(), &sparse, &[9.0, 1.0, 9.0], &[9.0, 1.0, 9.0], &[(0, 1.5, true)]);
        check(&plain(), &sparse, &[1.0, 9.0, 9.0], &[1.0, 9.0, 9.0], &[(0, 1.5, false)]);
        check(&plain(), &sparse, &[9.0, 9.0, 1.0], &[9.0, 9.0, 1.0], &[(0, 4.000_001, false)]);
        check(&plain(), &[[3.0, 3.0]; 2], &[1.0, 5.0], &[3.0, 3.0], &[]);
        check(&plain(), &[], &[], &[], &[]);
    }

    #[test]
    fn the_first_of_equal_columns_is_taken() {
        let same = [[1.0, 1.0], [2.0, 2.0]];
        check(&plain(), &same, &[1.0, 5.0], &[1.0, 5.0], &[(0, 1.5, true)]);
    }

    #[test]
    fn gamma_takes_splits_back() {
        let rows = [[1.0, 0.0], [2.0, 0.0], [4.0, 0.0]];
        let params = BoosterParams { gamma: 1.0, ..plain() };
        check(&params, &rows, &[1.0, 2.0, 9.0], &[1.5, 1.5, 9.0], &[(0, 3.0, true)]);
        let params = BoosterParams { gamma: 100.0, ..plain() };
        check(&params, &rows, &[1.0, 2.0, 9.0], &[4.0, 4.0, 4.0], &[]);
    }

    #[test]
    fn constraints_forbid_splits() {
        let rows = [[1.0, 0.0], [2.0, 5.0], [4.0, 5.0]];
        let params = BoosterParams { monotone_constraints: [(0, Monotone::Decreasing)].into(), ..plain() };
        check(&params, &rows, &[1.0, 4.0, 9.0], &[1.0, 6.5, 6.5], &[(1, 2.5, true)]);
        let params = BoosterParams { interaction_constraints: vec![vec![0], vec![1]], ..plain() };
        let rows = [[1.0, 0.0], [1.0, 5.0], [4.0, 5.0]];
        check(&params, &rows, &[1.0, 4.0, 19.0], &[2.5, 2.5, 19.0], &[(0, 2.5, true)]);
    }

    #[test]
    fn rows_without_weight_make_thresholds_unless_they_were_not_sampled() {
        let rows = [[1.0, 0.0], [2.0, 0.0], [8.0, 0.0]];
        let weighted = |first: f32| Gradient { first, second: 1.0 };
        let gradients = [weighted(1.0), Gradient::default(), weighted(-5.0)];
        let threshold = |subsample: f64| {
            let Grown { tree, .. } = grown(&BoosterParams { subsample, ..plain() }, &rows, &gradients);
            tree.nodes[0].split.clone().expect("a split").condition
        };
        assert_eq!(threshold(1.0), Condition::Below(5.0));
        assert_eq!(threshold(0.5), Condition::Below(4.5));
    }

    /// A few thousand rows with missing values, and their gradients.
    fn many() -> (Vec<[f64; 2]>, Vec<Gradient>) {
        let mut generator = SplitMix64::new(5);
        let mut value = || generator.unit();
        let rows: Vec<[f64; 2]> = (0..9_000)
            .map(|row| [if row % 7 == 0 { MISSING } else { value() }, (value() * 9.0).floor()])
            .collect();
        let gradients = rows.iter().map(|_| Gradient { first: value() as f32 - 0.5, second: value() as f32 });
        let gradients = gradients.collect();
        (rows, gradients)
    }

    #[test]
    fn trees_are_the_same_at_any_number_of_threads() {
        let (rows, gradients) = many();
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| grown(&plain(), &rows, &gradients))
        };
        let one = on(1);
        assert!(one.tree.nodes.len() > 20, "{}", one.tree.nodes.len());
        assert_eq!(on(2), one);
        assert_eq!(on(5), one);
    }

    #[test]
    fn what_exact_cannot_do_is_refused() {
        let matrix =
            |categorical| Matrix { columns: 1, row_offsets: &[0], indices: &[], values: &[], categorical };
        let refused =
            |params: BoosterParams, categorical| ExactGrower::new(&params, matrix(categorical)).err();
        assert_eq!(refused(plain(), &[false]), None);
        assert_eq!(refused(plain(), &[true]), Some(ExactUnsupported::Categories));
        let params = BoosterParams { max_depth: 0, ..plain() };
        assert_eq!(refused(params, &[]), Some(ExactUnsupported::UnlimitedDepth));
        let params = BoosterParams { colsample_bynode: 0.5, ..plain() };
        assert_eq!(refused(params, &[]), Some(ExactUnsupported::ColumnsByNode));
        let sampling_method = crate::SamplingMethod::GradientBased;
        let params = BoosterParams { sampling_method, subsample: 0.5, ..plain() };
        assert_eq!(refused(params, &[]), Some(ExactUnsupported::RowsByGradient));
    }

    #[test]
    fn canceled_growth_gives_no_tree() {
        let matrix = Matrix { columns: 1, row_offsets: &[0], indices: &[], values: &[], categorical: &[] };
        let mut grower = ExactGrower::new(&plain(), matrix).expect("a grower");
        assert_eq!(grower.grow(&[], &mut SplitMix64::new(0), &|| true), None);
    }
}
