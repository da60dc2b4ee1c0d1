//! Trees of small matrices, and of random ones against a grower that tries everything.

use proptest::prelude::{Strategy, prop, prop_assert_eq, proptest};

use crate::bins::Cuts;
use crate::data::{Gradient, Labels, Matrix};
use crate::grow::columns::ColumnGrower;
use crate::grow::constraints::{AllowedColumns, Directions, Interactions};
use crate::grow::score::{Bounds, Regularization, Sums};
use crate::grow::{Grow, Grown};
use crate::random::SplitMix64;
use crate::tree::{Condition, Split, Tree};
use crate::{BoosterParams, Monotone};

/// The columns and the values of each row.
type Rows = Vec<Vec<(u32, f64)>>;

const COLUMNS: usize = 3;

fn with_matrix<T>(rows: &Rows, use_matrix: impl FnOnce(Matrix<'_>) -> T) -> T {
    let mut row_offsets = vec![0];
    row_offsets.extend(rows.iter().scan(0, |end, row| {
        *end += row.len();
        Some(*end)
    }));
    let (indices, values): (Vec<u32>, Vec<f64>) = rows.concat().into_iter().unzip();
    use_matrix(Matrix {
        columns: COLUMNS,
        row_offsets: &row_offsets,
        indices: &indices,
        values: &values,
        categorical: &[],
    })
}

fn grower(params: &BoosterParams, matrix: Matrix<'_>) -> ColumnGrower {
    let cuts = Cuts::new(matrix, &Labels::default(), params.max_bin).expect("a small matrix");
    ColumnGrower::new(params, matrix, cuts)
}

fn grown(rows: &Rows, gradients: &[Gradient], params: &BoosterParams) -> Grown {
    with_matrix(rows, |matrix| {
        let mut grower = grower(params, matrix);
        grower.grow(gradients, &mut SplitMix64::new(0), &|| false).expect("a tree")
    })
}

fn value(row: &[(u32, f64)], column: u32) -> Option<f32> {
    row.iter().find(|(index, _)| *index == column).map(|(_, value)| *value as f32)
}

fn squared(targets: &[f32]) -> Vec<Gradient> {
    targets.iter().map(|&target| Gradient { first: -target, second: 1.0 }).collect()
}

fn plain(max_depth: usize) -> BoosterParams {
    BoosterParams { max_depth, eta: 1.0, lambda: 0.0, ..BoosterParams::default() }
}

fn check(rows: &[&[(u32, f64)]], targets: &[f32], max_depth: usize, nodes: usize, fitted: &[f32]) {
    let rows: Rows = rows.iter().map(|row| row.to_vec()).collect();
    let Grown { tree, leaves } = grown(&rows, &squared(targets), &plain(max_depth));
    assert_eq!(tree.nodes.len(), nodes, "{tree:?}");
    let values: Vec<f32> = leaves.iter().map(|&leaf| tree.nodes[leaf as usize].leaf).collect();
    assert_eq!(values, fitted, "{tree:?}");
    for (row, leaf) in rows.iter().zip(leaves) {
        assert_eq!(tree.leaf(|column| value(row, column)), leaf, "{row:?} in {tree:?}");
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
    let rows: [&[(u32, f64)]; 4] = [&[(0, 1.0), (1, 1.0)], &[(0, 1.0)], &[(1, 3.0)], &[]];
    check(&rows, &[0.0, 2.0, 10.0, 16.0], 2, 7, &[0.0, 2.0, 10.0, 16.0]);
    check(&rows, &[0.0, 2.0, 10.0, 16.0], 1, 3, &[1.0, 1.0, 13.0, 13.0]);
}

#[test]
fn the_first_of_equal_columns_is_taken() {
    let Grown { tree, .. } = grown(&vec![vec![(1, 1.0), (2, 1.0)], vec![]], &squared(&[1.0, 3.0]), &plain(4));
    let split = tree.nodes[0].split.as_ref().expect("a split");
    assert_eq!((split.column, &split.condition), (1, &Condition::Below(2.00001)));
}

#[test]
fn a_canceled_tree_is_none() {
    with_matrix(&vec![vec![(0, 1.0)], vec![]], |matrix| {
        let mut grower = grower(&plain(2), matrix);
        assert_eq!(grower.grow(&squared(&[1.0, 5.0]), &mut SplitMix64::new(0), &|| true), None);
    });
}

#[test]
fn samples_of_columns_are_kept_to() {
    let rows: Rows =
        (0..8).map(|row| (0..3).map(|column| (column, f64::from(row >> column & 1))).collect()).collect();
    let gradients = squared(&[0.0, 1.0, 3.0, 7.0, 20.0, 33.0, 54.0, 90.0]);
    let params = BoosterParams { colsample_bynode: 0.34, ..plain(3) };
    with_matrix(&rows, |matrix| {
        let mut grower = grower(&params, matrix);
        let roots = (0..30).map(|seed| {
            let grown = grower.grow(&gradients, &mut SplitMix64::new(seed), &|| false).expect("a tree");
            grown.tree.nodes[0].split.as_ref().expect("a split").column
        });
        assert_eq!(roots.collect::<std::collections::BTreeSet<_>>(), [0, 1, 2].into());
    });
}

#[test]
fn nothing_to_split_is_one_leaf() {
    for rows in [vec![], vec![vec![]], vec![vec![(1, f64::NAN)], vec![]]] {
        let gradients = squared(&vec![2.0; rows.len()]);
        let Grown { tree, leaves } = grown(&rows, &gradients, &plain(3));
        assert_eq!((tree.nodes.len(), leaves), (1, vec![0; rows.len()]));
    }
}

/// Tries every bound of every bin for every node, row by row.
struct Naive<'a> {
    rows: &'a Rows,
    gradients: &'a [Gradient],
    cuts: Cuts,
    params: &'a BoosterParams,
}

/// A node that is to be split: its number, its value before the learning rate, its rows, and its limits.
struct NaiveNode {
    number: u32,
    value: f32,
    rows: Vec<usize>,
    bounds: Bounds,
    allowed: AllowedColumns,
}

impl Naive<'_> {
    fn sums(&self, rows: &[usize]) -> Sums {
        let mut sums = Sums::default();
        rows.iter().for_each(|&row| sums += self.gradients[row]);
        sums
    }

    fn tree(&self) -> Tree {
        let regularization = Regularization::new(self.params);
        let interactions = Interactions::new(self.params);
        let directions = Directions::new(self.params, COLUMNS);
        let eta = self.params.eta as f32;
        let mut tree = Tree::default();
        let all: Vec<usize> = (0..self.rows.len()).collect();
        let sums = self.sums(&all);
        let value = regularization.value(sums);
        tree.add_leaf(None, value, eta, sums.second as f32);
        let mut level = vec![NaiveNode {
            number: 0,
            value,
            rows: all,
            bounds: Bounds::NONE,
            allowed: AllowedColumns::default(),
        }];
        for depth in 0..self.params.max_depth {
            let mut below = Vec::new();
            for node in level {
                let parent_bounds = node.bounds;
                // The gain of a node is that of its value within the bounds of its parent.
                let parent = regularization.gain_at(self.sums(&node.rows), node.value);
                let mut best: Option<(f32, u32, f32, bool)> = None;
                for column in (0..COLUMNS as u32).filter(|&column| node.allowed.allows(column)) {
                    let bins = self.cuts.column(column);
                    let forth = bins.clone().map(|bin| (self.cuts.values[bin as usize], false));
                    let back = bins.rev().map(|bin| (self.cuts.lower_bound(column, bin), true));
                    for (threshold, default_left) in forth.chain(back) {
                        let [left, right] = self.divided(&node.rows, column, threshold, default_left);
                        let gain = regularization.bounded_split_gain(
                            self.sums(&left),
                            self.sums(&right),
                            parent,
                            parent_bounds,
                            directions.of(column),
                        );
                        if let Some(gain) = gain.filter(|gain| best.is_none_or(|best| *gain > best.0)) {
                            best = Some((gain, column, threshold, default_left));
                        }
                    }
                }
                let Some((gain, column, threshold, default_left)) = best else { continue };
                if gain <= 1e-6 || gain < self.params.gamma as f32 {
                    continue;
                }
                let sides = self.divided(&node.rows, column, threshold, default_left);
                let values =
                    [0, 1].map(|side| parent_bounds.clip(regularization.value(self.sums(&sides[side]))));
                let bounds = parent_bounds.children(directions.of(column), values);
                let allowed = interactions.below(&node.allowed, column);
                let children = [0, 1].map(|side| {
                    let weight = self.sums(&sides[side]).second as f32;
                    let child = tree.add_leaf(Some(node.number), values[side], eta, weight);
                    tree.nodes[child as usize].value = values[side] * eta;
                    child
                });
                let parent = &mut tree.nodes[node.number as usize];
                parent.value = parent_bounds.clip(regularization.value(self.sums(&node.rows)));
                parent.leaf = 0.0;
                parent.split = Some(Split {
                    column,
                    condition: Condition::Below(threshold),
                    default_left,
                    children,
                    gain,
                });
                for (side, rows) in sides.into_iter().enumerate() {
                    let allowed = allowed.clone();
                    let (number, value) = (children[side], values[side]);
                    below.push(NaiveNode { number, value, rows, bounds: bounds[side], allowed });
                }
            }
            assert!(below.len() <= 2 << depth);
            level = below;
        }
        tree
    }

    fn divided(&self, rows: &[usize], column: u32, threshold: f32, default_left: bool) -> [Vec<usize>; 2] {
        let is_left =
            |&row: &usize| value(&self.rows[row], column).map_or(default_left, |value| value < threshold);
        let (left, right) = rows.iter().partition(|row| is_left(row));
        [left, right]
    }
}

/// Up to 25 rows of small values, some of them missing, with gradients whose sums are exact.
fn data() -> impl Strategy<Value = (Rows, Vec<Gradient>)> {
    let row = prop::collection::vec(prop::option::of(-3..4_i8), COLUMNS);
    let gradient = (-40..40_i8, 0..9_u8).prop_map(|(first, second)| Gradient {
        first: f32::from(first) / 8.0,
        second: f32::from(second) / 8.0,
    });
    prop::collection::vec((row, gradient), 1..25).prop_map(|rows| {
        let (rows, gradients): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let present = |row: Vec<Option<i8>>| {
            let columns = (0..).zip(row);
            columns.filter_map(|(column, value)| Some((column, f64::from(value?) / 2.0))).collect()
        };
        (rows.into_iter().map(present).collect(), gradients)
    })
}

proptest! {
    #[test]
    fn trees_are_those_of_a_grower_that_tries_everything(
        (rows, gradients) in data(), max_depth in 1..5_usize, gamma in 0..3_u8, least in 0..3_u8, lambda in 0..2_u8,
        alpha in 0..2_u8, direction in 0..3_u8, grouped in prop::bool::ANY, max_bin in 2..10_usize,
    ) {
        let monotone_constraints = match direction {
            0 => [].into(),
            1 => [(1, Monotone::Increasing)].into(),
            _ => [(0, Monotone::Decreasing), (2, Monotone::Increasing)].into(),
        };
        let params = BoosterParams {
            max_depth,
            gamma: f64::from(gamma),
            min_child_weight: f64::from(least) / 2.0,
            lambda: f64::from(lambda),
            alpha: f64::from(alpha),
            max_bin,
            monotone_constraints,
            interaction_constraints: if grouped { vec![vec![0, 1], vec![2]] } else { vec![] },
            ..BoosterParams::default()
        };
        let cuts = with_matrix(&rows, |matrix| Cuts::new(matrix, &Labels::default(), max_bin).expect("few bins"));
        let naive = Naive { rows: &rows, gradients: &gradients, cuts, params: &params }.tree();
        let Grown { tree, leaves } = grown(&rows, &gradients, &params);
        prop_assert_eq!(&tree, &naive);
        for (row, leaf) in rows.iter().zip(leaves) {
            prop_assert_eq!(tree.leaf(|column| value(row, column)), leaf);
        }
    }
}
