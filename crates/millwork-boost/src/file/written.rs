//! From a model to a document.

use serde_json::{Map, Value, json};

use super::fields::{from_single, text_of_numbers};
use crate::file::FileError;
use crate::model::Model;
use crate::tree::{Condition, Split, Tree};

/// The number in place of the parent of a root.
const NO_PARENT: i64 = i32::MAX as i64;

/// A model in the layout that the versions have in common.
pub(super) fn document(model: &Model) -> Result<Value, FileError> {
    check(model)?;
    let trees: Vec<Value> = model
        .trees
        .iter()
        .enumerate()
        .map(|(number, tree)| {
            written_tree(tree, number, model.columns, model.outputs)
                .map_err(|problem| FileError::Tree { tree: number, problem })
        })
        .collect::<Result<_, _>>()?;
    let mut booster = json!({
        "gbtree_model_param": {
            "num_parallel_tree": parallel_trees(model).to_string(), "num_trees": trees.len().to_string(), "size_leaf_vector": "0",
        },
        "iteration_indptr": if model.round_offsets.is_empty() { vec![0] } else { model.round_offsets.clone() },
        "tree_info": model.tree_outputs,
        "trees": trees,
    });
    if !model.labels.encodings.is_empty() {
        booster["cats"] = model.labels.encodings.clone().into();
    }
    let mut booster = json!({ "name": "gbtree", "model": booster });
    if let Some(weights) = &model.tree_weights {
        let weights: Vec<Value> = weights.iter().map(|&weight| from_single(weight)).collect();
        booster = json!({ "name": "dart", "gbtree": booster, "weight_drop": weights });
    }
    let classes = model.objective.starts_with("multi:");
    let (classes, targets) = if classes { (model.outputs, 1) } else { (0, model.outputs) };
    let mut objective = model.objective_parameters.clone();
    put_old_parameters(&model.objective, &mut objective);
    objective.insert("name".to_owned(), model.objective.clone().into());
    Ok(json!({
        "learner": {
            "attributes": attributes(&model.labels.attributes),
            "feature_names": model.labels.names,
            "feature_types": model.labels.types,
            "gradient_booster": booster,
            "learner_model_param": {
                "base_score": base_score(&model.base_scores),
                "boost_from_average": "1",
                "num_class": classes.to_string(),
                "num_feature": model.columns.to_string(),
                "num_target": targets.to_string(),
            },
            "objective": objective,
        },
        "version": [3, 0, 0],
    }))
}

fn check(model: &Model) -> Result<(), FileError> {
    let trees = model.trees.len();
    let weights = model.tree_weights.as_ref().map_or(trees, Vec::len);
    let last = model.round_offsets.last().copied().unwrap_or(0);
    for (field, found, expected) in [
        ("tree_outputs", model.tree_outputs.len(), trees),
        ("tree_weights", weights, trees),
        ("round_offsets", last, trees),
        ("base_scores", model.base_scores.len(), model.outputs.max(1)),
    ] {
        if found != expected {
            return Err(FileError::field(field, format!("leads to {found} instead of {expected}")));
        }
    }
    if model.columns > i32::MAX as usize {
        return Err(FileError::field(
            "columns",
            format!("is {}, more than a file has room for", model.columns),
        ));
    }
    Ok(())
}

/// Parameters that some version asks for although newer ones, or older ones, write none.
fn put_old_parameters(objective: &str, parameters: &mut Map<String, Value>) {
    let (name, values) = match objective {
        "reg:gamma" | "reg:squaredlogerror" => ("reg_loss_param", json!({ "scale_pos_weight": "1" })),
        "rank:pairwise" | "rank:ndcg" | "rank:map" => {
            ("lambda_rank_param", json!({ "fix_list_weight": "0", "num_pairsample": "1" }))
        }
        _ => return,
    };
    parameters.entry(name).or_insert(values);
}

/// XGBoost has texts only.
fn attributes(attributes: &Map<String, Value>) -> Map<String, Value> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    attributes.iter().map(|(name, value)| (name.clone(), text(value).into())).collect()
}

/// A threshold that JSON has a number for and that divides all numbers in the same way: what isn't below minus infinity, nor below what
/// is no number, isn't below the smallest number either.
fn finite(threshold: f32) -> f32 {
    if threshold.is_nan() { f32::MIN } else { threshold.clamp(f32::MIN, f32::MAX) }
}

/// A number for all outputs, which every version reads, or a list.
fn base_score(scores: &[f32]) -> String {
    match scores {
        [first, rest @ ..] if rest.iter().all(|score| score.to_bits() == first.to_bits()) => {
            format!("{first:E}")
        }
        scores => text_of_numbers(scores),
    }
}

/// How many trees a round has for each output.
pub(super) fn parallel_trees(model: &Model) -> usize {
    let of_round = model.round_offsets.get(1).copied().unwrap_or(1);
    let vectors = model.trees.first().is_some_and(|tree| !tree.leaf_vectors.is_empty());
    (of_round / if vectors { 1 } else { model.outputs.max(1) }).max(1)
}

fn written_tree(tree: &Tree, number: usize, columns: usize, outputs: usize) -> Result<Value, String> {
    let order = written_order(tree)?;
    let mut numbers = vec![0_usize; tree.nodes.len()];
    for (number, &node) in order.iter().enumerate() {
        numbers[node] = number;
    }
    let ranks = tree.leaf_ranks();
    // The places of leaves in the order of the file.
    let mut places = vec![0_i64; tree.nodes.len()];
    for (place, &leaf) in (0..).zip(order.iter().filter(|&&node| tree.nodes[node].split.is_none())) {
        places[leaf] = place;
    }
    let vectors = !tree.leaf_vectors.is_empty();
    let width = if vectors { outputs } else { 1 };
    if vectors
        && tree.leaf_vectors.len() != width * tree.nodes.iter().filter(|node| node.split.is_none()).count()
    {
        return Err("not every leaf has a value for each output".to_owned());
    }
    let single = |value: &dyn Fn(usize) -> f32| -> Vec<Value> {
        order.iter().map(|&node| from_single(value(node))).collect()
    };
    let split = |node: usize| tree.nodes[node].split.as_ref();
    let integer =
        |value: &dyn Fn(usize) -> i64| -> Vec<i64> { order.iter().map(|&node| value(node)).collect() };
    let child = |node: usize, side: usize| match split(node) {
        Some(split) => numbers[split.children[side] as usize] as i64,
        None if vectors && side == 1 => places[node],
        None => -1,
    };
    let is_categorical = |split: &&Split| matches!(split.condition, Condition::NotIn(_));
    let condition = |node: usize| match split(node).map(|split| &split.condition) {
        Some(Condition::Below(threshold)) => finite(*threshold),
        Some(Condition::NotIn(_)) => 0.0,
        None if vectors => 0.0,
        None => tree.nodes[node].leaf,
    };
    let no_parent = if vectors { -1 } else { NO_PARENT };
    let mut document = json!({
        "id": number,
        "default_left": integer(&|node| i64::from(split(node).is_some_and(|split| split.default_left))),
        "left_children": integer(&|node| child(node, 0)),
        "right_children": integer(&|node| child(node, 1)),
        "parents": integer(&|node| tree.nodes[node].parent.map_or(no_parent, |parent| numbers[parent as usize] as i64)),
        "split_indices": integer(&|node| split(node).map_or(0, |split| i64::from(split.column))),
        "split_type": integer(&|node| i64::from(split(node).as_ref().is_some_and(is_categorical))),
        "split_conditions": single(&condition),
        "loss_changes": single(&|node| split(node).map_or(0.0, |split| split.gain)),
        "sum_hessian": single(&|node| tree.nodes[node].weight),
        "tree_param": {
            "num_deleted": "0", "num_feature": columns.to_string(), "num_nodes": order.len().to_string(),
            "size_leaf_vector": width.to_string(),
        },
    });
    if vectors {
        let vector = |node: usize| {
            tree.leaf_vectors[ranks[node] as usize * width..][..width].iter().map(|&value| from_single(value))
        };
        // Versions before 3.1 have the values of leaves here; what stands for the other nodes isn't asked for.
        let of_nodes: Vec<Value> = order
            .iter()
            .flat_map(
                |&node| if split(node).is_some() { vec![json!(0.0); width] } else { vector(node).collect() },
            )
            .collect();
        document["base_weights"] = of_nodes.into();
        let leaves = order.iter().filter(|&&node| split(node).is_none());
        document["leaf_weights"] = leaves.flat_map(|&node| vector(node)).collect();
    } else {
        document["base_weights"] = single(&|node| tree.nodes[node].value).into();
    }
    put_categories(tree, &order, &mut document)?;
    Ok(document)
}

fn put_categories(tree: &Tree, order: &[usize], document: &mut Value) -> Result<(), String> {
    let (mut nodes, mut segments, mut sizes, mut categories) = (vec![], vec![], vec![], vec![]);
    for (number, &node) in order.iter().enumerate() {
        let Some(Condition::NotIn(range)) = tree.nodes[node].split.as_ref().map(|split| &split.condition)
        else {
            continue;
        };
        let set = tree.categories.get(range.start as usize..range.end as usize).filter(|set| !set.is_empty());
        let set = set.ok_or_else(|| format!("node {node} has no categories"))?;
        nodes.push(number);
        segments.push(categories.len());
        sizes.push(set.len());
        categories.extend_from_slice(set);
    }
    document["categories"] = categories.into();
    document["categories_nodes"] = nodes.into();
    document["categories_segments"] = segments.into();
    document["categories_sizes"] = sizes.into();
    Ok(())
}

/// The nodes in the order of the file. XGBoost goes to the node after the left child for the right one; where children don't follow
/// each other, nodes are written level by level.
fn written_order(tree: &Tree) -> Result<Vec<usize>, String> {
    let (mut order, mut next, mut adjacent) = (vec![0], 0, true);
    while let Some(&node) = order.get(next) {
        let found = tree.nodes.get(node).ok_or_else(|| format!("node {node} is not there"))?;
        if let Some(split) = &found.split {
            let children = split.children.map(|child| child as usize);
            adjacent &= children[1] == children[0] + 1;
            order.extend(children);
        }
        next += 1;
        if order.len() > tree.nodes.len() {
            return Err("the nodes form a cycle".to_owned());
        }
    }
    if order.len() < tree.nodes.len() {
        return Err("some nodes are unreachable from the root".to_owned());
    }
    if adjacent {
        order.sort_unstable();
        if order.iter().enumerate().any(|(number, &node)| number != node) {
            return Err("two nodes lead to the same one".to_owned());
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{FileFormat, read, write};
    use crate::tree::Node;

    fn node(parent: Option<u32>, split: Option<(Condition, [u32; 2])>, leaf: f32) -> Node {
        let split = split.map(|(condition, children)| Split {
            column: 1,
            condition,
            default_left: true,
            children,
            gain: 1.5,
        });
        Node { parent, split, leaf, value: 0.1, weight: 3.0 }
    }

    fn model() -> Model {
        let numeric = Tree {
            nodes: vec![
                node(None, Some((Condition::Below(0.1), [1, 2])), 0.0),
                node(Some(0), None, f32::INFINITY),
                node(Some(0), None, -1e-45),
            ],
            ..Tree::default()
        };
        let categorical = Tree {
            nodes: vec![
                node(None, Some((Condition::NotIn(0..2), [1, 2])), 0.0),
                node(Some(0), Some((Condition::Below(f32::MAX), [3, 4])), 0.0),
                node(Some(0), None, 2.0),
                node(Some(1), None, 3.0),
                node(Some(1), None, 4.0),
            ],
            categories: vec![1, 700],
            ..Tree::default()
        };
        let mut model = Model {
            columns: 2,
            outputs: 1,
            objective: "reg:new".to_owned(),
            base_scores: vec![0.3],
            ..Model::default()
        };
        model.append([(0, numeric.clone()), (0, categorical)]);
        model.append([(0, numeric.clone()), (0, numeric)]);
        model.labels.names = vec!["a\"b".to_owned(), "ü".to_owned()];
        model.labels.types = vec!["float".to_owned(), "c".to_owned()];
        model.labels.attributes.insert("best_iteration".to_owned(), "1".into());
        model
    }

    fn check(model: &Model) {
        for format in [FileFormat::Json, FileFormat::Ubjson] {
            let bytes = write(model, format).expect("a file");
            assert_eq!(read(&bytes, format).expect("a model"), *model, "{format:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        check(&model());
        let mut dart = model();
        dart.tree_weights = Some(vec![0.5, 0.25, 1.0, 0.1]);
        check(&dart);
        let mut vectors = model();
        (vectors.outputs, vectors.base_scores) = (2, vec![0.5, 0.5]);
        for tree in &mut vectors.trees {
            tree.nodes.iter_mut().for_each(|node| (node.leaf, node.value) = (0.0, 0.0));
            let leaves = tree.nodes.iter().filter(|node| node.split.is_none()).count();
            tree.leaf_vectors = (0..leaves * 2).map(|value| value as f32 - 0.7).collect();
        }
        check(&vectors);
        let mut encoded = model();
        encoded.labels.encodings =
            serde_json::from_str(r#"{"enc":[{"offsets":[0,1],"values":[97]},{"type":14,"values":[-3,70000]}],"feature_segments":[0,1,3],"sorted_idx":[0,0,1]}"#).expect("JSON");
        check(&encoded);
        check(&Model { outputs: 1, base_scores: vec![0.5], round_offsets: vec![0], ..Model::default() });
    }

    #[test]
    fn children_that_do_not_follow_each_other_are_written_so() {
        let mut model = model();
        let nodes = &mut model.trees[1].nodes;
        nodes.swap(2, 3);
        nodes[0].split.as_mut().expect("a split").children = [1, 3];
        nodes[1].split.as_mut().expect("a split").children = [2, 4];
        let bytes = write(&model, FileFormat::Json).expect("a file");
        assert_eq!(read(&bytes, FileFormat::Json).expect("a model"), super::tests::model());
    }

    #[test]
    fn what_is_no_model_is_not_written() {
        let refused = |change: fn(&mut Model), expected: &str| {
            let mut model = model();
            change(&mut model);
            let error = write(&model, FileFormat::Json).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        };
        refused(|model| model.tree_outputs.truncate(1), "`tree_outputs` leads to 1 instead of 4");
        refused(|model| model.base_scores.clear(), "`base_scores`");
        refused(|model| model.round_offsets.clear(), "`round_offsets`");
        refused(|model| model.columns = usize::MAX, "`columns`");
        refused(|model| model.trees[1].nodes.clear(), "tree 1 is not valid: node 0 is not there");
        refused(|model| model.trees[1].categories.clear(), "node 0 has no categories");
        refused(|model| model.trees[0].leaf_vectors.push(1.0), "a value for each output");
        refused(
            |model| model.trees[0].nodes[0].split.as_mut().expect("a split").children = [0, 1],
            "form a cycle",
        );
        refused(|model| model.trees[0].nodes[0].split = None, "unreachable");
    }
}
