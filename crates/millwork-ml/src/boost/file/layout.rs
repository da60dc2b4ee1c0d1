//! The layouts of model files.
//!
//! | | versions | the newest (3.4) |
//! |---|---|---|
//! | the intercept | before 3.1 a number for all outputs, `5E-1` | a list, `[5E-1]`; a number is read as well |
//! | DART | before 3.4 a booster `dart` around `gbtree`, with the trees' weights beside it | `gbtree`, with the weights beside its trees |
//! | the side of missing values | before 1.4 truth values | 0 and 1 |
//! | nodes that `exact` took back | all: gaps | no gaps, for who reads this |

use serde_json::{Value, json};

use super::document::FileError;

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

/// Brings a document of any version into the newest layout.
pub(super) fn to_newest(document: &mut Value) -> Result<(), FileError> {
    if let Some(intercept) = intercept(document)
        && let Some(text) = intercept.as_str()
        && !text.trim_start().starts_with('[')
    {
        *intercept = format!("[{text}]").into();
    }
    if let Some(booster) =
        document.pointer_mut("/learner/gradient_booster").filter(|booster| booster["name"] == "dart")
    {
        let weights = booster["weight_drop"].take();
        let mut trees = booster["gbtree"].take();
        if let Some(model) = trees.get_mut("model").filter(|model| model.is_object()) {
            model["weight_drop"] = weights;
        }
        *booster = trees;
    }
    let trees = document.pointer_mut("/learner/gradient_booster/model/trees").and_then(Value::as_array_mut);
    for (number, tree) in trees.into_iter().flatten().enumerate() {
        for side in tree.get_mut("default_left").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(left) = side.as_bool() {
                *side = u8::from(left).into();
            }
        }
        let deleted = tree.pointer("/tree_param/num_deleted");
        if deleted.is_some_and(|deleted| deleted != "0") {
            without_gaps(tree).ok_or(FileError::Tree { tree: number })?;
        }
    }
    Ok(())
}

/// Brings a document of the newest layout into the one that most versions read. Outputs with intercepts of their own have none
/// but the newest.
pub(super) fn to_common(document: &mut Value) {
    if let Some(intercept) = intercept(document)
        && let Some(number) = intercept.as_str().and_then(one_number)
    {
        *intercept = number.to_owned().into();
    }
    if let Some(booster) = document.pointer_mut("/learner/gradient_booster")
        && let Some(weights) =
            booster.get_mut("model").and_then(|model| model.as_object_mut()?.remove("weight_drop"))
    {
        *booster = json!({ "name": "dart", "gbtree": booster.take(), "weight_drop": weights });
    }
}

fn intercept(document: &mut Value) -> Option<&mut Value> {
    document.pointer_mut("/learner/learner_model_param/base_score")
}

/// The number that a list consists of, once or more often.
fn one_number(list: &str) -> Option<&str> {
    let mut numbers = list.trim().strip_prefix('[')?.strip_suffix(']')?.split(',').map(str::trim);
    let first = numbers.next()?;
    numbers.all(|number| number == first).then_some(first)
}

/// Leaves out the nodes that nothing leads to, and numbers the others anew; nothing if the tree is none.
fn without_gaps(tree: &mut Value) -> Option<()> {
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

    fn tree(left: &[i64], right: &[i64], deleted: &str) -> Value {
        let mut tree =
            json!({ "tree_param": { "num_deleted": deleted, "num_nodes": left.len().to_string() } });
        PER_NODE.iter().for_each(|list| tree[*list] = json!((0..left.len()).collect::<Vec<_>>()));
        (tree["left_children"], tree["right_children"]) = (json!(left), json!(right));
        tree
    }

    /// Left and right children, or nothing if the tree is none.
    fn check(left: &[i64], right: &[i64], deleted: &str, expected: Option<(&[i64], &[i64])>) {
        let trees = [tree(left, right, deleted)];
        let mut document = json!({ "learner": { "gradient_booster": { "model": { "trees": trees } } } });
        let read = to_newest(&mut document).map(|()| {
            let tree = &document["learner"]["gradient_booster"]["model"]["trees"][0];
            (tree["left_children"].clone(), tree["right_children"].clone())
        });
        assert_eq!(read.ok(), expected.map(|(left, right)| (json!(left), json!(right))));
    }

    #[test]
    fn nodes_that_were_taken_back_are_left_out() {
        check(&[1, -1, -1], &[2, -1, -1], "0", Some((&[1, -1, -1], &[2, -1, -1])));
        let gaps: (&[i64], &[i64]) = (&[1, -1, 3, -1, -1], &[2, -1, 4, -1, -1]);
        check(&[1, -1, 5, -1, -1, -1, -1], &[2, -1, 6, -1, -1, -1, -1], "2", Some(gaps));
        check(&[1, 0], &[1, 0], "1", None);
        check(&[9], &[9], "1", None);
    }

    #[test]
    fn old_layouts_become_the_newest_and_back() {
        let plain = |base_score: &str, booster: Value| json!({ "learner": { "learner_model_param": { "base_score": base_score }, "gradient_booster": booster } });
        let gbtree = |model: Value| json!({ "name": "gbtree", "model": model });
        let dart = json!({ "name": "dart", "gbtree": gbtree(json!({ "trees": [] })), "weight_drop": [0.5] });
        let weighted = gbtree(json!({ "trees": [], "weight_drop": [0.5] }));
        for (old, new) in [
            (plain("5E-1", gbtree(json!({ "trees": [] }))), plain("[5E-1]", gbtree(json!({ "trees": [] })))),
            (plain("1", dart), plain("[1]", weighted)),
        ] {
            let mut document = old.clone();
            to_newest(&mut document).expect("a document");
            assert_eq!(document, new);
            to_common(&mut document);
            assert_eq!(document, old);
        }
        for (list, expected) in [("[1,1,1]", "1"), ("[1,2]", "[1,2]"), ("[]", "")] {
            let mut document = plain(list, gbtree(json!({})));
            to_common(&mut document);
            assert_eq!(document, plain(expected, gbtree(json!({}))), "{list}");
        }
    }

    #[test]
    fn whatever_stands_in_a_document_is_no_panic() {
        for learner in
            [json!(null), json!([]), json!({ "gradient_booster": { "name": "dart", "gbtree": 1 } })]
        {
            let mut document = json!({ "learner": learner });
            let _ = to_newest(&mut document);
            to_common(&mut document);
        }
    }
}
