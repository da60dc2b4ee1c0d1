//! Adding grown trees to a model's XGBoost document.

use serde_json::{Value, json};

use crate::boost::columns::GrownTree;

/// XGBoost's number for "no node", and for the parent of a root.
const NO_CHILD: i64 = -1;
const NO_PARENT: i64 = i32::MAX as i64;

/// Appends the trees of some rounds to `document`, each a list of one tree per output.
pub(super) fn append_rounds(document: &mut Value, rounds: &[Vec<GrownTree>]) {
    let columns = document["learner"]["learner_model_param"]["num_feature"].clone();
    let model = &mut document["learner"]["gradient_booster"]["model"];
    let mut trees = taken(&mut model["trees"]);
    let mut outputs = taken(&mut model["tree_info"]);
    let mut round_ends = taken(&mut model["iteration_indptr"]);
    for round in rounds {
        for (output, tree) in round.iter().enumerate() {
            outputs.push(json!(output));
            trees.push(tree_document(tree, trees.len(), &columns));
        }
        round_ends.push(json!(trees.len()));
    }
    model["gbtree_model_param"]["num_trees"] = json!(trees.len().to_string());
    model["trees"] = Value::Array(trees);
    model["tree_info"] = Value::Array(outputs);
    model["iteration_indptr"] = Value::Array(round_ends);
}

fn taken(list: &mut Value) -> Vec<Value> {
    list.as_array_mut().map(std::mem::take).unwrap_or_default()
}

fn tree_document(tree: &GrownTree, id: usize, columns: &Value) -> Value {
    let child = |side: u32| {
        let child = move |left: &Option<u32>| left.map_or(NO_CHILD, |left| i64::from(left + side));
        tree.left_children.iter().map(child).collect::<Vec<_>>()
    };
    let parent = |parent: &Option<u32>| parent.map_or(NO_PARENT, i64::from);
    let numeric: Vec<u8> = vec![0; tree.nodes()];
    json!({
        "base_weights": tree.values,
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": tree.default_left.iter().map(|&left| u8::from(left)).collect::<Vec<_>>(),
        "id": id,
        "left_children": child(0),
        "loss_changes": tree.gains,
        "parents": tree.parents.iter().map(parent).collect::<Vec<_>>(),
        "right_children": child(1),
        "split_conditions": tree.conditions,
        "split_indices": tree.columns,
        "split_type": numeric,
        "sum_hessian": tree.weights,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": columns,
            "num_nodes": tree.nodes().to_string(),
            "size_leaf_vector": "1",
        },
    })
}
