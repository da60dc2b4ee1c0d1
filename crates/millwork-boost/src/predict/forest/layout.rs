//! From a model's trees to the layout for prediction.

use super::categories::CategoryBits;
use super::places::{Kind, Places};
use super::question::{Mixed, Splits};
use super::walk::ROOT;
use crate::model::Model;
use crate::ordered::ordered;
use crate::tree::{self, Condition};

/// Up to this depth every tree is laid out in full whose splits can be.
const SHALLOW: usize = 6;

/// The deepest tree that is laid out in full: 2¹⁰ leaves.
const DEEPEST: usize = 10;

/// Trees between these depths have at least a leaf for this number of places.
const FILL: usize = 4;

/// Trees that one row walks through side by side.
pub(super) const SIDE_BY_SIDE: usize = 8;

/// A model's trees and where they start from. Node numbers are those of [`Tree::nodes`](crate::tree::Tree::nodes).
#[derive(Debug, Clone)]
pub struct Forest {
    pub(super) trees: Vec<Tree>,
    /// For each [`SIDE_BY_SIDE`] trees: the steps that all of them have, if all are full.
    pub(super) common_steps: Vec<Option<u32>>,
    pub(super) splits: Splits,
    /// What full trees know of categories.
    pub(super) bits: CategoryBits,
    /// The leaves of full trees.
    pub(super) leaves: Vec<f32>,
    /// Their nodes' numbers.
    pub(super) leaf_numbers: Vec<u32>,
    pub(super) links: Vec<LinkedNode>,
    /// The ranges in `categories` of the splits on categories.
    pub(super) sets: Vec<[u32; 2]>,
    pub(super) categories: Vec<u32>,
    /// The values of leaves with a value for each output.
    pub(super) vectors: Vec<f32>,
    /// The margin of each output before the first tree.
    pub(super) base: Vec<f32>,
    pub(super) places: Places,
}

/// A tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tree {
    pub(super) output: u32,
    pub(super) shape: Shape,
}

/// How a tree is stored, and from where on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// `2^depth - 1` splits, of which the first stands at [`ROOT`], and `2^depth` leaves.
    Full { depth: u32, first_split: usize, first_leaf: usize },
    /// Linked nodes whose leaves have one value.
    Linked { first: usize },
    /// Linked nodes whose leaves have one for each output.
    Vectors { first: usize },
}

/// A linked node. Children are counted from the tree's first node.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinkedNode {
    pub(super) kind: NodeKind,
    /// A threshold, or the value of a leaf.
    pub(super) number: f32,
    /// Where the row's value is; for a leaf with a value for each output, the number of its vector.
    pub(super) place: u32,
    /// The number of a split's set of categories.
    pub(super) set: u32,
    /// Where left and right go.
    pub(super) children: [u32; 2],
}

/// What a linked node is, and where rows go that miss the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    Leaf,
    Below { default_left: bool },
    NotIn { default_left: bool },
}

impl Forest {
    /// Lays out the trees of `model`. `base_margins` are what its outputs start from; one is that of all.
    pub fn new(model: &Model, mut base_margins: Vec<f32>) -> Self {
        let start = base_margins.first().copied().unwrap_or(0.0);
        base_margins.resize(model.outputs.max(1), start);
        let splits =
            || model.trees.iter().flat_map(|tree| &tree.nodes).filter_map(|node| node.split.as_ref());
        let mut columns: Vec<u32> = splits().map(|split| split.column).collect();
        columns.sort_unstable();
        columns.dedup();
        let mut forest = Self {
            trees: Vec::with_capacity(model.trees.len()),
            common_steps: Vec::new(),
            splits: Splits::Mixed(Vec::new()),
            bits: CategoryBits::new(model),
            leaves: Vec::new(),
            leaf_numbers: Vec::new(),
            links: Vec::new(),
            sets: Vec::new(),
            categories: Vec::new(),
            vectors: Vec::new(),
            base: base_margins,
            places: Places::new(columns),
        };
        let mut full_splits = Vec::new();
        for (number, (tree, &output)) in model.trees.iter().zip(&model.tree_outputs).enumerate() {
            let weight = model.tree_weight(number);
            let shape = match forest.full_depth(tree) {
                Some(depth) => forest.add_full(tree, depth, weight, &mut full_splits),
                None => forest.add_linked(tree, weight),
            };
            forest.trees.push(Tree { output, shape });
        }
        forest.splits = match forest.bits.is_empty() {
            true => Splits::Numeric(full_splits.into_iter().map(Mixed::numeric).collect()),
            false => Splits::Mixed(full_splits),
        };
        let steps = |trees: &[Tree]| {
            let depth = |tree: &Tree| match tree.shape {
                Shape::Full { depth, .. } => Some(depth),
                Shape::Linked { .. } | Shape::Vectors { .. } => None,
            };
            let depths = trees.iter().map(depth).collect::<Option<Vec<u32>>>()?;
            depths.into_iter().min().filter(|_| trees.len() == SIDE_BY_SIDE)
        };
        forest.common_steps = forest.trees.chunks(SIDE_BY_SIDE).map(steps).collect();
        forest
    }

    /// The number of margins of a row.
    pub fn outputs(&self) -> usize {
        self.base.len()
    }

    /// The number of trees.
    pub(super) fn trees(&self) -> usize {
        self.trees.len()
    }

    fn add_full(&mut self, tree: &tree::Tree, depth: usize, weight: f32, splits: &mut Vec<Mixed>) -> Shape {
        let (first_split, first_leaf) = (splits.len(), self.leaves.len());
        let leaves = 1 << depth;
        // Where each node of the full tree is in the tree. There is none before the root.
        let mut nodes: Vec<u32> = Vec::with_capacity(2 * leaves);
        nodes.resize(ROOT + 1, 0);
        splits.resize(first_split + ROOT, Mixed::default());
        for position in ROOT..leaves {
            let number = nodes[position];
            let (split, children) = match &tree.nodes[number as usize].split {
                Some(split) => {
                    let [left, right] = split.children;
                    (self.question(tree, split), [right, left])
                }
                // Any place: both ways lead to the same leaf.
                None => (Mixed::default(), [number, number]),
            };
            splits.push(split);
            nodes.extend(children);
        }
        let leaves = &nodes[leaves..];
        self.leaves.extend(leaves.iter().map(|&leaf| tree.nodes[leaf as usize].leaf * weight));
        self.leaf_numbers.extend_from_slice(leaves);
        Shape::Full { depth: depth as u32, first_split, first_leaf }
    }

    /// A split of a tree that is laid out in full.
    fn question(&mut self, tree: &tree::Tree, split: &tree::Split) -> Mixed {
        match &split.condition {
            Condition::Below(threshold) => {
                let kind = if split.default_left { Kind::MissingLeft } else { Kind::MissingRight };
                Mixed::below(ordered(*threshold), self.places.place(split.column, kind))
            }
            Condition::NotIn(range) => {
                let categories = &tree.categories[range.start as usize..range.end as usize];
                let (rows, bit) = self.bits.add(split, categories).expect("full trees' columns have bits");
                Mixed::not_in(bit, self.places.place(split.column, Kind::Category(rows)))
            }
        }
    }

    fn add_linked(&mut self, tree: &tree::Tree, weight: f32) -> Shape {
        let first = self.links.len();
        let first_category = self.categories.len() as u32;
        self.categories.extend_from_slice(&tree.categories);
        let first_vector = self.vectors.len();
        self.vectors.extend(tree.leaf_vectors.iter().map(|value| value * weight));
        let ranks = tree.leaf_ranks();
        for (node, rank) in tree.nodes.iter().zip(ranks) {
            let mut link = LinkedNode {
                kind: NodeKind::Leaf,
                number: node.leaf * weight,
                place: 0,
                set: 0,
                children: [0; 2],
            };
            if let Some(split) = &node.split {
                (link.place, link.children) = (self.places.place(split.column, Kind::Linked), split.children);
                let default_left = split.default_left;
                match &split.condition {
                    Condition::Below(threshold) => {
                        (link.kind, link.number) = (NodeKind::Below { default_left }, *threshold);
                    }
                    Condition::NotIn(range) => {
                        (link.kind, link.set) = (NodeKind::NotIn { default_left }, self.sets.len() as u32);
                        self.sets.push([range.start + first_category, range.end + first_category]);
                    }
                }
            } else if !tree.leaf_vectors.is_empty() {
                link.place = (first_vector / self.base.len()) as u32 + rank;
            }
            self.links.push(link);
        }
        if tree.leaf_vectors.is_empty() { Shape::Linked { first } } else { Shape::Vectors { first } }
    }

    /// The depth of a tree that is to be laid out in full: its leaves have single values, its thresholds are finite, there are bits for its
    /// categories, and it is not too deep for its leaves.
    fn full_depth(&self, tree: &tree::Tree) -> Option<usize> {
        if !tree.leaf_vectors.is_empty() {
            return None;
        }
        let mut depths = vec![0; tree.nodes.len()];
        let (mut deepest, mut leaves) = (0, 0);
        for (number, node) in tree.nodes.iter().enumerate() {
            match &node.split {
                Some(split) => {
                    let fits = match split.condition {
                        Condition::Below(threshold) => threshold.is_finite(),
                        Condition::NotIn(_) => self.bits.rows(split.column).is_some(),
                    };
                    if !fits {
                        return None;
                    }
                    split.children.iter().for_each(|&child| depths[child as usize] = depths[number] + 1);
                }
                None => (deepest, leaves) = (deepest.max(depths[number]), leaves + 1),
            }
        }
        let filled = deepest <= DEEPEST && 1 << deepest <= leaves * FILL;
        (deepest <= SHALLOW || filled).then_some(deepest)
    }
}
