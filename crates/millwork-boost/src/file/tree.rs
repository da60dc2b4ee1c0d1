//! From a document to a tree.
//!
//! Nodes that nothing leads to (XGBoost's `exact` leaves such behind when it prunes) are left out. The others keep their order, so that
//! a tree without gaps keeps its numbers; only where a child comes before its parent are they numbered anew, level by level.

use serde_json::Value;

use super::fields::{count, integer, list, single};
use crate::data::CATEGORIES;
use crate::file::FileError;
use crate::tree::{Condition, Node, Split, Tree};

/// Reads tree `number` of a model with these numbers of columns and outputs.
pub(super) fn read(tree: &Value, number: usize, columns: usize, outputs: usize) -> Result<Tree, FileError> {
    Lists::of(tree, outputs)
        .and_then(|lists| lists.tree(columns))
        .map_err(|problem| FileError::Tree { tree: number, problem })
}

/// A tree as it is in a document: one element per node in each list.
struct Lists {
    children: Vec<[i64; 2]>,
    columns: Vec<i64>,
    conditions: Vec<f32>,
    default_left: Vec<i64>,
    gains: Vec<f32>,
    weights: Vec<f32>,
    values: Vec<f32>,
    /// The places in `categories` of the categories of each categorical split.
    sets: Vec<Option<[usize; 2]>>,
    categories: Vec<i64>,
    leaves: Leaves,
}

/// Where the values of leaves stand.
enum Leaves {
    /// In the conditions.
    Single,
    /// As many for each leaf, at the place that its right child names.
    Placed(Vec<f32>, usize),
    /// As many for each node, at its own place.
    OfNodes(Vec<f32>, usize),
}

impl Lists {
    fn of(tree: &Value, outputs: usize) -> Result<Self, String> {
        let integers = |name: &'static str| {
            list(&tree[name], integer).ok_or_else(|| format!("`{name}` is not a list of integers"))
        };
        let singles = |name: &'static str| {
            list(&tree[name], single).ok_or_else(|| format!("`{name}` is not a list of numbers"))
        };
        let (left, right) = (integers("left_children")?, integers("right_children")?);
        let nodes = left.len();
        if let Some(counted) = count(&tree["tree_param"]["num_nodes"])
            && counted != nodes as u64
        {
            return Err(format!("`num_nodes` is {counted}, and there are {nodes} nodes"));
        }
        // What XGBoost's first layouts of trees with vectors don't have counts as 0.
        let statistics = |name: &'static str| match &tree[name] {
            Value::Null => Ok(vec![0.0; nodes]),
            _ => singles(name),
        };
        let width = count(&tree["tree_param"]["size_leaf_vector"]).unwrap_or(1).max(1);
        let (values, leaves) = if width == 1 {
            (statistics("base_weights")?, Leaves::Single)
        } else if width != outputs as u64 {
            return Err(format!("`size_leaf_vector` is {width}, and the model has {outputs} outputs"));
        } else if tree["leaf_weights"].is_null() {
            let values = singles("base_weights")?;
            if values.len() != nodes * outputs {
                return Err("`base_weights` has not as many numbers as nodes times outputs".to_owned());
            }
            (vec![0.0; nodes], Leaves::OfNodes(values, outputs))
        } else {
            (vec![0.0; nodes], Leaves::Placed(singles("leaf_weights")?, outputs))
        };
        let (sets, categories) = sets(tree, nodes)?;
        let lists = Self {
            columns: integers("split_indices")?,
            conditions: singles("split_conditions")?,
            default_left: integers("default_left")?,
            gains: statistics("loss_changes")?,
            weights: statistics("sum_hessian")?,
            values,
            sets,
            categories,
            leaves,
            children: left
                .into_iter()
                .zip(right.iter().copied())
                .map(|(left, right)| [left, right])
                .collect(),
        };
        for (name, length) in [
            ("right_children", right.len()),
            ("split_indices", lists.columns.len()),
            ("split_conditions", lists.conditions.len()),
            ("default_left", lists.default_left.len()),
            ("loss_changes", lists.gains.len()),
            ("sum_hessian", lists.weights.len()),
            ("base_weights", lists.values.len()),
        ] {
            if length != nodes {
                return Err(format!("`{name}` has {length} elements, and there are {nodes} nodes"));
            }
        }
        Ok(lists)
    }

    fn tree(&self, columns: usize) -> Result<Tree, String> {
        let kept = self.kept()?;
        let mut numbers = vec![0; self.children.len()];
        for (number, &node) in (0..).zip(&kept) {
            numbers[node] = number;
        }
        let mut tree = Tree { nodes: Vec::with_capacity(kept.len()), ..Tree::default() };
        let mut parents = vec![None; kept.len()];
        for (number, &node) in (0..).zip(&kept) {
            let children = self.children_of(node)?;
            for child in children.into_iter().flatten() {
                parents[numbers[child] as usize] = Some(number);
            }
            let split = match children {
                Some([left, right]) => {
                    Some(self.split(node, [numbers[left], numbers[right]], columns, &mut tree)?)
                }
                None => None,
            };
            let leaf = if split.is_none() { self.leaf(node, &mut tree)? } else { 0.0 };
            tree.nodes.push(Node {
                parent: parents[number as usize],
                split,
                leaf,
                value: self.values[node],
                weight: self.weights[node],
            });
        }
        Ok(tree)
    }

    /// The children of a node of the document; `None` for a leaf.
    fn children_of(&self, node: usize) -> Result<Option<[usize; 2]>, String> {
        let [left, right] = self.children[node];
        if left == -1 {
            return Ok(None);
        }
        let child = |child: i64| {
            let child = usize::try_from(child).ok().filter(|&child| child > 0 && child < self.children.len());
            child.ok_or_else(|| format!("a child of node {node} is not a node"))
        };
        Ok(Some([child(left)?, child(right)?]))
    }

    /// The nodes that the root leads to, parents before their children.
    fn kept(&self) -> Result<Vec<usize>, String> {
        let mut reached = vec![false; self.children.len()];
        *reached.first_mut().ok_or("it has no nodes")? = true;
        let (mut kept, mut next, mut ordered) = (vec![0], 0, true);
        while let Some(&node) = kept.get(next) {
            for child in self.children_of(node)?.into_iter().flatten() {
                if std::mem::replace(&mut reached[child], true) {
                    return Err(format!("two nodes lead to node {child}"));
                }
                ordered &= child > node;
                kept.push(child);
            }
            next += 1;
        }
        if ordered {
            kept.sort_unstable();
        }
        Ok(kept)
    }

    fn split(
        &self,
        node: usize,
        children: [u32; 2],
        columns: usize,
        tree: &mut Tree,
    ) -> Result<Split, String> {
        let column = u32::try_from(self.columns[node]).ok().filter(|&column| (column as usize) < columns);
        let column = column.ok_or_else(|| {
            format!("node {node} asks for column {}, and the model has {columns}", self.columns[node])
        })?;
        let condition = match self.sets[node] {
            None => Condition::Below(self.conditions[node]),
            Some([start, end]) => {
                let first = tree.categories.len();
                for &category in &self.categories[start..end] {
                    if !(0..i64::from(CATEGORIES)).contains(&category) {
                        return Err(format!("{category} is not a category"));
                    }
                    tree.categories.push(category as u32);
                }
                tree.categories[first..].sort_unstable();
                Condition::NotIn(first as u32..tree.categories.len() as u32)
            }
        };
        let default_left = self.default_left[node] != 0;
        Ok(Split { column, condition, default_left, children, gain: self.gains[node] })
    }

    /// The value of a leaf; a vector of values is added to the tree's.
    fn leaf(&self, node: usize, tree: &mut Tree) -> Result<f32, String> {
        let (values, width, place) = match &self.leaves {
            Leaves::Single => return Ok(self.conditions[node]),
            Leaves::OfNodes(values, width) => (values, *width, Some(node)),
            Leaves::Placed(values, width) => (values, *width, usize::try_from(self.children[node][1]).ok()),
        };
        let vector = place
            .and_then(|place| place.checked_mul(width))
            .and_then(|start| values.get(start..)?.get(..width))
            .ok_or_else(|| format!("leaf {node} has no values"))?;
        tree.leaf_vectors.extend_from_slice(vector);
        Ok(0.0)
    }
}

/// Where the categories of each node stand, and the categories.
type Sets = (Vec<Option<[usize; 2]>>, Vec<i64>);

fn sets(tree: &Value, nodes: usize) -> Result<Sets, String> {
    let mut sets = vec![None; nodes];
    let Some(kinds) = list(&tree["split_type"], integer) else {
        return if tree["split_type"].is_null() {
            Ok((sets, vec![]))
        } else {
            Err("`split_type` is not a list".to_owned())
        };
    };
    if kinds.len() != nodes {
        return Err(format!("`split_type` has {} elements, and there are {nodes} nodes", kinds.len()));
    }
    if kinds.iter().all(|&kind| kind == 0) {
        return Ok((sets, vec![]));
    }
    let places = |name: &'static str| {
        list(&tree[name], |value| usize::try_from(integer(value)?).ok())
            .ok_or_else(|| format!("`{name}` is not a list of places"))
    };
    let categories = list(&tree["categories"], integer).ok_or("`categories` is not a list of integers")?;
    let (of_nodes, segments, sizes) =
        (places("categories_nodes")?, places("categories_segments")?, places("categories_sizes")?);
    if segments.len() != of_nodes.len() || sizes.len() != of_nodes.len() {
        return Err("the lists of categories have different lengths".to_owned());
    }
    // Segments that overlap would be longer together than the file.
    let total = sizes.iter().try_fold(0_usize, |total, &size| total.checked_add(size));
    if total.is_none_or(|total| total > categories.len()) {
        return Err("`categories_sizes` adds up to more than there are categories".to_owned());
    }
    for ((&node, &start), &size) in of_nodes.iter().zip(&segments).zip(&sizes) {
        let end = start.checked_add(size).filter(|&end| end <= categories.len());
        let (Some(set), Some(end)) = (sets.get_mut(node), end) else {
            return Err(format!("the categories of node {node} are not there"));
        };
        *set = Some([start, end]);
    }
    for (node, (kind, set)) in kinds.iter().zip(&sets).enumerate() {
        if (*kind != 0) != set.is_some() {
            return Err(format!("node {node} is categorical in one list and not in the other"));
        }
    }
    Ok((sets, categories))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(left: &[i64], right: &[i64]) -> Value {
        let numbers: Vec<usize> = (0..left.len()).collect();
        json!({
            "tree_param": { "num_nodes": left.len().to_string(), "size_leaf_vector": "0" },
            "left_children": left, "right_children": right, "split_indices": vec![0; left.len()], "split_conditions": numbers,
            "default_left": vec![true; left.len()], "loss_changes": numbers, "sum_hessian": numbers, "base_weights": numbers,
        })
    }

    /// Children and leaves, or the error.
    fn check(document: &Value, expected: Result<&[(&[u32], f32)], &str>) {
        match (read(document, 7, 1, 2), expected) {
            (Ok(tree), Ok(expected)) => {
                let nodes: Vec<(Vec<u32>, f32)> = tree
                    .nodes
                    .iter()
                    .map(|node| (node.split.iter().flat_map(|split| split.children).collect(), node.leaf))
                    .collect();
                let expected: Vec<(Vec<u32>, f32)> =
                    expected.iter().map(|(children, leaf)| (children.to_vec(), *leaf)).collect();
                assert_eq!(nodes, expected);
                for (number, node) in tree.nodes.iter().enumerate().skip(1) {
                    let split = tree.nodes[node.parent.expect("no root") as usize].split.as_ref();
                    assert!(split.expect("a parent").children.contains(&(number as u32)));
                }
            }
            (Err(error), Err(expected)) => {
                let error = error.to_string();
                assert!(error.starts_with("tree 7 is not valid: ") && error.contains(expected), "{error}");
            }
            (tree, _) => panic!("{tree:?}"),
        }
    }

    #[test]
    fn nodes_that_nothing_leads_to_are_left_out() {
        check(&document(&[1, -1, -1], &[2, -1, -1]), Ok(&[(&[1, 2], 0.0), (&[], 1.0), (&[], 2.0)]));
        check(
            &document(&[1, -1, 5, -1, -1, -1, -1], &[2, -1, 6, -1, -1, -1, -1]),
            Ok(&[(&[1, 2], 0.0), (&[], 1.0), (&[3, 4], 0.0), (&[], 5.0), (&[], 6.0)]),
        );
        // Node 1 is below node 3.
        check(
            &document(&[3, -1, -1, 1, -1], &[4, -1, -1, 2, -1]),
            Ok(&[(&[1, 2], 0.0), (&[3, 4], 0.0), (&[], 4.0), (&[], 1.0), (&[], 2.0)]),
        );
    }

    #[test]
    fn what_is_no_tree_is_an_error() {
        check(&document(&[], &[]), Err("no nodes"));
        check(&document(&[1, 0], &[1, 0]), Err("two nodes lead to node 1"));
        check(&document(&[1, 0, -1], &[2, 0, -1]), Err("a child of node 1 is not a node"));
        check(&document(&[9], &[9]), Err("a child of node 0 is not a node"));
        check(&document(&[-2], &[0]), Err("a child of node 0 is not a node"));
        check(&document(&[-1], &[-1, -1]), Err("`right_children` has 2 elements"));
        check(&json!(1), Err("`left_children` is not a list of integers"));
        let with = |name: &str, value: Value| {
            let mut document = document(&[1, -1, -1], &[2, -1, -1]);
            document[name] = value;
            document
        };
        check(&with("split_indices", json!([1, 0, 0])), Err("column 1, and the model has 1"));
        check(&with("tree_param", json!({ "num_nodes": "4" })), Err("`num_nodes` is 4"));
        check(&with("tree_param", json!({ "size_leaf_vector": "3" })), Err("`size_leaf_vector` is 3"));
        check(&with("tree_param", json!({ "size_leaf_vector": "2" })), Err("nodes times outputs"));
        check(&with("split_type", json!([1, 0, 0])), Err("`categories`"));
    }

    #[test]
    fn categories_are_those_of_their_nodes() {
        let mut document = document(&[1, -1, -1], &[2, -1, -1]);
        document["split_type"] = json!([1, 0, 0]);
        document["categories"] = json!([5, 3]);
        document["categories_nodes"] = json!([0]);
        document["categories_segments"] = json!([0]);
        document["categories_sizes"] = json!([2]);
        let tree = read(&document, 0, 1, 1).expect("a tree");
        assert_eq!(tree.categories, [3, 5]);
        assert_eq!([3.0, 4.0, -1.0].map(|value| tree.leaf(|_| Some(value))), [2, 1, 1]);
        for (name, value, problem) in [
            ("categories", json!([5, -1]), "-1 is not a category"),
            ("categories_sizes", json!([3]), "adds up to more"),
            ("categories_segments", json!([1]), "are not there"),
            ("categories_nodes", json!([1]), "categorical in one list"),
        ] {
            let mut document = document.clone();
            document[name] = value;
            check(&document, Err(problem));
        }
    }

    #[test]
    fn both_layouts_of_vectors_are_read() {
        let mut document = document(&[1, -1, -1], &[2, -1, -1]);
        document["tree_param"]["size_leaf_vector"] = json!("2");
        document["base_weights"] = json!([0, 0, 1, 2, 3, 4]);
        assert_eq!(read(&document, 0, 1, 2).expect("a tree").leaf_vectors, [1.0, 2.0, 3.0, 4.0]);
        document["right_children"] = json!([2, 1, 0]);
        document["leaf_weights"] = json!([3, 4, 1, 2]);
        assert_eq!(read(&document, 0, 1, 2).expect("a tree").leaf_vectors, [1.0, 2.0, 3.0, 4.0]);
        document["right_children"] = json!([2, 1, 2]);
        check(&document, Err("leaf 2 has no values"));
    }
}
