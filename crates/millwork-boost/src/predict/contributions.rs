//! Contributions of the columns to a row's margins: Shapley values.
//!
//! The game is that of TreeSHAP (Lundberg, Erion and Lee, "Consistent individualized feature attribution for tree ensembles", 2018), as
//! in XGBoost: a column that doesn't take part sends a row both ways, in proportion to the weights of the training rows. For a leaf, let
//! each column `j` of its path have the share `r` of the weight that stays on the path, and `o`, 1 if the row stays on it and else 0. The
//! value of the leaf counts by the product of `o` over the columns that take part and of `r` over the others, and the Shapley value of a
//! column `i` in such a product is (Owen, "Multilinear extensions of games", 1972)
//!
//! ```text
//! (oᵢ − rᵢ) ∫₀¹ Π_{j≠i} (rⱼ + (oⱼ − rⱼ) x) dx
//! ```
//!
//! The weights of a model are in single precision. Where one has overflowed, XGBoost's contributions are NaN; here it is the sum of
//! the weights below it.
//!
//! The integrand is a polynomial, of a degree below the number of columns of the path: half as many points of Gauss's and Legendre's rule
//! give the integral.

mod paths;
mod quadrature;

use rayon::prelude::*;

use crate::data::Matrix;
use crate::model::Model;
use paths::Paths;

/// Rows per unit of parallel work.
const CHUNK: usize = 1 << 6;

/// The contributions to one margin: together with the bias, they add up to it.
#[derive(Debug, Clone, PartialEq)]
pub struct RowContributions {
    /// The margin of an average row.
    pub bias: f32,
    /// The columns that move it, ascending, and by how much.
    pub columns: Vec<(u32, f32)>,
}

/// The contributions to each margin of each row, row after row (rows × outputs). `base_margins` are what the outputs start from.
pub fn contributions(model: &Model, base_margins: &[f32], matrix: Matrix<'_>) -> Vec<RowContributions> {
    let paths = Paths::new(model, base_margins);
    let rows: Vec<usize> = (0..matrix.rows()).collect();
    let chunks = rows.par_chunks(CHUNK).map_init(
        || paths.sums(),
        |sums, rows| rows.iter().flat_map(|&row| paths.row(matrix.row(row), sums)).collect::<Vec<_>>(),
    );
    chunks.collect::<Vec<_>>().into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Condition, Split, Tree};

    /// Three columns, of which the branch to the left asks for column 0 twice.
    fn tree() -> Tree {
        let mut tree = Tree::default();
        for (parent, value, weight) in [
            (None, 0.0, 16.0),
            (Some(0), 0.0, 10.0),
            (Some(0), 0.0, 6.0),
            (Some(1), 0.0, 7.0),
            (Some(1), 8.0, 3.0),
            (Some(2), -4.0, 2.0),
            (Some(2), 1.0, 4.0),
            (Some(3), 16.0, 5.0),
            (Some(3), 2.0, 2.0),
        ] {
            tree.add_leaf(parent, value, 1.0, weight);
        }
        for (node, column, threshold, children) in
            [(0, 0, 2.0, [1, 2]), (1, 1, 0.0, [3, 4]), (2, 2, 0.0, [5, 6]), (3, 0, 1.0, [7, 8])]
        {
            let condition = Condition::Below(threshold);
            tree.nodes[node].split =
                Some(Split { column, condition, default_left: false, children, gain: 1.0 });
        }
        tree
    }

    /// The expected value of the tree from a node on if only the columns of a set, as bits, take part.
    fn expected(tree: &Tree, node: usize, set: usize, row: [f32; 3]) -> f64 {
        let node = &tree.nodes[node];
        let Some(split) = &node.split else { return f64::from(node.leaf) };
        let of = |child: u32| expected(tree, child as usize, set, row);
        if set >> split.column & 1 == 1 {
            return of(split.children[usize::from(!tree.goes_left(split, Some(row[split.column as usize])))]);
        }
        let share = |child: u32| f64::from(tree.nodes[child as usize].weight / node.weight);
        split.children.into_iter().map(|child| share(child) * of(child)).sum()
    }

    #[test]
    fn weights_that_overflow_are_those_of_the_leaves() {
        let scaled = |scale: f32, cap: f32| {
            let mut tree = tree();
            tree.nodes.iter_mut().for_each(|node| node.weight *= scale);
            tree.nodes
                .iter_mut()
                .filter(|node| node.weight > cap)
                .for_each(|node| node.weight = f32::INFINITY);
            let mut model = Model { columns: 3, outputs: 1, ..Model::default() };
            model.append([(0, tree)]);
            let matrix = Matrix {
                columns: 3,
                row_offsets: &[0, 3],
                indices: &[0, 1, 2],
                values: &[0.0, -1.0, 5.0],
                categorical: &[],
            };
            contributions(&model, &[0.25], matrix).remove(0)
        };
        // The weights from 7 on overflow; those of the leaves do not.
        assert_eq!(scaled(5e37, f32::MAX), scaled(1.0, f32::MAX));
        assert_eq!(scaled(1.0, 9.0), scaled(1.0, f32::MAX));
        // The leaf of weight 5 overflows as well, which makes it one of 3.4.
        let found = scaled(1e38, f32::MAX);
        assert!(found.bias.is_finite() && found.columns.len() == 3, "{found:?}");
        let all = found.bias + found.columns.iter().map(|(_, value)| value).sum::<f32>();
        assert!((all - 16.25).abs() < 1e-5, "{found:?}");
    }

    #[test]
    fn contributions_are_shapley_values() {
        let tree = tree();
        let mut model = Model { columns: 3, outputs: 1, ..Model::default() };
        model.append([(0, tree.clone())]);
        for row in [[0.0, -1.0, 5.0], [1.5, -1.0, -5.0], [1.0, 3.0, 0.0], [9.0, 0.0, -1.0]] {
            let values = row.map(f64::from);
            let matrix = Matrix {
                columns: 3,
                row_offsets: &[0, 3],
                indices: &[0, 1, 2],
                values: &values,
                categorical: &[],
            };
            let found = &contributions(&model, &[0.25], matrix)[0];
            assert!((f64::from(found.bias) - 0.25 - expected(&tree, 0, 0, row)).abs() < 1e-6, "{found:?}");
            for column in 0..3 {
                // Sets of 0, 1 and 2 of the other columns weigh 1/3, 1/6 and 1/3.
                let gain =
                    |set: usize| expected(&tree, 0, set | 1 << column, row) - expected(&tree, 0, set, row);
                let others = (0..8_usize).filter(|set| set >> column & 1 == 0);
                let value: f64 =
                    others.map(|set| gain(set) / if set.count_ones() == 1 { 6.0 } else { 3.0 }).sum();
                let own = found.columns.iter().find(|(of, _)| *of == column).map_or(0.0, |(_, value)| *value);
                assert!(
                    (f64::from(own) - value).abs() < 1e-6,
                    "column {column} of {row:?}: {own}, not {value}"
                );
            }
        }
    }
}
