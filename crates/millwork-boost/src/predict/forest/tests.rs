//! Forests of random trees give the leaves and margins that the trees give one by one.

use proptest::prelude::{prop_assert_eq, proptest};

use super::Forest;
use crate::data::Matrix;
use crate::model::Model;
use crate::random::SplitMix64;
use crate::tree::{Condition, Split, Tree};

/// Column 0 is numeric, 1 has few categories, 2 has categories with numbers too large for bits, and 3 is asked for both ways.
const COLUMNS: u32 = 4;

fn below(random: &mut SplitMix64, end: u32) -> u32 {
    (random.unit() * f64::from(end)) as u32
}

fn condition(random: &mut SplitMix64, column: u32, tree: &mut Tree) -> Condition {
    let is_category = column == 1 || column == 2 || (column == 3 && random.unit() < 0.5);
    if !is_category {
        return Condition::Below(below(random, 9) as f32 - 4.0);
    }
    let scale = if column == 2 { 1 << 18 } else { 1 };
    let start = tree.categories.len() as u32;
    tree.categories.extend((0..40).filter(|_| random.unit() < 0.3).map(|category| category * scale));
    Condition::NotIn(start..tree.categories.len() as u32)
}

/// A tree of at least one split.
fn tree(random: &mut SplitMix64, depth: u32, numbers_only: bool) -> Tree {
    let mut tree = Tree::default();
    tree.add_leaf(None, 0.0, 1.0, 1.0);
    let mut open = vec![(0, 0)];
    while let Some((number, level)) = open.pop() {
        if level == depth || (level > 0 && random.unit() < 0.2) {
            continue;
        }
        let column = if numbers_only { 0 } else { below(random, COLUMNS) };
        let condition = condition(random, column, &mut tree);
        let children = [0; 2].map(|_| {
            let value = random.unit() as f32 - 0.5;
            tree.add_leaf(Some(number), value, 1.0, 1.0)
        });
        open.extend(children.map(|child| (child, level + 1)));
        let default_left = random.unit() < 0.5;
        let node = &mut tree.nodes[number as usize];
        node.split = Some(Split { column, condition, default_left, children, gain: 1.0 });
        node.leaf = 0.0;
    }
    tree
}

fn row(random: &mut SplitMix64) -> Vec<(u32, f64)> {
    let mut row = Vec::new();
    for column in 0..COLUMNS {
        let scale = if column == 2 { f64::from(1 << 18) } else { 1.0 };
        let value = match below(random, 8) {
            0 => continue,
            1 => f64::NAN,
            2 => -1.0,
            3 => 1e9,
            _ => f64::from(below(random, 45)) * scale,
        };
        row.push((column, if column == 0 { value - 4.5 } else { value }));
    }
    row
}

proptest! {
    #[test]
    fn forests_give_what_their_trees_give(seed: u64, depth in 1_u32..9, outputs in 1_u32..3, numbers_only: bool) {
        let mut random = SplitMix64::new(seed);
        let mut model = Model { columns: COLUMNS as usize, outputs: outputs as usize, ..Model::default() };
        for number in 0..21 {
            model.append([(number % outputs, tree(&mut random, depth, numbers_only))]);
        }
        let rows: Vec<Vec<(u32, f64)>> = (0..50).map(|_| row(&mut random)).collect();
        let (indices, values): (Vec<u32>, Vec<f64>) = rows.iter().flatten().copied().unzip();
        let mut row_offsets = vec![0];
        rows.iter().for_each(|row| row_offsets.push(row_offsets[row_offsets.len() - 1] + row.len()));
        let matrix = Matrix {
            columns: COLUMNS as usize,
            row_offsets: &row_offsets,
            indices: &indices,
            values: &values,
            categorical: &[],
        };

        let leaves: Vec<u32> = rows
            .iter()
            .flat_map(|row| {
                let value = |column| {
                    let entry = row.iter().find(|entry| entry.0 == column && !entry.1.is_nan());
                    entry.map(|entry| entry.1 as f32)
                };
                model.trees.iter().map(move |tree| tree.leaf(value)).collect::<Vec<_>>()
            })
            .collect();
        let margins: Vec<f32> = leaves
            .chunks(model.trees.len())
            .flat_map(|leaves| {
                let mut margins = vec![0.5; outputs as usize];
                for ((tree, &leaf), &output) in model.trees.iter().zip(leaves).zip(&model.tree_outputs) {
                    margins[output as usize] += tree.nodes[leaf as usize].leaf;
                }
                margins
            })
            .collect();

        let forest = Forest::new(&model, vec![0.5]);
        prop_assert_eq!(forest.leaves(matrix), leaves);
        prop_assert_eq!(&forest.margins(matrix), &margins);
        for (row, margins) in margins.chunks(outputs as usize).enumerate() {
            let (indices, values) = matrix.row(row);
            prop_assert_eq!(&forest.row_margins(indices, values)[..], margins);
        }
    }
}
