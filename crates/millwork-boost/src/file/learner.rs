//! From a document to a model.

use serde_json::{Map, Value};

use super::fields::{count, integer, list, numbers_of_text, single};
use super::tree;
use crate::file::FileError;
use crate::model::{Model, ModelLabels};

/// More outputs than that without a tree for each are a damaged file.
const OUTPUTS: usize = 1 << 16;

/// Reads a model of any version.
pub(super) fn read(document: &Value) -> Result<Model, FileError> {
    let learner = &document["learner"];
    if !learner.is_object() {
        return Err(no_learner(document));
    }
    let parameters = &learner["learner_model_param"];
    let (booster, beside) = gbtree(&learner["gradient_booster"])?;
    let trees = booster["trees"].as_array().ok_or_else(|| FileError::field("trees", "is not a list"))?;
    let columns = count(&parameters["num_feature"])
        .filter(|&columns| columns <= u64::from(u32::MAX))
        .ok_or_else(|| FileError::field("num_feature", "is not a number of columns"))?
        as usize;
    let outputs = outputs(parameters, trees.len())?;
    let objective = &learner["objective"];
    let name = objective["name"].as_str().ok_or_else(|| FileError::field("objective", "has no name"))?;
    let mut objective_parameters = objective.as_object().cloned().unwrap_or_default();
    objective_parameters.remove("name");
    let trees: Vec<_> = trees
        .iter()
        .enumerate()
        .map(|(number, tree)| tree::read(tree, number, columns, outputs))
        .collect::<Result<_, _>>()?;
    let vectors = trees.iter().any(|tree| !tree.leaf_vectors.is_empty());
    Ok(Model {
        columns,
        outputs,
        objective: name.to_owned(),
        objective_parameters,
        base_scores: base_scores(&parameters["base_score"], outputs)?,
        tree_outputs: tree_outputs(&booster["tree_info"], trees.len(), outputs)?,
        tree_weights: tree_weights(beside.unwrap_or(&booster["weight_drop"]), trees.len())?,
        round_offsets: round_offsets(booster, trees.len(), if vectors { 1 } else { outputs })?,
        trees,
        labels: labels(learner, &booster["cats"])?,
    })
}

fn no_learner(document: &Value) -> FileError {
    let other = |found| FileError::OtherFormat { found, expected: "a model of XGBoost" };
    match document {
        _ if document.get("tree_info").is_some() => other("a model of LightGBM"),
        _ if document.get("oblivious_trees").is_some() => other("a model of CatBoost"),
        _ if document.get("Model").is_some() => other("a snapshot of XGBoost's memory"),
        _ => FileError::field("learner", "is not there"),
    }
}

/// The model of the trees, and the weights of DART where they stand beside it.
fn gbtree(booster: &Value) -> Result<(&Value, Option<&Value>), FileError> {
    match booster["name"].as_str() {
        Some("gbtree") => Ok((&booster["model"], None)),
        Some("dart") => Ok((&booster["gbtree"]["model"], Some(&booster["weight_drop"]))),
        Some("gblinear") => {
            Err(FileError::Unsupported { what: "the booster `gblinear`, a linear model".to_owned() })
        }
        Some(name) => Err(FileError::Unsupported { what: format!("the booster `{name}`") }),
        None => Err(FileError::field("gradient_booster", "has no name")),
    }
}

fn outputs(parameters: &Value, trees: usize) -> Result<usize, FileError> {
    let number = |name: &'static str| match &parameters[name] {
        Value::Null => Ok(1),
        value => count(value)
            .filter(|&number| number <= OUTPUTS.max(trees) as u64)
            .ok_or_else(|| FileError::field(name, "is not a number of outputs")),
    };
    match (number("num_class")?.max(1), number("num_target")?.max(1)) {
        (classes, 1) => Ok(classes as usize),
        (1, targets) => Ok(targets as usize),
        _ => Err(FileError::Unsupported { what: "several targets with classes".to_owned() }),
    }
}

fn base_scores(value: &Value, outputs: usize) -> Result<Vec<f32>, FileError> {
    let scores = match value {
        Value::String(text) => numbers_of_text(text),
        value => single(value).map(|score| vec![score]),
    };
    match scores.as_deref() {
        Some(&[score]) => Ok(vec![score; outputs]),
        Some(scores) if scores.len() == outputs => Ok(scores.to_vec()),
        Some(scores) => {
            Err(FileError::field("base_score", format!("has {} numbers for {outputs} outputs", scores.len())))
        }
        None => Err(FileError::field("base_score", "is not a number")),
    }
}

fn tree_outputs(value: &Value, trees: usize, outputs: usize) -> Result<Vec<u32>, FileError> {
    let output =
        |value: &Value| u32::try_from(integer(value)?).ok().filter(|&output| (output as usize) < outputs);
    list(value, output)
        .filter(|of_trees| of_trees.len() == trees)
        .ok_or_else(|| FileError::field("tree_info", "is not a list of an output for each tree"))
}

fn tree_weights(value: &Value, trees: usize) -> Result<Option<Vec<f32>>, FileError> {
    if value.is_null() {
        return Ok(None);
    }
    let mut weights = list(value, single)
        .filter(|weights| weights.len() <= trees)
        .ok_or_else(|| FileError::field("weight_drop", "is not a list of a weight for each tree"))?;
    weights.resize(trees, 1.0);
    Ok(Some(weights))
}

/// Where rounds start. If the file doesn't have it, a round has this number of trees, times those that are parallel.
fn round_offsets(booster: &Value, trees: usize, of_round: usize) -> Result<Vec<usize>, FileError> {
    let offset = |value: &Value| usize::try_from(integer(value)?).ok();
    if !booster["iteration_indptr"].is_null() {
        return list(&booster["iteration_indptr"], offset)
            .filter(|offsets| {
                offsets.first() == Some(&0) && offsets.last() == Some(&trees) && offsets.is_sorted()
            })
            .ok_or_else(|| {
                FileError::field("iteration_indptr", "doesn't lead from the first tree to the last")
            });
    }
    let parallel = match &booster["gbtree_model_param"]["num_parallel_tree"] {
        Value::Null => 1,
        value => count(value).and_then(|count| usize::try_from(count).ok()).unwrap_or(0),
    };
    let of_round = parallel.checked_mul(of_round).unwrap_or(0);
    if of_round == 0 || !trees.is_multiple_of(of_round) {
        return Err(FileError::field(
            "num_parallel_tree",
            format!("doesn't divide {trees} trees into rounds"),
        ));
    }
    Ok((0..=trees).step_by(of_round).collect())
}

fn labels(learner: &Value, encodings: &Value) -> Result<ModelLabels, FileError> {
    let texts = |field: &'static str| match &learner[field] {
        Value::Null => Ok(vec![]),
        value => list(value, |text| text.as_str().map(str::to_owned))
            .ok_or_else(|| FileError::field(field, "is not a list of texts")),
    };
    let known = encodings["enc"].as_array().is_some_and(|columns| !columns.is_empty());
    Ok(ModelLabels {
        attributes: learner["attributes"].as_object().cloned().unwrap_or_default(),
        names: texts("feature_names")?,
        types: texts("feature_types")?,
        encodings: if known { encodings.as_object().cloned().unwrap_or_default() } else { Map::new() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Value {
        let tree = json!({
            "left_children": [-1], "right_children": [-1], "split_indices": [0], "split_conditions": [0.5], "default_left": [0],
        });
        json!({ "learner": {
            "attributes": { "best_iteration": "1" },
            "feature_names": ["a"],
            "gradient_booster": { "name": "gbtree", "model": {
                "gbtree_model_param": { "num_parallel_tree": "1" }, "tree_info": [0, 1, 0, 1], "trees": [tree, tree, tree, tree],
            } },
            "learner_model_param": { "base_score": "5E-1", "num_class": "2", "num_feature": "1" },
            "objective": { "name": "multi:softprob", "softmax_multiclass_param": { "num_class": "2" } },
        } })
    }

    #[test]
    fn old_layouts_are_models() {
        let model = read(&document()).expect("a model");
        assert_eq!((model.columns, model.outputs, &model.base_scores[..]), (1, 2, &[0.5, 0.5][..]));
        assert_eq!((&model.round_offsets[..], &model.tree_outputs[..]), (&[0, 2, 4][..], &[0, 1, 0, 1][..]));
        assert_eq!((model.objective.as_str(), model.tree_weights), ("multi:softprob", None));
        assert_eq!(
            model.objective_parameters,
            *json!({ "softmax_multiclass_param": { "num_class": "2" } }).as_object().expect("an object")
        );
        assert_eq!((model.labels.names, model.labels.types.len()), (vec!["a".to_owned()], 0));
    }

    #[test]
    fn both_layouts_of_dart_are_models() {
        let mut new = document();
        new["learner"]["gradient_booster"]["model"]["weight_drop"] = json!([0.5, 1, 1]);
        let mut old = document();
        let gbtree = old["learner"]["gradient_booster"].take();
        old["learner"]["gradient_booster"] =
            json!({ "name": "dart", "gbtree": gbtree, "weight_drop": [0.5, 1, 1] });
        let model = read(&new).expect("a model");
        assert_eq!(model.tree_weights.as_deref(), Some(&[0.5, 1.0, 1.0, 1.0][..]));
        assert_eq!(read(&old).expect("a model"), model);
    }

    fn check(pointer: &str, value: Value, expected: &str) {
        let mut document = document();
        *document.pointer_mut(pointer).expect(pointer) = value;
        let error = read(&document).expect_err(pointer).to_string();
        assert!(error.contains(expected), "{pointer}: {error}");
    }

    #[test]
    fn what_is_no_model_is_an_error() {
        let parameters = "/learner/learner_model_param";
        let booster = "/learner/gradient_booster";
        check("/learner", json!(null), "`learner` is not there");
        check("", json!({ "oblivious_trees": [] }), "it is a model of CatBoost");
        check(&format!("{parameters}/base_score"), json!("[1,2,3]"), "3 numbers for 2 outputs");
        check(&format!("{parameters}/base_score"), json!([]), "`base_score` is not a number");
        check(
            &format!("{parameters}/num_class"),
            json!("999999999"),
            "`num_class` is not a number of outputs",
        );
        check(&format!("{parameters}/num_feature"), json!("99999999999"), "`num_feature`");
        check(
            parameters,
            json!({ "num_class": "2", "num_target": "2", "num_feature": "1" }),
            "several targets",
        );
        check(
            &format!("{booster}/name"),
            json!("gblinear"),
            "it has the booster `gblinear`, a linear model, which is not",
        );
        check(&format!("{booster}/name"), json!("forest"), "the booster `forest`");
        check(&format!("{booster}/model/tree_info"), json!([0, 1, 0, 2]), "`tree_info`");
        check(
            &format!("{booster}/model/gbtree_model_param"),
            json!({ "num_parallel_tree": "3" }),
            "doesn't divide 4 trees",
        );
        check(
            &format!("{booster}/model/gbtree_model_param"),
            json!({ "num_parallel_tree": "18446744073709551615" }),
            "rounds",
        );
        check(&format!("{booster}/model/trees/2"), json!({}), "tree 2 is not valid");
        check("/learner/objective", json!({}), "`objective` has no name");
        check("/learner/feature_names", json!([1]), "`feature_names` is not a list of texts");
    }
}
