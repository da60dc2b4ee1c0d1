//! From values to leaves.

use super::layout::{Forest, LinkedNode, NodeKind, Shape, Tree};
use super::question::Question;

/// Rows whose walks overlap.
pub(super) const LANES: usize = 8;

impl Forest {
    /// Where the rows of a group end in a tree: in the leaves of full trees, or among the linked nodes.
    pub(super) fn walk_lanes(
        &self,
        tree: &Tree,
        splits: &[impl Question],
        values: &[[u32; LANES]],
    ) -> [usize; LANES] {
        match tree.shape {
            Shape::Full { depth, first_split, first_leaf } => {
                let splits = &splits[first_split..][..1 << depth];
                let mut ends = walk_full(depth, splits, &self.bits.words, values);
                ends.iter_mut().for_each(|end| *end = first_leaf + *end - splits.len());
                ends
            }
            Shape::Linked { first } | Shape::Vectors { first } => {
                let value = |place: u32, lane: usize| f32::from_bits(values[place as usize][lane]);
                std::array::from_fn(|lane| self.walk_linked(first, |place| value(place, lane)))
            }
        }
    }

    /// Where a row ends in a tree.
    pub(super) fn walk(&self, tree: &Tree, splits: &[impl Question], values: &[u32]) -> usize {
        match tree.shape {
            Shape::Full { depth, first_split, first_leaf } => {
                let splits = &splits[first_split..][..1 << depth];
                let mut node = ROOT;
                for _ in 0..depth {
                    node = step(node, splits[node], values[splits[node].place()], &self.bits.words);
                }
                first_leaf + node - splits.len()
            }
            Shape::Linked { first } | Shape::Vectors { first } => {
                self.walk_linked(first, |place| f32::from_bits(values[place as usize]))
            }
        }
    }

    fn walk_linked(&self, first: usize, value: impl Fn(u32) -> f32) -> usize {
        let mut number = first;
        loop {
            let link = &self.links[number];
            if link.kind == NodeKind::Leaf {
                return number;
            }
            number = first + link.children[usize::from(!self.goes_left(link, value(link.place)))] as usize;
        }
    }

    /// Whether a value goes left, by the rules of [`tree::Tree::goes_left`](crate::tree::Tree::goes_left).
    fn goes_left(&self, link: &LinkedNode, value: f32) -> bool {
        match link.kind {
            NodeKind::Below { default_left } | NodeKind::NotIn { default_left } if value.is_nan() => {
                default_left
            }
            NodeKind::NotIn { .. } => {
                let [start, end] = self.sets[link.set as usize];
                let set = &self.categories[start as usize..end as usize];
                value < 0.0 || set.binary_search(&(value as u32)).is_err()
            }
            NodeKind::Leaf | NodeKind::Below { .. } => value < link.number,
        }
    }

    /// Adds the leaf at which a row ended in a tree to the row's margins.
    pub(super) fn add_leaf(&self, tree: &Tree, end: usize, margins: &mut [f32]) {
        match tree.shape {
            Shape::Full { .. } => margins[tree.output as usize] += self.leaves[end],
            Shape::Linked { .. } => margins[tree.output as usize] += self.links[end].number,
            Shape::Vectors { .. } => {
                let vector = &self.vectors[self.links[end].place as usize * margins.len()..][..margins.len()];
                margins.iter_mut().zip(vector).for_each(|(margin, value)| *margin += value);
            }
        }
    }

    /// The number of the node at which a row ended in a tree.
    pub(super) fn leaf_number(&self, tree: &Tree, end: usize) -> u32 {
        match tree.shape {
            Shape::Full { .. } => self.leaf_numbers[end],
            Shape::Linked { first } | Shape::Vectors { first } => (end - first) as u32,
        }
    }
}

/// The number of a full tree's first split; what it sends right goes to twice the number, what it sends left to the one after that.
pub(super) const ROOT: usize = 1;

/// The node below `node` that a value leads to.
pub(super) fn step(node: usize, split: impl Question, value: u32, bits: &[u32]) -> usize {
    2 * node + usize::from(split.goes_left(value, bits))
}

/// Where rows leave a full tree: the number that a node below the last splits would have.
#[inline]
pub(super) fn walk_full(
    depth: u32,
    splits: &[impl Question],
    bits: &[u32],
    values: &[[u32; LANES]],
) -> [usize; LANES] {
    if depth == 0 {
        return [ROOT; LANES];
    }
    // All rows are at the root, so that its split is read once.
    let root = splits[ROOT];
    let mut nodes = [ROOT; LANES];
    for (node, &value) in nodes.iter_mut().zip(&values[root.place()]) {
        *node = step(ROOT, root, value, bits);
    }
    for _ in 1..depth {
        for (lane, node) in nodes.iter_mut().enumerate() {
            let split = splits[*node];
            *node = step(*node, split, values[split.place()][lane], bits);
        }
    }
    nodes
}
