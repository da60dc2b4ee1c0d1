//! A trained model.

use serde_json::{Map, Value};

use crate::objective::Link;
use crate::tree::Tree;

/// Trees, what they start from, and what their sum means.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    /// The number of columns that it was trained on.
    pub columns: usize,
    /// How many margins a row has.
    pub outputs: usize,
    /// XGBoost's name of the objective, such as `reg:squarederror`, whether it is known here or not.
    pub objective: String,
    /// The parameters of the objective as they stand in a model file: `{"reg_loss_param": {"scale_pos_weight": "1"}}`.
    pub objective_parameters: Map<String, Value>,
    /// The intercept of each output, in the unit of predictions, as in a model file.
    pub base_scores: Vec<f32>,
    /// The trees, round after round, and within a round output after output.
    pub trees: Vec<Tree>,
    /// The output that each tree adds to; 0 where leaves have a value for each output.
    pub tree_outputs: Vec<u32>,
    /// What each tree's leaves are multiplied by (DART); absent where that is 1 for all.
    pub tree_weights: Option<Vec<f32>>,
    /// Where the trees of each round start, and where the last one's end: rounds + 1 numbers.
    pub round_offsets: Vec<usize>,
    /// The rest of the file: names, types, attributes.
    pub labels: ModelLabels,
}

/// The contents of a model file besides the trees, in XGBoost's terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelLabels {
    /// Attributes, such as `best_iteration`.
    pub attributes: Map<String, Value>,
    /// The name of each column; empty if they have none.
    pub names: Vec<String>,
    /// XGBoost's type of each column (`float`, `int`, `i`, `c`, …); empty if not known.
    pub types: Vec<String>,
    /// The categories behind the numbers, as in a file (`cats`); empty if not known.
    pub encodings: Map<String, Value>,
}

impl Model {
    /// The number of rounds.
    pub fn rounds(&self) -> usize {
        self.round_offsets.len().saturating_sub(1)
    }

    /// The margins before the first tree; the intercepts themselves where the objective is not known here.
    pub fn base_margins(&self) -> Vec<f32> {
        match Link::of(&self.objective) {
            Some(link) => self.base_scores.iter().map(|&score| link.margin(score)).collect(),
            None => self.base_scores.clone(),
        }
    }

    /// What each margin by itself predicts; `None` where the objective is not known here.
    pub fn linked(&self, mut margins: Vec<f32>) -> Option<Vec<f32>> {
        let link = Link::of(&self.objective)?;
        margins.iter_mut().for_each(|margin| *margin = link.prediction(*margin));
        Some(margins)
    }

    /// The model of the first rounds; all of it if it has no more.
    pub fn up_to(&self, rounds: usize) -> Self {
        let rounds = rounds.min(self.rounds());
        let trees = self.round_offsets.get(rounds).copied().unwrap_or(0);
        Self {
            columns: self.columns,
            outputs: self.outputs,
            objective: self.objective.clone(),
            objective_parameters: self.objective_parameters.clone(),
            base_scores: self.base_scores.clone(),
            trees: self.trees[..trees].to_vec(),
            tree_outputs: self.tree_outputs[..trees].to_vec(),
            tree_weights: self.tree_weights.as_ref().map(|weights| weights[..trees].to_vec()),
            round_offsets: self.round_offsets.iter().copied().take(rounds + 1).collect(),
            labels: self.labels.clone(),
        }
    }

    /// Adds a round: trees, and the output that each adds to. Where trees have weights (DART), theirs is 1.
    pub fn append(&mut self, round: impl IntoIterator<Item = (u32, Tree)>) {
        for (output, tree) in round {
            self.trees.push(tree);
            self.tree_outputs.push(output);
            if let Some(weights) = &mut self.tree_weights {
                weights.push(1.0);
            }
        }
        if self.round_offsets.is_empty() {
            self.round_offsets.push(0);
        }
        self.round_offsets.push(self.trees.len());
    }

    /// What a tree's leaves are multiplied by.
    pub fn tree_weight(&self, tree: usize) -> f32 {
        self.tree_weights.as_ref().map_or(1.0, |weights| weights[tree])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_added_and_left_out() {
        let tree = |value: f32| {
            let mut tree = Tree::default();
            tree.add_leaf(None, value, 1.0, 1.0);
            tree
        };
        let mut model = Model { outputs: 2, tree_weights: Some(vec![]), ..Model::default() };
        assert_eq!((model.rounds(), model.up_to(3)), (0, model.clone()));
        model.append([(0, tree(1.0)), (1, tree(2.0))]);
        let first = model.clone();
        model.append([(0, tree(3.0)), (1, tree(4.0))]);
        assert_eq!((model.rounds(), &model.round_offsets[..]), (2, &[0, 2, 4][..]));
        assert_eq!((model.tree_weight(3), &model.tree_outputs[..]), (1.0, &[0, 1, 0, 1][..]));
        assert_eq!(model.up_to(1), first);
        assert_eq!(model.up_to(9), model);
        assert_eq!(model.up_to(0).trees, []);
    }
}
