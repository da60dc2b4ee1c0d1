//! Intercepts that differ between outputs, so that every version reads them.
//!
//! Before 3.1 XGBoost has one intercept for all outputs, and takes 0.5 without a word where a file has a list. A model with several is
//! therefore written with the intercept whose margin is 0, and with a round in front whose trees are one leaf each: what its outputs
//! start from. 0 + margin is the margin, so that the sums have the same bits in every version. The attribute [`ATTRIBUTE`] keeps the
//! intercepts, so that the round is taken away again when the file is read here; XGBoost keeps attributes when it writes a model.

use serde_json::Value;

use super::fields::{numbers_of_text, text_of_numbers};
use super::written::parallel_trees;
use crate::file::FileError;
use crate::model::Model;
use crate::objective::Link;
use crate::tree::{Node, Tree};

/// The attribute that records what the first round represents.
const ATTRIBUTE: &str = "millwork_intercepts";

/// The model with its intercepts as a round; `None` if they are all alike, or if only newer versions know the objective, which read
/// lists.
pub(super) fn as_round(model: &Model) -> Result<Option<Model>, FileError> {
    let Some(link) = Link::of(&model.objective).filter(|_| !alike(&model.base_scores)) else {
        return Ok(None);
    };
    if model.base_scores.len() != model.outputs {
        return Err(FileError::field("base_scores", "is not one for each output"));
    }
    let parallel = parallel_trees(model);
    let trees = round(link, &model.base_scores, parallel, leaves_of(&model.trees));
    let added = trees.len();
    let mut with_round = model.up_to(0);
    with_round.append(trees);
    with_round.trees.extend_from_slice(&model.trees);
    with_round.tree_outputs.extend_from_slice(&model.tree_outputs);
    if let (Some(weights), Some(of_model)) = (&mut with_round.tree_weights, &model.tree_weights) {
        weights.extend_from_slice(of_model);
    }
    with_round.round_offsets.extend(model.round_offsets.iter().skip(1).map(|offset| offset + added));
    with_round.base_scores = vec![link.neutral(); model.outputs];
    shift_best_round(&mut with_round, 1, parallel);
    let intercepts = text_of_numbers(&model.base_scores);
    with_round.labels.attributes.insert(ATTRIBUTE.to_owned(), intercepts.into());
    Ok(Some(with_round))
}

/// Takes the round of [`as_round`] away again. One that has been changed since stays as it is.
pub(super) fn restore(model: &mut Model) {
    let Some(attribute) = model.labels.attributes.remove(ATTRIBUTE) else { return };
    let scores = attribute.as_str().and_then(numbers_of_text).filter(|scores| scores.len() == model.outputs);
    let (Some(scores), Some(link), Some(&added)) =
        (scores, Link::of(&model.objective), model.round_offsets.get(1))
    else {
        return;
    };
    let (trees, outputs) = (&model.trees[..added], &model.tree_outputs[..added]);
    let leaves = leaves_of(trees);
    let (parallel, width) = match leaves {
        Leaves::Single => (added / model.outputs.max(1), 0),
        Leaves::Vectors => (added, model.outputs),
    };
    // What is expected is then no larger than what is there.
    if parallel == 0 || trees.iter().any(|tree| tree.leaf_vectors.len() != width) {
        return;
    }
    let expected = round(link, &scores, parallel, leaves);
    let is_leaf = |(output, expected): &(u32, Tree), (of_model, tree): (&u32, &Tree)| {
        tree.nodes.len() == 1
            && tree.nodes[0].leaf.to_bits() == expected.nodes[0].leaf.to_bits()
            && tree.leaf_vectors == expected.leaf_vectors
            && output == of_model
    };
    let neutral = model.base_scores.iter().all(|score| score.to_bits() == link.neutral().to_bits());
    let same = neutral
        && !alike(&scores)
        && expected.len() == added
        && expected.iter().zip(outputs.iter().zip(trees)).all(|(expected, found)| is_leaf(expected, found));
    if !same {
        return;
    }
    model.base_scores = scores;
    model.trees.drain(..added);
    model.tree_outputs.drain(..added);
    if let Some(weights) = &mut model.tree_weights {
        weights.drain(..added);
    }
    model.round_offsets.remove(0);
    model.round_offsets.iter_mut().for_each(|offset| *offset -= added);
    shift_best_round(model, -1, parallel);
}

/// What the leaves of a model's trees have.
#[derive(Debug, Clone, Copy)]
enum Leaves {
    /// One value.
    Single,
    /// A value for each output.
    Vectors,
}

fn leaves_of(trees: &[Tree]) -> Leaves {
    match trees.iter().any(|tree| !tree.leaf_vectors.is_empty()) {
        true => Leaves::Vectors,
        false => Leaves::Single,
    }
}

fn alike(scores: &[f32]) -> bool {
    scores.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits())
}

/// The trees of a round that stands for intercepts, with their outputs: of the trees that are `parallel`, the first one is the margin.
fn round(link: Link, scores: &[f32], parallel: usize, leaves: Leaves) -> Vec<(u32, Tree)> {
    let margins: Vec<f32> = scores.iter().map(|&score| link.margin(score)).collect();
    match leaves {
        Leaves::Single => {
            let of_output = |(output, margin): (u32, f32)| {
                (0..parallel).map(move |tree| (output, leaf(if tree == 0 { margin } else { 0.0 })))
            };
            (0..).zip(margins).flat_map(of_output).collect()
        }
        Leaves::Vectors => {
            let none = vec![0.0; margins.len()];
            let vector = |tree: usize| if tree == 0 { margins.clone() } else { none.clone() };
            (0..parallel).map(|tree| (0, Tree { leaf_vectors: vector(tree), ..leaf(0.0) })).collect()
        }
    }
}

/// A tree that is one leaf.
fn leaf(value: f32) -> Tree {
    let node = Node { parent: None, split: None, leaf: value, value, weight: 0.0 };
    Tree { nodes: vec![node], ..Tree::default() }
}

/// The attributes that name the best round count from the first one on.
fn shift_best_round(model: &mut Model, rounds: i64, parallel: usize) {
    let trees = rounds.saturating_mul(i64::try_from(parallel).unwrap_or(i64::MAX));
    for (name, shift) in [("best_iteration", rounds), ("best_ntree_limit", trees)] {
        if let Some(number) = model.labels.attributes.get(name).and_then(|value| match value {
            Value::String(text) => text.parse::<i64>().ok(),
            value => value.as_i64(),
        }) {
            let shifted = number.saturating_add(shift).to_string();
            model.labels.attributes.insert(name.to_owned(), shifted.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{FileFormat, read, write};

    fn model(objective: &str, parallel: usize) -> Model {
        let mut model = Model {
            columns: 1,
            outputs: 2,
            objective: objective.to_owned(),
            base_scores: vec![0.25, 0.75],
            ..Model::default()
        };
        for round in 0..3 {
            model.append(
                (0..2 * parallel).map(|tree| ((tree / parallel) as u32, leaf((round + tree) as f32))),
            );
        }
        model.labels.attributes.insert("best_iteration".to_owned(), "2".into());
        model
    }

    fn check(model: &Model, written_rounds: usize, added: &[f32]) {
        let bytes = write(model, FileFormat::Json).expect("a file");
        assert_eq!(read(&bytes, FileFormat::Json).expect("a model"), *model);
        let document: Value = serde_json::from_slice(&bytes).expect("JSON");
        let trees = match &document["learner"]["gradient_booster"] {
            dart if dart["name"] == "dart" => &dart["gbtree"]["model"],
            gbtree => &gbtree["model"],
        };
        assert_eq!(trees["iteration_indptr"].as_array().map(Vec::len), Some(written_rounds + 1));
        for (tree, value) in added.iter().enumerate() {
            let written = trees["trees"][tree]["split_conditions"][0].as_f64();
            assert_eq!(written.map(|written| written as f32), Some(*value));
        }
        let best = &document["learner"]["attributes"]["best_iteration"];
        assert_eq!(best.as_str(), Some((written_rounds - 1).to_string().as_str()));
    }

    #[test]
    fn different_intercepts_are_a_round() {
        check(&model("multi:softprob", 1), 4, &[0.25, 0.75]);
        check(&model("reg:squarederror", 2), 4, &[0.25, 0.0, 0.75, 0.0]);
        check(&model("binary:logistic", 1), 4, &[-(3.0_f32.ln())]);
        let mut dart = model("multi:softprob", 1);
        dart.tree_weights = Some(vec![0.5; 6]);
        check(&dart, 4, &[0.25]);
        let mut alike = model("multi:softprob", 1);
        alike.base_scores = vec![0.5, 0.5];
        check(&alike, 3, &[0.0]);
        check(&model("reg:unheard_of", 1), 3, &[0.0]);
        let mut vectors = model("reg:squarederror", 1);
        (vectors.trees, vectors.tree_outputs, vectors.round_offsets) = (vec![], vec![], vec![]);
        for round in 0..3 {
            vectors.append([(0, Tree { leaf_vectors: vec![round as f32, 1.0], ..leaf(0.0) })]);
        }
        check(&vectors, 4, &[]);
    }

    #[test]
    fn a_round_that_was_changed_stays() {
        let mut changed = as_round(&model("multi:softprob", 1)).expect("a model").expect("a round");
        changed.trees[0].nodes[0].leaf = 7.0;
        let rounds = changed.rounds();
        restore(&mut changed);
        assert_eq!((changed.rounds(), changed.labels.attributes.contains_key(ATTRIBUTE)), (rounds, false));
    }
}
