//! The walk of a row through all paths of a model's trees.

use super::RowContributions;
use super::quadrature::{MOST, rule};
use crate::model::Model;
use crate::tree::{Node, Tree};

/// The paths of a model's trees, and what doesn't depend on rows.
pub(super) struct Paths<'m> {
    model: &'m Model,
    outputs: usize,
    /// The columns that some split asks for, ascending.
    columns: Vec<u32>,
    /// For each node of each tree: its column's place in `columns`, and the shares of its weight that go left and right.
    nodes: Vec<Vec<Branch>>,
    ranks: Vec<Vec<u32>>,
    biases: Vec<f32>,
}

#[derive(Clone, Copy, Default)]
struct Branch {
    column: u32,
    shares: [f64; 2],
}

/// What a thread needs for a row.
pub(super) struct Sums {
    /// The row's value in each column; NaN if missing.
    values: Vec<f32>,
    /// The contribution of each column to each output (columns × outputs).
    contributions: Vec<f64>,
    path: Vec<Element>,
    /// Whether, and where, a column is on the path.
    on_path: Vec<u32>,
    steps: Vec<Step>,
    products: Vec<[f64; MOST]>,
}

/// A column of a path.
#[derive(Clone, Copy)]
struct Element {
    column: u32,
    /// The share of the weight that stays on the path.
    share: f64,
    /// Whether the row stays on it.
    stays: bool,
}

/// The next step of the traversal.
enum Step {
    /// To go to a node, by the branch of a column with this share, which the row takes or not.
    Enter { node: u32, branch: Option<Element> },
    /// To take the last element off the path.
    Pop,
    /// To put an element of the path back.
    Restore { place: u32, element: Element },
}

/// What stands for the place of a column that is not on the path.
const NOWHERE: u32 = u32::MAX;

impl<'m> Paths<'m> {
    pub(super) fn new(model: &'m Model, base_margins: &[f32]) -> Self {
        let outputs = model.outputs.max(1);
        let splits =
            || model.trees.iter().flat_map(|tree| &tree.nodes).filter_map(|node| node.split.as_ref());
        let mut columns: Vec<u32> = splits().map(|split| split.column).collect();
        columns.sort_unstable();
        columns.dedup();
        let nodes: Vec<Vec<Branch>> = model.trees.iter().map(|tree| branches(tree, &columns)).collect();
        let ranks: Vec<Vec<u32>> = model.trees.iter().map(Tree::leaf_ranks).collect();
        let start = base_margins.first().copied().unwrap_or(0.0);
        let mut means = vec![0.0; outputs];
        for number in 0..model.trees.len() {
            let tree = &model.trees[number];
            let reach = reach(tree, &nodes[number]);
            for (node, reach) in
                reach.into_iter().enumerate().filter(|(node, _)| tree.nodes[*node].split.is_none())
            {
                add_leaf(model, number, node, ranks[number][node], reach, &mut means);
            }
        }
        let base = |output: usize| f64::from(base_margins.get(output).copied().unwrap_or(start));
        let biases = means.iter().enumerate().map(|(output, mean)| (mean + base(output)) as f32).collect();
        Self { model, outputs, columns, nodes, ranks, biases }
    }

    pub(super) fn sums(&self) -> Sums {
        let columns = self.columns.len();
        Sums {
            values: vec![f32::NAN; columns],
            contributions: vec![0.0; columns * self.outputs],
            path: Vec::new(),
            on_path: vec![NOWHERE; columns],
            steps: Vec::new(),
            products: Vec::new(),
        }
    }

    /// The contributions to each output of a row.
    pub(super) fn row(&self, (indices, values): (&[u32], &[f64]), sums: &mut Sums) -> Vec<RowContributions> {
        sums.values.fill(f32::NAN);
        sums.contributions.fill(0.0);
        for (column, &value) in indices.iter().zip(values) {
            if let Ok(place) = self.columns.binary_search(column) {
                sums.values[place] = value as f32;
            }
        }
        (0..self.model.trees.len()).for_each(|tree| self.add_tree(tree, sums));
        let of_output = |output: usize| {
            let columns =
                self.columns.iter().zip(sums.contributions.iter().skip(output).step_by(self.outputs));
            let columns = columns.filter(|(_, contribution)| **contribution != 0.0);
            RowContributions {
                bias: self.biases[output],
                columns: columns.map(|(&column, &contribution)| (column, contribution as f32)).collect(),
            }
        };
        (0..self.outputs).map(of_output).collect()
    }

    fn add_tree(&self, number: usize, sums: &mut Sums) {
        let tree = &self.model.trees[number];
        sums.steps.push(Step::Enter { node: 0, branch: None });
        while let Some(step) = sums.steps.pop() {
            match step {
                Step::Pop => {
                    let element = sums.path.pop().expect("an element was pushed");
                    sums.on_path[element.column as usize] = NOWHERE;
                }
                Step::Restore { place, element } => sums.path[place as usize] = element,
                Step::Enter { node, branch } => {
                    if let Some(branch) = branch {
                        sums.extend_path(branch);
                    }
                    let Some(split) = &tree.nodes[node as usize].split else {
                        self.add_leaf(number, node as usize, sums);
                        continue;
                    };
                    let branch = self.nodes[number][node as usize];
                    let value = Some(sums.values[branch.column as usize]).filter(|value| !value.is_nan());
                    let left = tree.goes_left(split, value);
                    for (side, stays) in [(1, !left), (0, left)] {
                        let element = Element { column: branch.column, share: branch.shares[side], stays };
                        sums.steps.push(Step::Enter { node: split.children[side], branch: Some(element) });
                    }
                }
            }
        }
    }

    fn add_leaf(&self, number: usize, node: usize, sums: &mut Sums) {
        let Sums { path, products, contributions, .. } = sums;
        let columns = path.len();
        if columns == 0 {
            return;
        }
        let rule = rule(columns);
        let points = rule.points.len();
        let factor = |element: &Element, point: f64| {
            let stays = f64::from(u8::from(element.stays));
            element.share + (stays - element.share) * point
        };
        products.resize(columns.max(products.len()), [0.0; MOST]);
        let mut product = [0.0; MOST];
        product[..points].copy_from_slice(&rule.weights);
        for (element, before) in path.iter().zip(products.iter_mut()) {
            before[..points].copy_from_slice(&product[..points]);
            for (product, &point) in product[..points].iter_mut().zip(&rule.points) {
                *product *= factor(element, point);
            }
        }
        let mut after = [1.0; MOST];
        for (element, before) in path.iter().zip(products.iter()).rev() {
            let integral: f64 =
                before[..points].iter().zip(&after[..points]).map(|(before, after)| before * after).sum();
            let moved = f64::from(u8::from(element.stays)) - element.share;
            let place = element.column as usize * self.outputs;
            let of_column = &mut contributions[place..][..self.outputs];
            add_leaf(self.model, number, node, self.ranks[number][node], moved * integral, of_column);
            for (after, &point) in after[..points].iter_mut().zip(&rule.points) {
                *after *= factor(element, point);
            }
        }
    }
}

impl Sums {
    /// Goes on by a branch; what takes it back is the step after those below it.
    fn extend_path(&mut self, branch: Element) {
        let place = self.on_path[branch.column as usize];
        if place == NOWHERE {
            self.on_path[branch.column as usize] = self.path.len() as u32;
            self.path.push(branch);
            self.steps.push(Step::Pop);
            return;
        }
        let element = &mut self.path[place as usize];
        self.steps.push(Step::Restore { place, element: *element });
        element.share *= branch.share;
        element.stays &= branch.stays;
    }
}

/// Adds a leaf, times a factor, to what belongs to each output.
fn add_leaf(model: &Model, tree: usize, node: usize, rank: u32, factor: f64, of_outputs: &mut [f64]) {
    let factor = factor * f64::from(model.tree_weight(tree));
    let output = model.tree_outputs[tree] as usize;
    let (outputs, tree) = (of_outputs.len(), &model.trees[tree]);
    if tree.leaf_vectors.is_empty() {
        of_outputs[output] += factor * f64::from(tree.nodes[node].leaf);
        return;
    }
    let vector = &tree.leaf_vectors[rank as usize * outputs..][..outputs];
    of_outputs.iter_mut().zip(vector).for_each(|(sum, value)| *sum += factor * f64::from(*value));
}

fn branches(tree: &Tree, columns: &[u32]) -> Vec<Branch> {
    let weights = weights(tree);
    let branch = |(node, weight): (&Node, &f64)| {
        let Some(split) = &node.split else { return Branch::default() };
        let share = |child: u32| match *weight {
            weight if weight > 0.0 => weights[child as usize] / weight,
            // Without weights both ways are alike, as for XGBoost.
            _ => 0.5,
        };
        let column = columns.binary_search(&split.column).expect("a column that a split asks for");
        Branch { column: column as u32, shares: split.children.map(share) }
    };
    tree.nodes.iter().zip(&weights).map(branch).collect()
}

/// The weight of each node. One that single precision doesn't hold is the sum of those below it; that of a leaf counts as the
/// largest one that it holds.
fn weights(tree: &Tree) -> Vec<f64> {
    let mut weights: Vec<f64> = tree.nodes.iter().map(|node| f64::from(node.weight.min(f32::MAX))).collect();
    // A child has a higher number than its parent.
    for (number, node) in tree.nodes.iter().enumerate().rev() {
        if let Some(split) = &node.split
            && node.weight == f32::INFINITY
        {
            weights[number] = split.children.iter().map(|child| weights[*child as usize]).sum();
        }
    }
    weights
}

/// The share of the training rows that comes to each node.
fn reach(tree: &Tree, branches: &[Branch]) -> Vec<f64> {
    let mut reach = vec![0.0; tree.nodes.len()];
    if let Some(root) = reach.first_mut() {
        *root = 1.0;
    }
    for (number, node) in tree.nodes.iter().enumerate() {
        let Some(split) = &node.split else { continue };
        for (child, share) in split.children.into_iter().zip(branches[number].shares) {
            reach[child as usize] = reach[number] * share;
        }
    }
    reach
}
