//! Whole trees: those of XGBoost in small cases, and those of a naive grower in random ones.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use crate::bins::Cuts;
use crate::data::{Gradient, Labels, Matrix};
use crate::grow::histogram::HistogramGrower;
use crate::grow::score::{Regularization, Sums};
use crate::grow::{Grow, Grown};
use crate::random::SplitMix64;
use crate::tree::{Condition, Tree};
use crate::{BoosterParams, GrowPolicy, Monotone};

/// A matrix that owns its entries.
#[derive(Debug)]
struct Table {
    cells: Vec<Vec<Option<f64>>>,
    offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
    categorical: Vec<bool>,
}

impl Table {
    fn new(cells: Vec<Vec<Option<f64>>>, categorical: Vec<bool>) -> Self {
        let (mut offsets, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for row in &cells {
            for (column, value) in (0..).zip(row) {
                if let Some(value) = value {
                    indices.push(column);
                    values.push(*value);
                }
            }
            offsets.push(indices.len());
        }
        Self { cells, offsets, indices, values, categorical }
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix {
            columns: self.categorical.len(),
            row_offsets: &self.offsets,
            indices: &self.indices,
            values: &self.values,
            categorical: &self.categorical,
        }
    }

    fn leaf(&self, tree: &Tree, row: usize) -> u32 {
        tree.leaf(|column| self.cells[row][column as usize].map(|value| value as f32))
    }
}

fn grower(params: &BoosterParams, table: &Table) -> HistogramGrower {
    let cuts = Cuts::new(table.matrix(), &Labels::default(), params.max_bin).unwrap();
    HistogramGrower::new(params, table.matrix(), cuts).unwrap()
}

fn grow(grower: &mut HistogramGrower, gradients: &[Gradient]) -> Grown {
    grower.grow(gradients, &mut SplitMix64::new(5), &|| false).unwrap()
}

/// A numeric column with missing entries, one of six categories with missing entries, one of three categories; gradients of squared
/// error.
fn small() -> (Table, Vec<Gradient>) {
    let cells = (0..24_u32).map(|row| {
        let number = (row % 5 != 4).then(|| f64::from(row * 7 % 12));
        let six = (row % 11 != 3).then(|| f64::from((row * 5 + row / 6) % 6));
        vec![number, six, Some(f64::from(row % 3))]
    });
    let targets = [0, -3, 18, 7, 1, 10, 10, 7, 3, 2, 4, 5, 7, 14, 1, 9, 4, -3, 1, -1, 14, 13, 0, 11];
    let gradients = targets.iter().map(|target| Gradient { first: -(*target as f32), second: 1.0 }).collect();
    (Table::new(cells.collect(), vec![false, true, true]), gradients)
}

/// A line for each node.
fn lines(tree: &Tree) -> String {
    let mut lines = String::new();
    for (number, node) in tree.nodes.iter().enumerate() {
        let Some(split) = &node.split else {
            writeln!(lines, "{number}: {}", node.leaf).unwrap();
            continue;
        };
        let condition = match &split.condition {
            Condition::Below(threshold) => format!("< {threshold}"),
            Condition::NotIn(range) => {
                let categories = &tree.categories[range.start as usize..range.end as usize];
                match categories.last().copied() {
                    Some(last) if categories.len() > 20 => {
                        let others =
                            (0..=last).filter(|category| categories.binary_search(category).is_err());
                        format!("not below {} but for {:?}", last + 1, others.collect::<Vec<_>>())
                    }
                    _ => format!("not in {categories:?}"),
                }
            }
        };
        let (column, missing) = (split.column, if split.default_left { " or missing" } else { "" });
        let (left, gain) = (split.children[0], split.gain);
        writeln!(lines, "{number}: {column} {condition}{missing} ? {left} gain {gain}").unwrap();
    }
    lines
}

/// Compares the tree of the small table with one that XGBoost 3.4 grew (`nthread=1, base_score=0, tree_method="hist", eta=0.5`).
fn check(params: &BoosterParams, expected: &[&str]) {
    check_table(&small(), params, expected);
}

/// The same of the small table with other numbers of categories, between which some don't occur.
fn check_gaps(params: &BoosterParams, expected: &[&str]) {
    let (table, gradients) = small();
    let numbered = |cell: Option<f64>, numbers: &[f64]| cell.map(|category| numbers[category as usize]);
    let row = |row: Vec<Option<f64>>| {
        vec![row[0], numbered(row[1], &[0.0, 3.0, 4.0, 9.0, 70.0, 71.0]), numbered(row[2], &[1.0, 2.0, 5.0])]
    };
    let cells = table.cells.into_iter().map(row).collect();
    check_table(&(Table::new(cells, table.categorical), gradients), params, expected);
}

fn check_table((table, gradients): &(Table, Vec<Gradient>), params: &BoosterParams, expected: &[&str]) {
    let grown = grow(&mut grower(params, table), gradients);
    assert_eq!(lines(&grown.tree).lines().collect::<Vec<_>>(), expected, "{params:?}");
    for (row, leaf) in grown.leaves.iter().enumerate() {
        assert_eq!(*leaf, table.leaf(&grown.tree, row), "row {row}");
    }
}

fn halving() -> BoosterParams {
    BoosterParams { eta: 0.5, max_depth: 3, ..BoosterParams::default() }
}

#[test]
fn trees_are_those_of_xgboost() {
    check(
        &halving(),
        &[
            "0: 1 not in [2, 3, 5] ? 1 gain 234.4862",
            "1: 0 < 1 or missing ? 3 gain 137.34998",
            "2: 2 not in [0] or missing ? 5 gain 51.457153",
            "3: 0 < 1 ? 7 gain 0.66666675",
            "4: 5.05",
            "5: 0 < 11 or missing ? 9 gain 10.711111",
            "6: 1 not in [0, 1, 3, 4] or missing ? 11 gain 17.549995",
            "7: -0",
            "8: 0.5",
            "9: 0.5555556",
            "10: -0.75",
            "11: 2.875",
            "12: 0.25",
        ],
    );
    check(
        &BoosterParams { grow_policy: GrowPolicy::Lossguide, max_depth: 0, max_leaves: 5, ..halving() },
        &[
            "0: 1 not in [2, 3, 5] ? 1 gain 234.4862",
            "1: 0 < 1 or missing ? 3 gain 137.34998",
            "2: 2 not in [0] or missing ? 5 gain 51.457153",
            "3: 0.33333334",
            "4: 5.05",
            "5: 0.35",
            "6: 1 not in [0, 1, 3, 4] or missing ? 7 gain 17.549995",
            "7: 2.875",
            "8: 0.25",
        ],
    );
    check(
        &BoosterParams { gamma: 40.0, alpha: 1.0, min_child_weight: 3.0, ..halving() },
        &[
            "0: 1 not in [2, 3, 5] ? 1 gain 223.72571",
            "1: 0 < 2 or missing ? 3 gain 110",
            "2: 2 not in [0] or missing ? 5 gain 45.11428",
            "3: 1",
            "4: 5.1666665",
            "5: 0.3",
            "6: 2.3",
        ],
    );
    check(
        &BoosterParams {
            monotone_constraints: [(0, Monotone::Increasing)].into(),
            interaction_constraints: vec![vec![0, 2], vec![1]],
            ..halving()
        },
        &[
            "0: 1 not in [2, 3, 5] ? 1 gain 234.4862",
            "1: 4.2916665",
            "2: 1 not in [0, 1, 3, 4] or missing ? 3 gain 8.811691",
            "3: 1.3181819",
            "4: 0.25",
        ],
    );
    check(&BoosterParams { max_delta_step: Some(0.5), max_bin: 4, ..halving() }, &["0: 0.25"]);
}

#[test]
fn trees_are_those_of_xgboost_where_categories_do_not_occur() {
    check_gaps(
        &halving(),
        &[
            "0: 1 not below 72 but for [0, 3, 70] ? 1 gain 234.4862",
            "1: 0 < 1 or missing ? 3 gain 137.34998",
            "2: 2 not in [0, 2, 3, 4, 5] or missing ? 5 gain 51.457153",
            "3: 0 < 1 ? 7 gain 0.66666675",
            "4: 5.05",
            "5: 2.4",
            "6: 0 < 11 or missing ? 9 gain 10.711111",
            "7: -0",
            "8: 0.5",
            "9: 0.5555556",
            "10: -0.75",
        ],
    );
    check_gaps(
        &BoosterParams { max_cat_threshold: 2, ..halving() },
        &[
            "0: 0 < 10 ? 1 gain 150.59656",
            "1: 0 < 1 ? 3 gain 20.541199",
            "2: 1 not below 72 but for [3] ? 5 gain 30.222221",
            "3: 1 not in [0] or missing ? 7 gain 8.166668",
            "4: 3.7666667",
            "5: 2.5",
            "6: 0 < 11 or missing ? 9 gain 9.5",
            "7: 1.75",
            "8: -0",
            "9: 0.5",
            "10: -0.75",
        ],
    );
    check_gaps(
        &BoosterParams { max_cat_threshold: 4, max_cat_to_onehot: 7, alpha: 9.0, ..halving() },
        &[
            "0: 1 not below 72 but for [0, 3, 70] ? 1 gain 145.90472",
            "1: 0 < 1 or missing ? 3 gain 110.06665",
            "2: 0 < 11 ? 5 gain 23.028572",
            "3: -0",
            "4: 4.6",
            "5: 2 not in [2] or missing ? 7 gain 17.971424",
            "6: -0",
            "7: 1.6428572",
            "8: -0",
        ],
    );
}

#[test]
fn categories_are_split_one_by_one_up_to_a_number_of_them() {
    check_gaps(
        &BoosterParams { max_cat_to_onehot: 72, ..halving() },
        &[
            "0: 1 not below 72 but for [0, 3, 70] ? 1 gain 234.4862",
            "1: 0 < 1 or missing ? 3 gain 137.34998",
            "2: 2 not in [1] or missing ? 5 gain 51.457153",
            "3: 0 < 1 ? 7 gain 0.66666675",
            "4: 5.05",
            "5: 0 < 11 or missing ? 9 gain 10.711111",
            "6: 2.4",
            "7: -0",
            "8: 0.5",
            "9: 0.5555556",
            "10: -0.75",
        ],
    );
    check_gaps(
        &BoosterParams { max_cat_to_onehot: 73, max_depth: 2, ..halving() },
        &[
            "0: 0 < 10 ? 1 gain 150.59656",
            "1: 1 not in [71] or missing ? 3 gain 53.262695",
            "2: 1 not in [3] or missing ? 5 gain 30.222221",
            "3: 3.9642856",
            "4: 1.125",
            "5: 0.25",
            "6: 2.5",
        ],
    );
}

#[test]
fn the_categories_of_one_split() {
    // The targets of categories 0, 1, 2 and 3, each twice. One category against all others is one of the ends; sets part them in
    // the middle, unless only one category from either end may change sides.
    let cells = (0..8_u32).map(|row| vec![Some(f64::from(row % 4))]).collect();
    let table = Table::new(cells, vec![true]);
    let gradients: Vec<Gradient> =
        (0..8).map(|row| Gradient { first: -[-9.0, 10.0, -10.0, 9.5][row % 4], second: 1.0 }).collect();
    let check = |max_cat_to_onehot: usize, max_cat_threshold: usize, expected: Option<&[u32]>| {
        let one_split = BoosterParams { max_depth: 1, max_cat_to_onehot, max_cat_threshold, ..halving() };
        let tree = grow(&mut grower(&one_split, &table), &gradients).tree;
        let found = tree.nodes[0].split.as_ref().map(|_| &tree.categories[..]);
        assert_eq!(found, expected, "{max_cat_to_onehot} {max_cat_threshold}");
    };
    check(4, 64, Some(&[0, 2]));
    check(4, 3, Some(&[0, 2]));
    check(4, 2, Some(&[2]));
    check(4, 1, None);
    check(5, 64, Some(&[2]));
    check(5, 1, Some(&[2]));
}

#[test]
fn millions_of_categories_that_do_not_occur_cost_nothing_to_search() {
    let number = |row: u32| f64::from([5, 1_000_000, 16_777_215][row as usize % 3]);
    let table = Table::new((0..30).map(|row| vec![Some(number(row))]).collect(), vec![true]);
    let gradients: Vec<Gradient> =
        (0..30).map(|row| Gradient { first: -[1.0, 5.0, 9.0][row % 3], second: 1.0 }).collect();
    let mut grower = grower(&BoosterParams { max_depth: 1, ..halving() }, &table);
    assert_eq!(grower.binned.slots(), 3);
    let grown = grow(&mut grower, &gradients);
    let split = grown.tree.nodes[0].split.as_ref().expect("a split");
    // XGBoost lists all categories but the two best ones, whether they occur or not.
    assert_eq!((grown.tree.categories.len(), split.default_left), ((1 << 24) - 2, false));
    assert_eq!(grown.leaves[..3], [2, 1, 1]);
}

#[test]
fn a_tree_stops_when_it_is_canceled() {
    let (table, gradients) = small();
    let asked = AtomicUsize::new(0);
    let canceled = || asked.fetch_add(1, Ordering::Relaxed) == 1;
    let grown = grower(&halving(), &table).grow(&gradients, &mut SplitMix64::new(5), &canceled);
    assert_eq!((grown, asked.into_inner()), (None, 2));
}

#[test]
fn columns_are_sampled() {
    let (table, gradients) = small();
    let asked = |params: BoosterParams| {
        let mut grower = grower(&params, &table);
        let mut generator = SplitMix64::new(5);
        let mut roots = [false; 3];
        for _ in 0..20 {
            let tree = grower.grow(&gradients, &mut generator, &|| false).unwrap().tree;
            let splits: Vec<u32> =
                tree.nodes.iter().filter_map(|node| Some(node.split.as_ref()?.column)).collect();
            roots[splits[0] as usize] = true;
            if params.colsample_bytree < 1.0 {
                assert!(splits.iter().all(|column| *column == splits[0]), "{splits:?}");
            }
        }
        roots
    };
    assert_eq!(asked(halving()), [false, true, false]);
    assert_eq!(asked(BoosterParams { colsample_bytree: 0.4, ..halving() }), [true; 3]);
    assert_eq!(asked(BoosterParams { colsample_bylevel: 0.4, ..halving() }), [true; 3]);
    assert_eq!(asked(BoosterParams { colsample_bynode: 0.4, ..halving() }), [true; 3]);
}

#[test]
fn odd_matrices_have_one_leaf() {
    let check = |rows: usize, columns: usize, value: Option<f64>, gradient: f32| {
        let table = Table::new(vec![vec![value; columns]; rows], vec![false; columns]);
        let gradients = vec![Gradient { first: gradient, second: 1.0 }; rows];
        let grown = grow(&mut grower(&BoosterParams::default(), &table), &gradients);
        assert_eq!(grown.tree.nodes.len(), 1, "{rows} × {columns} of {value:?}");
        assert_eq!(grown.leaves, vec![0; rows]);
    };
    check(0, 0, None, 1.0);
    check(0, 3, None, 1.0);
    check(5, 0, None, 1.0);
    check(5, 2, None, 1.0);
    check(5, 2, Some(1.0), 1.0);
    check(5, 2, Some(1.0), f32::NAN);
    check(5, 2, Some(f64::from(f32::MAX)), f32::INFINITY);
}

/// The best split of rows as XGBoost defines it, tried row by row: gain, column, goes-left of the rows.
fn naive_split(table: &Table, rows: &[usize], gradients: &[Gradient]) -> Option<(f32, Vec<bool>)> {
    let regularization = Regularization::new(&BoosterParams::default());
    let total = |goes: &dyn Fn(usize) -> bool| {
        let mut sums = Sums::default();
        rows.iter().filter(|row| goes(**row)).for_each(|row| sums += gradients[*row]);
        sums
    };
    let parent = regularization.gain(total(&|_| true));
    let mut best: Option<(f32, Vec<bool>)> = None;
    let mut try_split = |goes: &dyn Fn(usize) -> bool| {
        let gain = regularization.split_gain(total(goes), total(&|row| !goes(row)), parent);
        if let Some(gain) = gain
            && gain > best.as_ref().map_or(0.0, |best| best.0)
        {
            best = Some((gain, rows.iter().map(|row| goes(*row)).collect()));
        }
    };
    for column in 0..table.categorical.len() {
        let value = |row: usize| table.cells[row][column];
        let mut values: Vec<f64> = table.cells.iter().filter_map(|row| row[column]).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        if table.categorical[column] {
            // Fewer than four categories: one against all others.
            for category in 0..values.last().map_or(0, |last| *last as u32 + 1) {
                let category = f64::from(category);
                try_split(&|row| value(row) != Some(category));
                try_split(&|row| value(row).is_some_and(|value| value != category));
            }
            continue;
        }
        for last in &values {
            try_split(&|row| value(row).is_some_and(|value| value <= *last));
        }
        if rows.iter().any(|row| value(*row).is_none()) {
            for first in values.iter().rev() {
                try_split(&|row| value(row).is_none_or(|value| value < *first));
            }
        }
    }
    best
}

/// The leaves (in the order of their first rows) that splitting node by node gives.
fn naive_leaves(table: &Table, gradients: &[Gradient], depth: usize) -> Vec<Vec<usize>> {
    let mut leaves = vec![(0..gradients.len()).collect::<Vec<_>>()];
    for _ in 0..depth {
        leaves = leaves
            .into_iter()
            .flat_map(|rows| match naive_split(table, &rows, gradients) {
                Some((gain, goes)) if gain > 1e-6 => {
                    let side = |left: bool| {
                        rows.iter()
                            .zip(&goes)
                            .filter(|(_, goes)| **goes == left)
                            .map(|(row, _)| *row)
                            .collect()
                    };
                    vec![side(true), side(false)]
                }
                _ => vec![rows],
            })
            .collect();
    }
    leaves.sort();
    leaves
}

fn leaves(grown: &Grown) -> Vec<Vec<usize>> {
    let mut leaves = vec![Vec::new(); grown.tree.nodes.len()];
    for (row, leaf) in grown.leaves.iter().enumerate() {
        leaves[*leaf as usize].push(row);
    }
    leaves.retain(|rows| !rows.is_empty());
    leaves.sort();
    leaves
}

fn tables() -> impl Strategy<Value = (Table, Vec<Gradient>)> {
    let shape = (1_usize..60, 1_usize..24, prop::sample::select(vec![1.0, 0.9, 0.5, 0.1]), 1_u32..40);
    shape.prop_flat_map(|(rows, columns, share, levels)| {
        let cell = (0..levels, 0.0..1.0).prop_map(move |(level, draw)| (draw < share).then_some(level));
        let cells = prop::collection::vec(prop::collection::vec(cell, columns), rows);
        let categorical = prop::collection::vec(prop::bool::weighted(0.3), columns);
        let gradients = prop::collection::vec((-8_i8..8, 1_u8..4), rows);
        (cells, categorical, gradients).prop_map(|(cells, categorical, gradients)| {
            let value = |(cell, categorical): (Option<u32>, &bool)| {
                cell.map(|level| f64::from(if *categorical { level % 3 } else { level }))
            };
            let row = |row: Vec<Option<u32>>| row.into_iter().zip(&categorical).map(value).collect();
            let cells = cells.into_iter().map(row).collect();
            // Small whole numbers, so that no sum is rounded.
            let gradient = |(first, second)| Gradient { first: f32::from(first), second: f32::from(second) };
            (Table::new(cells, categorical), gradients.into_iter().map(gradient).collect())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn trees_are_those_of_a_naive_grower((table, gradients) in tables(), depth in 1_usize..5) {
        let params = BoosterParams { max_depth: depth, ..BoosterParams::default() };
        let grown = grow(&mut grower(&params, &table), &gradients);
        prop_assert_eq!(leaves(&grown), naive_leaves(&table, &gradients, depth));
        for (row, leaf) in grown.leaves.iter().enumerate() {
            prop_assert_eq!(*leaf, table.leaf(&grown.tree, row));
        }
    }

    #[test]
    fn threads_and_memory_change_nothing((table, gradients) in tables(), lossguide in any::<bool>()) {
        let grow_policy = if lossguide { GrowPolicy::Lossguide } else { GrowPolicy::Depthwise };
        let params = BoosterParams { grow_policy, max_depth: 0, ..BoosterParams::default() };
        let expected = grow(&mut grower(&params, &table), &gradients);
        for threads in [1, 3, 16] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            prop_assert_eq!(&pool.install(|| grow(&mut grower(&params, &table), &gradients)), &expected);
        }
        let mut forgetful = grower(&params, &table);
        for most_kept in [0, 3] {
            forgetful.most_kept = most_kept;
            prop_assert_eq!(&grow(&mut forgetful, &gradients), &expected);
        }
    }

    #[test]
    fn rows_that_are_not_sampled_have_a_leaf_as_well((table, gradients) in tables(), every in 2_usize..5) {
        let sampled: Vec<Gradient> = (0..)
            .zip(&gradients)
            .map(|(row, gradient)| if row % every == 0 { *gradient } else { Gradient::default() })
            .collect();
        let grown = grow(&mut grower(&BoosterParams::default(), &table), &sampled);
        let weight: f32 = sampled.iter().map(|gradient| gradient.second).sum();
        prop_assert_eq!(grown.tree.nodes[0].weight, weight);
        for (row, leaf) in grown.leaves.iter().enumerate() {
            prop_assert_eq!(*leaf, table.leaf(&grown.tree, row));
        }
    }

    #[test]
    fn trees_without_limits_end(
        (table, _) in tables(),
        exponents in prop::collection::vec((-40_i32..40, -60_i32..30, any::<bool>()), 60),
        lossguide in any::<bool>(),
    ) {
        let grow_policy = if lossguide { GrowPolicy::Lossguide } else { GrowPolicy::Depthwise };
        let params = BoosterParams {
            grow_policy, max_depth: 0, lambda: 0.0, min_child_weight: 0.0, ..BoosterParams::default()
        };
        let gradient = |(first, second, negative): &(i32, i32, bool)| Gradient {
            first: 1.1_f32.powi(*first) * if *negative { -1.0 } else { 1.0 },
            second: 1.3_f32.powi(*second),
        };
        let gradients: Vec<Gradient> = exponents.iter().map(gradient).take(table.cells.len()).collect();
        let grown = grow(&mut grower(&params, &table), &gradients);
        for (row, leaf) in grown.leaves.iter().enumerate() {
            prop_assert_eq!(*leaf, table.leaf(&grown.tree, row));
        }
    }
}
