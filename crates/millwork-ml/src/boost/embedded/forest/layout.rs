//! From a model's trees to the layout for prediction.

use hessboost::model::BoostedModel;
use hessboost::tree::{Node, RegTree};

/// The deepest tree that is laid out in full: 2¹⁰ leaves.
const DEEPEST: usize = 10;

/// The place of a column that no tree asks for.
pub(super) const UNUSED: u32 = u32::MAX;

/// The widest model that is laid out: its columns are a table.
const WIDEST: usize = 1 << 26;

/// What stands for a missing value at each of a column's two places: it is not smaller than any threshold, or smaller
/// than every one.
pub(super) const MISSING: [f32; 2] = [f32::INFINITY, f32::NEG_INFINITY];

/// A model's trees and where they start from.
#[derive(Debug, Clone)]
pub(in crate::boost::embedded) struct Forest {
    pub(super) trees: Vec<Tree>,
    pub(super) splits: Vec<Split>,
    pub(super) leaves: Vec<f32>,
    /// The margin of each output before the first tree.
    pub(super) base: Vec<f32>,
    /// The places of each column, or [`UNUSED`]: that for the splits that send missing values right, and that for those
    /// that send them left.
    pub(super) places: Vec<[u32; 2]>,
    /// What stands at each place for a missing value.
    pub(super) missing: Vec<f32>,
}

/// One tree: `2^depth - 1` splits and `2^depth` leaves from the given places on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tree {
    pub(super) depth: u32,
    pub(super) output: u32,
    pub(super) first_split: u32,
    pub(super) first_leaf: u32,
}

/// A question to a row: smaller values go left.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Split {
    pub(super) threshold: f32,
    /// Where the row's value is.
    pub(super) place: u32,
}

impl Forest {
    /// Lays out the trees of `model` up to its best round; `None` if it has something other than scalar leaves and
    /// numeric splits, trees that are too deep, or too many columns.
    pub(in crate::boost::embedded) fn of(model: &BoostedModel) -> Option<Self> {
        let plain = model.linear().is_none() && !model.has_vector_leaves() && model.shrinkage().is_none();
        if !plain || model.base_scores().len() != model.n_outputs() || model.n_features() > WIDEST {
            return None;
        }
        let rounds = model.best_iteration().map_or(model.num_boost_rounds(), |best| best + 1);
        let mut forest = Self {
            trees: Vec::new(),
            splits: Vec::new(),
            leaves: Vec::new(),
            base: model.base_scores().to_vec(),
            places: vec![[UNUSED; 2]; model.n_features()],
            missing: Vec::new(),
        };
        let trees = model.trees().iter().zip(model.tree_outputs()).zip(model.tree_weights());
        for ((tree, outputs), weight) in trees.take(rounds * model.trees_per_iteration()) {
            forest.add(tree, outputs.start, weight)?;
        }
        if forest.missing.is_empty() {
            forest.missing.push(MISSING[0]);
        }
        Some(forest)
    }

    /// The number of outputs of a row.
    pub(in crate::boost::embedded) fn outputs(&self) -> usize {
        self.base.len()
    }

    fn add(&mut self, tree: &RegTree, output: usize, weight: f32) -> Option<()> {
        let depth = tree.depth();
        if depth > DEEPEST || tree.has_categorical_splits() || tree.linear_leaves().is_some() {
            return None;
        }
        let (first_split, first_leaf) = (self.splits.len(), self.leaves.len());
        self.trees.push(Tree {
            depth: depth as u32,
            output: output as u32,
            first_split: u32::try_from(first_split).ok()?,
            first_leaf: u32::try_from(first_leaf).ok()?,
        });
        let splits = (1 << depth) - 1;
        let mut nodes: Vec<&Node> = Vec::with_capacity(2 * splits + 1);
        nodes.push(tree.node(0));
        for position in 0..splits {
            let node = nodes[position];
            let split = if node.is_leaf() { Split::default() } else { self.split(node)? };
            self.splits.push(split);
            let children = if node.is_leaf() { [node, node] } else { children(tree, node) };
            nodes.extend(children);
        }
        self.leaves.extend(nodes[splits..].iter().map(|leaf| leaf.leaf_value * weight));
        Some(())
    }

    fn split(&mut self, node: &Node) -> Option<Split> {
        let direction = usize::from(node.default_left);
        let place = &mut self.places.get_mut(node.split_feature as usize)?[direction];
        if *place == UNUSED {
            *place = self.missing.len() as u32;
            self.missing.push(MISSING[direction]);
        }
        let threshold = node.split_cond;
        threshold.is_finite().then_some(Split { threshold, place: *place })
    }
}

fn children<'a>(tree: &'a RegTree, node: &Node) -> [&'a Node; 2] {
    [node.left, node.right].map(|child| tree.node(child as usize))
}
