//! Objectives: what a model learns to predict.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::CATEGORIES;

/// The loss that training reduces, by XGBoost's name. One with parameters of its own is an object of that name:
/// `{"reg:tweedie": {"tweedie_variance_power": 1.3}}`.
///
/// ```
/// use millwork_boost::Objective;
///
/// let tweedie: Objective = serde_json::from_str(r#"{"reg:tweedie": {"tweedie_variance_power": 1.3}}"#)?;
/// assert_eq!(tweedie, Objective::Tweedie { tweedie_variance_power: 1.3 });
/// assert_eq!(serde_json::to_string(&Objective::Poisson)?, r#""count:poisson""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Objective {
    /// The squared error; predicts the mean.
    #[default]
    #[serde(rename = "reg:squarederror")]
    SquaredError,
    /// The squared error of the logarithms of target + 1; targets are above -1.
    #[serde(rename = "reg:squaredlogerror")]
    SquaredLogError,
    /// The squared error, which grows linearly far out: Huber's loss made smooth.
    #[serde(rename = "reg:pseudohubererror")]
    PseudoHuber {
        /// From which error on it grows linearly, in the target's unit.
        huber_slope: f64,
    },
    /// The absolute error; predicts the median.
    #[serde(rename = "reg:absoluteerror")]
    AbsoluteError,
    /// The pinball loss; predicts quantiles, one output for each.
    #[serde(rename = "reg:quantileerror")]
    Quantile {
        /// The quantiles, each above 0 and below 1.
        quantile_alpha: Vec<f64>,
    },
    /// The log loss of a target from 0 to 1; predicts a proportion.
    #[serde(rename = "reg:logistic")]
    Logistic,
    /// The likelihood of counts; predicts their mean.
    #[serde(rename = "count:poisson")]
    Poisson,
    /// The likelihood of a gamma distribution; predicts the mean of targets above 0.
    #[serde(rename = "reg:gamma")]
    Gamma,
    /// The likelihood of a Tweedie distribution; predicts the mean of targets that are 0 or spread widely above.
    #[serde(rename = "reg:tweedie")]
    Tweedie {
        /// Between 1 (like counts) and 2 (like a gamma distribution).
        tweedie_variance_power: f64,
    },
    /// The log loss of two classes, 0 and 1; predicts the probability of class 1.
    #[serde(rename = "binary:logistic")]
    BinaryLogistic,
    /// As [`BinaryLogistic`](Self::BinaryLogistic), but predicts the logarithm of the odds.
    #[serde(rename = "binary:logitraw")]
    BinaryLogitRaw,
    /// The hinge loss of two classes, 0 and 1; predicts the class.
    #[serde(rename = "binary:hinge")]
    BinaryHinge,
    /// The log loss of classes from 0 on; predicts the class.
    #[serde(rename = "multi:softmax")]
    Softmax {
        /// How many classes there are.
        num_class: usize,
    },
    /// The log loss of classes from 0 on; predicts the probability of each.
    #[serde(rename = "multi:softprob")]
    Softprob {
        /// How many classes there are.
        num_class: usize,
    },
    /// LambdaMART for the normalized discounted cumulative gain; predicts a score to sort the rows of a group by.
    #[serde(rename = "rank:ndcg")]
    RankNdcg(Ranking),
    /// LambdaMART for the mean average precision; targets are 0 or 1.
    #[serde(rename = "rank:map")]
    RankMap(Ranking),
    /// LambdaMART that weighs all pairs alike.
    #[serde(rename = "rank:pairwise")]
    RankPairwise(Ranking),
    /// Cox regression of survival times, negative where censored; predicts the hazard ratio.
    #[serde(rename = "survival:cox")]
    Cox,
}

/// What the outputs of a row are, each of which has a margin.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outputs<'a> {
    /// One for each class; the number of classes.
    Classes(usize),
    /// One for each of these quantiles.
    Quantiles(&'a [f64]),
    /// One for each target of the row.
    Targets,
    /// One, by which rows are compared.
    Score,
}

/// How pairs are formed when a model learns to rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ranking {
    /// How many of the rows that are ranked highest form pairs with all others; XGBoost's choice if absent.
    pub lambdarank_num_pair_per_sample: Option<usize>,
}

impl Objective {
    /// The name of the objective in XGBoost.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SquaredError => "reg:squarederror",
            Self::SquaredLogError => "reg:squaredlogerror",
            Self::PseudoHuber { .. } => "reg:pseudohubererror",
            Self::AbsoluteError => "reg:absoluteerror",
            Self::Quantile { .. } => "reg:quantileerror",
            Self::Logistic => "reg:logistic",
            Self::Poisson => "count:poisson",
            Self::Gamma => "reg:gamma",
            Self::Tweedie { .. } => "reg:tweedie",
            Self::BinaryLogistic => "binary:logistic",
            Self::BinaryLogitRaw => "binary:logitraw",
            Self::BinaryHinge => "binary:hinge",
            Self::Softmax { .. } => "multi:softmax",
            Self::Softprob { .. } => "multi:softprob",
            Self::RankNdcg(_) => "rank:ndcg",
            Self::RankMap(_) => "rank:map",
            Self::RankPairwise(_) => "rank:pairwise",
            Self::Cox => "survival:cox",
        }
    }

    /// Whether it orders rows within groups.
    pub fn ranks(&self) -> bool {
        matches!(self, Self::RankNdcg(_) | Self::RankMap(_) | Self::RankPairwise(_))
    }

    /// Whether a row may have several targets, each with a margin of its own.
    pub(crate) fn takes_targets(&self) -> bool {
        matches!(self.outputs(), Outputs::Targets)
    }

    /// What the outputs of a row are.
    pub(crate) fn outputs(&self) -> Outputs<'_> {
        match self {
            Self::Softmax { num_class } | Self::Softprob { num_class } => Outputs::Classes(*num_class),
            Self::Quantile { quantile_alpha } => Outputs::Quantiles(quantile_alpha),
            Self::RankNdcg(_) | Self::RankMap(_) | Self::RankPairwise(_) | Self::Cox => Outputs::Score,
            Self::SquaredError
            | Self::SquaredLogError
            | Self::PseudoHuber { .. }
            | Self::AbsoluteError
            | Self::Logistic
            | Self::Poisson
            | Self::Gamma
            | Self::Tweedie { .. }
            | Self::BinaryLogistic
            | Self::BinaryLogitRaw
            | Self::BinaryHinge => Outputs::Targets,
        }
    }

    /// The default for the largest value of a leaf; 0 is no limit.
    pub(crate) fn max_delta_step(&self) -> f64 {
        if *self == Self::Poisson { 0.7 } else { 0.0 }
    }

    pub(super) fn problem(&self) -> Option<String> {
        match self {
            Self::PseudoHuber { huber_slope } => {
                let is_valid = *huber_slope > 0.0 && huber_slope.is_finite();
                (!is_valid).then(|| format!("`huber_slope` is {huber_slope} and must be above 0"))
            }
            Self::Quantile { quantile_alpha } => quantile_problem(quantile_alpha),
            Self::Tweedie { tweedie_variance_power: power } => {
                let is_valid = *power > 1.0 && *power < 2.0;
                (!is_valid)
                    .then(|| format!("`tweedie_variance_power` is {power} and must lie between 1 and 2"))
            }
            Self::Softmax { num_class } | Self::Softprob { num_class } => {
                let is_valid = (2..=MOST_CLASSES).contains(num_class);
                (!is_valid)
                    .then(|| format!("`num_class` is {num_class} and must be from 2 to {MOST_CLASSES}"))
            }
            Self::SquaredError
            | Self::SquaredLogError
            | Self::AbsoluteError
            | Self::Logistic
            | Self::Poisson
            | Self::Gamma
            | Self::BinaryLogistic
            | Self::BinaryLogitRaw
            | Self::BinaryHinge
            | Self::RankNdcg(_)
            | Self::RankMap(_)
            | Self::RankPairwise(_)
            | Self::Cox => None,
        }
    }
}

/// Classes are numbered in single precision.
const MOST_CLASSES: usize = CATEGORIES as usize;

fn quantile_problem(quantiles: &[f64]) -> Option<String> {
    if quantiles.is_empty() {
        return Some("`quantile_alpha` is empty and must name at least one quantile".to_owned());
    }
    let outside = quantiles.iter().find(|&&quantile| !(quantile > 0.0 && quantile < 1.0))?;
    Some(format!("`quantile_alpha` has {outside} and must lie between 0 and 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &Objective) {
        let objective: Objective = serde_json::from_str(json).expect(json);
        assert_eq!(objective, *expected);
        let written = serde_json::to_string(expected).expect("JSON");
        assert!(written.contains(&format!("\"{}\"", expected.name())), "{written}");
    }

    #[test]
    fn objectives_are_read_by_xgboost_s_names() {
        check(r#""reg:squarederror""#, &Objective::SquaredError);
        check(r#"{"multi:softprob": {"num_class": 3}}"#, &Objective::Softprob { num_class: 3 });
        check(r#"{"rank:ndcg": {}}"#, &Objective::RankNdcg(Ranking::default()));
        let quantiles = Objective::Quantile { quantile_alpha: vec![0.1, 0.9] };
        check(r#"{"reg:quantileerror": {"quantile_alpha": [0.1, 0.9]}}"#, &quantiles);
    }

    #[test]
    fn parameters_outside_their_ranges_are_problems() {
        let problem = |objective: Objective| objective.problem().unwrap_or_default();
        assert_eq!(
            problem(Objective::Softmax { num_class: 1 }),
            "`num_class` is 1 and must be from 2 to 16777216"
        );
        assert!(problem(Objective::Softprob { num_class: usize::MAX }).contains("must be from 2"));
        assert_eq!(
            problem(Objective::Tweedie { tweedie_variance_power: 2.0 }),
            "`tweedie_variance_power` is 2 and must lie between 1 and 2"
        );
        assert!(problem(Objective::Quantile { quantile_alpha: vec![] }).contains("is empty"));
        assert!(problem(Objective::Quantile { quantile_alpha: vec![0.5, 1.0] }).contains("has 1 and"));
        assert!(problem(Objective::PseudoHuber { huber_slope: f64::NAN }).contains("is NaN and"));
        assert_eq!(problem(Objective::Poisson), "");
    }
}
