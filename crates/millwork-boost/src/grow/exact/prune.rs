//! The removal of splits that gain too little once a tree has grown.

use crate::grow::Grown;
use crate::tree::Tree;

/// Takes back, from the leaves up, every split that gains less than `gamma` and has only leaves below it. Nodes keep their order and
/// are numbered anew without gaps. `rate` is the learning rate.
pub(super) fn prune(grown: &mut Grown, gamma: f32, rate: f32) {
    let nodes = &mut grown.tree.nodes;
    let before = nodes.iter().filter(|node| node.split.is_some()).count();
    for number in (0..nodes.len()).rev() {
        let is_leaf = |child: u32| nodes[child as usize].split.is_none();
        let pays = |gain: f32| gain >= gamma;
        let taken_back = nodes[number]
            .split
            .as_ref()
            .is_some_and(|split| !pays(split.gain) && split.children.into_iter().all(is_leaf));
        if taken_back {
            let node = &mut nodes[number];
            (node.split, node.leaf) = (None, rate * node.value);
        }
    }
    if nodes.iter().filter(|node| node.split.is_some()).count() < before {
        renumber(grown);
    }
}

/// Leaves out the nodes below leaves; their rows belong to the leaf above.
fn renumber(grown: &mut Grown) {
    let old = std::mem::take(&mut grown.tree.nodes);
    let mut tree = Tree::default();
    // The new number of each node, or of the leaf above it.
    let mut numbers: Vec<u32> = Vec::with_capacity(old.len());
    for node in &old {
        let above = node.parent.map(|parent| (numbers[parent as usize], &old[parent as usize]));
        match above {
            Some((number, parent)) if parent.split.is_none() => numbers.push(number),
            above => {
                numbers.push(tree.nodes.len() as u32);
                let mut node = node.clone();
                node.parent = above.map(|(number, _)| number);
                tree.nodes.push(node);
            }
        }
    }
    for node in &mut tree.nodes {
        if let Some(split) = &mut node.split {
            split.children = split.children.map(|child| numbers[child as usize]);
        }
    }
    grown.leaves.iter_mut().for_each(|leaf| *leaf = numbers[*leaf as usize]);
    grown.tree = tree;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Condition, Split};

    /// A tree whose root and whose children split with these gains.
    fn grown(gains: [f32; 3]) -> Grown {
        let mut tree = Tree::default();
        tree.add_leaf(None, 1.0, 0.5, 4.0);
        for (number, gain) in gains.into_iter().enumerate() {
            let children = [0, 1].map(|_| tree.add_leaf(Some(number as u32), 1.0, 0.5, 4.0));
            let node = &mut tree.nodes[number];
            (node.value, node.leaf) = (number as f32, 0.0);
            let condition = Condition::Below(0.0);
            node.split = Some(Split { column: 0, condition, default_left: true, children, gain });
        }
        Grown { tree, leaves: vec![3, 4, 5, 6] }
    }

    fn check(gains: [f32; 3], children: &[Option<[u32; 2]>], leaves: [u32; 4]) {
        let mut grown = grown(gains);
        prune(&mut grown, 1.0, 0.5);
        let nodes = &grown.tree.nodes;
        let found: Vec<_> =
            nodes.iter().map(|node| node.split.as_ref().map(|split| split.children)).collect();
        assert_eq!(found, children, "{gains:?}");
        assert_eq!(grown.leaves, leaves, "{gains:?}");
        for (number, node) in nodes.iter().enumerate() {
            let names = |parent: u32| found[parent as usize].is_some_and(|c| c.contains(&(number as u32)));
            assert!(node.parent.is_none_or(names), "{node:?}");
            assert_eq!(node.leaf, if node.split.is_some() { 0.0 } else { node.value * 0.5 });
        }
    }

    #[test]
    fn splits_are_taken_back_from_below() {
        let all = [Some([1, 2]), Some([3, 4]), Some([5, 6]), None, None, None, None];
        check([1.0, 1.0, 1.0], &all, [3, 4, 5, 6]);
        check([0.5, 1.0, 1.0], &all, [3, 4, 5, 6]);
        check([0.5, 0.5, 1.0], &[Some([1, 2]), None, Some([3, 4]), None, None], [1, 1, 3, 4]);
        check([1.0, 1.0, 0.5], &[Some([1, 2]), Some([3, 4]), None, None, None], [3, 4, 2, 2]);
        check([1.0, 0.5, 0.5], &[Some([1, 2]), None, None], [1, 1, 2, 2]);
        check([0.5, 0.5, 0.5], &[None], [0, 0, 0, 0]);
    }
}
