//! The labels that an objective can learn from.

use thiserror::Error;

use super::loss::Loss;
use crate::data::Labels;
use crate::params::Objective;

/// Why an objective can't learn from labels. Rows are counted from 0.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LabelError {
    /// A label is outside the range of the objective.
    #[error("label {value} of row {row} must {range}")]
    Label {
        /// The first such row.
        row: usize,
        /// The label of the row.
        value: f32,
        /// What it must do, such as `lie from 0 to 1`.
        range: String,
    },
    /// A weight is not a number, or negative.
    #[error("weight {value} of row {row} must be finite and 0 or above")]
    Weight {
        /// The first such row.
        row: usize,
        /// The weight of the row.
        value: f32,
    },
    /// All weights are 0.
    #[error("the weights of all rows are 0")]
    NoWeight,
    /// There are more or fewer weights than rows, or groups that don't consist of the rows.
    #[error("the {rows} rows have other {what}")]
    Shape {
        /// What doesn't fit: `weights` or `groups`.
        what: &'static str,
        /// The number of rows.
        rows: usize,
    },
}

/// Which labels are valid, and the message for others.
struct Rule {
    valid: Box<dyn Fn(f32) -> bool>,
    range: String,
}

impl Loss {
    /// Whether the objective can learn from the labels.
    ///
    /// # Errors
    ///
    /// The first row whose label is outside the objective's range, or whose weight is negative; or numbers of rows that don't agree.
    pub fn check(&self, labels: &Labels) -> Result<(), LabelError> {
        check_shape(labels)?;
        let rule = rule(self.objective());
        let outside = |label: &f32| !(label.is_finite() && (rule.valid)(*label));
        if let Some(row) = labels.targets.iter().position(outside) {
            return Err(LabelError::Label { row, value: labels.targets[row], range: rule.range });
        }
        let Some(weights) = &labels.weights else { return Ok(()) };
        let invalid = |weight: &f32| !(weight.is_finite() && *weight >= 0.0);
        if let Some(row) = weights.iter().position(invalid) {
            return Err(LabelError::Weight { row, value: weights[row] });
        }
        if !weights.is_empty() && weights.iter().all(|&weight| weight == 0.0) {
            return Err(LabelError::NoWeight);
        }
        Ok(())
    }
}

fn check_shape(labels: &Labels) -> Result<(), LabelError> {
    let rows = labels.targets.len();
    if labels.weights.as_ref().is_some_and(|weights| weights.len() != rows) {
        return Err(LabelError::Shape { what: "weights", rows });
    }
    let groups_fit = labels.group_offsets.as_ref().is_none_or(|offsets| {
        offsets.first() == Some(&0) && offsets.last() == Some(&rows) && offsets.is_sorted()
    });
    if groups_fit { Ok(()) } else { Err(LabelError::Shape { what: "groups", rows }) }
}

fn rule(objective: &Objective) -> Rule {
    let rule = |range: &str, valid: fn(f32) -> bool| Rule { valid: Box::new(valid), range: range.to_owned() };
    match objective {
        Objective::Logistic
        | Objective::BinaryLogistic
        | Objective::BinaryLogitRaw
        | Objective::BinaryHinge => rule("lie from 0 to 1", |label| (0.0..=1.0).contains(&label)),
        Objective::SquaredLogError => rule("be above -1", |label| label > -1.0),
        Objective::Gamma => rule("be above 0", |label| label > 0.0),
        Objective::Poisson | Objective::Tweedie { .. } => rule("be 0 or above", |label| label >= 0.0),
        Objective::Softmax { num_class } | Objective::Softprob { num_class } => {
            let classes = *num_class;
            let valid = move |label: f32| label >= 0.0 && label < classes as f32 && label.fract() == 0.0;
            let range = format!("be a whole number from 0 to {}", classes.saturating_sub(1));
            Rule { valid: Box::new(valid), range }
        }
        Objective::RankNdcg(_) => rule("be a whole number from 0 to 31", is_grade),
        Objective::RankMap(_) => rule("be 0 or 1", is_binary),
        Objective::SquaredError
        | Objective::PseudoHuber { .. }
        | Objective::AbsoluteError
        | Objective::Quantile { .. }
        | Objective::RankPairwise(_)
        | Objective::Cox => rule("be finite", |_| true),
    }
}

/// Whether a label is a grade of relevance for the discounted cumulative gain.
pub(crate) fn is_grade(label: f32) -> bool {
    (0.0..=31.0).contains(&label) && label.fract() == 0.0
}

/// Whether a label is 0 or 1: relevant or not.
pub(crate) fn is_binary(label: f32) -> bool {
    label == 0.0 || label == 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{BoosterParams, Ranking};

    fn check(objective: Objective, targets: &[f32], expected: &str) {
        let loss = Loss::new(&BoosterParams { objective, ..BoosterParams::default() });
        let labels = Labels { targets: targets.to_vec(), ..Labels::default() };
        let found = loss.check(&labels).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(found, expected, "{} {targets:?}", loss.name());
    }

    #[test]
    fn labels_outside_the_range_are_errors() {
        check(Objective::BinaryLogistic, &[0.0, 0.3, 2.0], "label 2 of row 2 must lie from 0 to 1");
        check(Objective::BinaryHinge, &[-1.0], "label -1 of row 0 must lie from 0 to 1");
        check(Objective::SquaredLogError, &[-0.5, -1.0], "label -1 of row 1 must be above -1");
        check(Objective::Gamma, &[0.0], "label 0 of row 0 must be above 0");
        check(Objective::Poisson, &[0.0, 1.5], "");
        check(Objective::Poisson, &[-1.0], "label -1 of row 0 must be 0 or above");
        let classes = "label 1.5 of row 1 must be a whole number from 0 to 2";
        check(Objective::Softmax { num_class: 3 }, &[2.0, 1.5], classes);
        let ranking = Ranking::default();
        check(
            Objective::RankNdcg(ranking),
            &[31.0, 32.0],
            "label 32 of row 1 must be a whole number from 0 to 31",
        );
        check(Objective::RankMap(ranking), &[1.0, 2.0], "label 2 of row 1 must be 0 or 1");
        check(Objective::RankPairwise(ranking), &[1.0, -2.5], "");
        check(Objective::Cox, &[f32::NAN], "label NaN of row 0 must be finite");
    }

    #[test]
    fn weights_and_groups_have_to_fit() {
        let loss = Loss::new(&BoosterParams::default());
        let labels = |weights: &[f32], offsets: &[usize]| Labels {
            targets: vec![1.0, 2.0],
            weights: Some(weights.to_vec()),
            group_offsets: Some(offsets.to_vec()),
        };
        let check = |weights: &[f32], offsets: &[usize], expected: Result<(), LabelError>| {
            assert_eq!(loss.check(&labels(weights, offsets)), expected);
        };
        let shape = |what| Err(LabelError::Shape { what, rows: 2 });
        check(&[0.0, 1.0], &[0, 0, 2], Ok(()));
        check(&[1.0], &[0, 2], shape("weights"));
        check(&[1.0, 1.0], &[0, 1], shape("groups"));
        check(&[1.0, 1.0], &[], shape("groups"));
        check(&[1.0, 1.0], &[0, 3, 2], shape("groups"));
        check(&[1.0, -1.0], &[0, 2], Err(LabelError::Weight { row: 1, value: -1.0 }));
        check(&[0.0, 0.0], &[0, 2], Err(LabelError::NoWeight));
    }
}
