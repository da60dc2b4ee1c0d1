//! Models with deleted nodes.
//!
//! XGBoost's `exact` grows a tree and then takes back the splits that gain less than `gamma`. The nodes below stay in
//! its file as gaps, which the library refuses. They are left out before it reads the file, and the others numbered
//! anew.

use serde_json::{Value, json};

/// The lists of a tree that have an element per node.
const PER_NODE: [&str; 10] = [
    "base_weights",
    "default_left",
    "left_children",
    "loss_changes",
    "parents",
    "right_children",
    "split_conditions",
    "split_indices",
    "split_type",
    "sum_hessian",
];

/// The model file `bytes` without deleted nodes, or `None` if it has none or is no model.
pub(super) fn without_deleted_nodes(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut document: Value = serde_json::from_slice(bytes).ok()?;
    let trees = document.pointer_mut("/learner/gradient_booster/model/trees")?.as_array_mut()?;
    let mut changed = false;
    for tree in trees {
        if tree["tree_param"]["num_deleted"] != "0" {
            renumber(tree)?;
            changed = true;
        }
    }
    if changed { serde_json::to_vec(&document).ok() } else { None }
}

fn renumber(tree: &mut Value) -> Option<()> {
    let nodes = tree["left_children"].as_array()?.len();
    let (mut kept, mut numbers) = (vec![0], vec![None; nodes]);
    *numbers.first_mut()? = Some(0);
    let mut next = 0;
    while let Some(&node) = kept.get(next) {
        for side in ["left_children", "right_children"] {
            if let Ok(child) = usize::try_from(tree[side].get(node)?.as_i64()?) {
                let number = numbers.get_mut(child)?;
                if number.replace(kept.len()).is_some() {
                    return None;
                }
                kept.push(child);
            }
        }
        next += 1;
    }
    for list in PER_NODE {
        let old = tree[list].as_array()?;
        let new = kept.iter().map(|&node| old.get(node).cloned()).collect::<Option<Vec<Value>>>()?;
        tree[list] = Value::Array(new);
    }
    for list in ["left_children", "right_children", "parents"] {
        for node in tree[list].as_array_mut()? {
            let number = usize::try_from(node.as_i64()?).ok().and_then(|node| *numbers.get(node)?);
            *node = number.map_or_else(|| node.clone(), |number| json!(number));
        }
    }
    tree["tree_param"]["num_deleted"] = json!("0");
    tree["tree_param"]["num_nodes"] = json!(kept.len().to_string());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: &[i64], right: &[i64], deleted: &str, expected: Option<(&[i64], &[i64])>) {
        let mut tree =
            json!({ "tree_param": { "num_deleted": deleted, "num_nodes": left.len().to_string() } });
        PER_NODE.iter().for_each(|list| tree[*list] = json!((0..left.len()).collect::<Vec<_>>()));
        (tree["left_children"], tree["right_children"]) = (json!(left), json!(right));
        let document = json!({ "learner": { "gradient_booster": { "model": { "trees": [tree] } } } });
        let found = without_deleted_nodes(document.to_string().as_bytes());
        let found = found.map(|bytes| serde_json::from_slice::<Value>(&bytes).expect("JSON"));
        let tree = found.map(|document| document["learner"]["gradient_booster"]["model"]["trees"][0].clone());
        let children = tree.map(|tree| (tree["left_children"].clone(), tree["right_children"].clone()));
        assert_eq!(children, expected.map(|(left, right)| (json!(left), json!(right))));
    }

    #[test]
    fn deleted_nodes_are_left_out() {
        check(&[1, -1, -1], &[2, -1, -1], "0", None);
        check(
            &[1, -1, 5, -1, -1, -1, -1],
            &[2, -1, 6, -1, -1, -1, -1],
            "2",
            Some((&[1, -1, 3, -1, -1], &[2, -1, 4, -1, -1])),
        );
        check(&[1, 0], &[1, 0], "1", None);
        check(&[9], &[9], "1", None);
    }
}
