//! The parameters of boosting, by XGBoost's names and with XGBoost's defaults.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::boost::BoostError;

/// How trees are grown: XGBoost's parameters for `booster=gbtree` and `objective=reg:squarederror`.
///
/// Names, meanings and defaults are XGBoost's ("XGBoost Parameters" in its documentation); scikit-learn-style aliases
/// such as `learning_rate` are read as well. Unknown names are an error. Values are checked when training starts.
///
/// ```
/// use millwork_ml::boost::BoosterParams;
///
/// let params = BoosterParams { max_depth: 4, subsample: 0.8, ..BoosterParams::default() };
/// assert_eq!(params.eta, 0.3);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BoosterParams {
    /// The share of each new tree's answer that is added: smaller learns slower and generalises better.
    #[serde(alias = "learning_rate")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub eta: f64,
    /// The loss reduction that a split must bring.
    #[serde(alias = "min_split_loss")]
    #[schemars(range(min = 0.0))]
    pub gamma: f64,
    /// The depth that a tree may have; 0 is no limit.
    pub max_depth: usize,
    /// The number of leaves that a tree may have under `grow_policy = "lossguide"`; 0 is no limit.
    pub max_leaves: usize,
    /// The sum of second derivatives (for squared error: the number of rows) that each side of a split must keep.
    #[schemars(range(min = 0.0))]
    pub min_child_weight: f64,
    /// The share of the rows that each tree sees.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub subsample: f64,
    /// The share of the columns that each tree sees.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub colsample_bytree: f64,
    /// The share of a tree's columns that each of its levels sees.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub colsample_bylevel: f64,
    /// The share of a level's columns that each of its splits sees.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub colsample_bynode: f64,
    /// The L2 penalty on the leaves' values.
    #[serde(alias = "reg_lambda")]
    #[schemars(range(min = 0.0))]
    pub lambda: f64,
    /// The L1 penalty on the leaves' values.
    #[serde(alias = "reg_alpha")]
    #[schemars(range(min = 0.0))]
    pub alpha: f64,
    /// How splits are searched.
    pub tree_method: TreeMethod,
    /// Which node is split next.
    pub grow_policy: GrowPolicy,
    /// The number of bins that a feature's values are put in under `tree_method = "hist"`.
    #[schemars(range(min = 2))]
    pub max_bin: usize,
    /// What is predicted before the first tree, in the target's unit; the mean target if absent.
    pub base_score: Option<f64>,
    /// The seed of the samples of rows and columns.
    #[serde(alias = "random_state")]
    pub seed: u64,
    /// What is measured on each evaluation set after each round; the last one decides early stopping.
    pub eval_metric: Vec<EvalMetric>,
}

impl Default for BoosterParams {
    fn default() -> Self {
        Self {
            eta: 0.3,
            gamma: 0.0,
            max_depth: 6,
            max_leaves: 0,
            min_child_weight: 1.0,
            subsample: 1.0,
            colsample_bytree: 1.0,
            colsample_bylevel: 1.0,
            colsample_bynode: 1.0,
            lambda: 1.0,
            alpha: 0.0,
            tree_method: TreeMethod::Hist,
            grow_policy: GrowPolicy::Depthwise,
            max_bin: 256,
            base_score: None,
            seed: 0,
            eval_metric: vec![EvalMetric::Rmse],
        }
    }
}

/// How splits are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TreeMethod {
    /// Among the bounds of bins that are made once.
    #[default]
    Hist,
    /// Among all values.
    Exact,
}

/// Which node is split next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum GrowPolicy {
    /// The one nearest to the root.
    #[default]
    Depthwise,
    /// The one whose split reduces the loss most.
    Lossguide,
}

/// What is measured on an evaluation set after each round; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EvalMetric {
    /// The root of the mean squared error.
    Rmse,
    /// The mean absolute error.
    Mae,
}

impl EvalMetric {
    /// XGBoost's name of the metric.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rmse => "rmse",
            Self::Mae => "mae",
        }
    }
}

impl fmt::Display for EvalMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl BoosterParams {
    /// Checks every value against its range.
    ///
    /// # Errors
    ///
    /// [`BoostError::Params`] with all that is wrong, not only the first.
    pub fn validate(&self) -> Result<(), BoostError> {
        let problems = self.problems();
        if problems.is_empty() { Ok(()) } else { Err(BoostError::Params { problems }) }
    }

    fn problems(&self) -> Vec<String> {
        let single = |value: f64| (value as f32).is_finite();
        let positive = |value: f64| single(value) && value as f32 > 0.0;
        let not_negative = |value: f64| single(value) && value >= 0.0;
        let share = |value: f64| positive(value) && value <= 1.0;
        let floats = [
            ("eta", self.eta, positive(self.eta), "above 0"),
            ("gamma", self.gamma, not_negative(self.gamma), "0 or above"),
            ("min_child_weight", self.min_child_weight, not_negative(self.min_child_weight), "0 or above"),
            ("subsample", self.subsample, share(self.subsample), "above 0 and at most 1"),
            (
                "colsample_bytree",
                self.colsample_bytree,
                share(self.colsample_bytree),
                "above 0 and at most 1",
            ),
            (
                "colsample_bylevel",
                self.colsample_bylevel,
                share(self.colsample_bylevel),
                "above 0 and at most 1",
            ),
            (
                "colsample_bynode",
                self.colsample_bynode,
                share(self.colsample_bynode),
                "above 0 and at most 1",
            ),
            ("lambda", self.lambda, not_negative(self.lambda), "0 or above"),
            ("alpha", self.alpha, not_negative(self.alpha), "0 or above"),
        ];
        let mut problems: Vec<String> = floats
            .into_iter()
            .filter(|(_, _, valid, _)| !valid)
            .map(|(name, value, _, range)| format!("`{name}` is {value} and must be {range}"))
            .collect();
        if let Some(base_score) = self.base_score.filter(|&base_score| !single(base_score)) {
            problems.push(format!("`base_score` is {base_score} and must be finite"));
        }
        if self.max_bin < 2 {
            problems.push(format!("`max_bin` is {} and must be 2 or above", self.max_bin));
        }
        if self.eval_metric.is_empty() {
            problems.push("`eval_metric` is empty and must name at least one metric".to_owned());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Result<(), &str>) {
        let params: Result<BoosterParams, _> = serde_json::from_str(json);
        let checked = params
            .map_err(|error| error.to_string())
            .and_then(|params| params.validate().map_err(|error| error.to_string()));
        match (checked, expected) {
            (Ok(()), Ok(())) => {}
            (Err(found), Err(expected)) if found.contains(expected) => {}
            (checked, _) => panic!("{json}: {checked:?}"),
        }
    }

    #[test]
    fn parameters_are_read_by_xgboost_s_names() {
        check("{}", Ok(()));
        check(r#"{"eta": 0.1, "max_depth": 0, "base_score": 25, "eval_metric": ["rmse", "mae"]}"#, Ok(()));
        check(r#"{"learning_rate": 0.1, "reg_lambda": 2, "reg_alpha": 0, "random_state": 7}"#, Ok(()));
        check(r#"{"tree_method": "exact", "grow_policy": "lossguide", "max_leaves": 31}"#, Ok(()));
        check(r#"{"etha": 0.1}"#, Err("unknown field `etha`"));
        check(r#"{"tree_method": "gpu_hist"}"#, Err("unknown variant `gpu_hist`"));
    }

    #[test]
    fn values_outside_their_ranges_are_errors() {
        check(r#"{"eta": 0}"#, Err("`eta` is 0 and must be above 0"));
        check(r#"{"subsample": 1.5}"#, Err("`subsample` is 1.5 and must be above 0 and at most 1"));
        check(
            r#"{"lambda": -1, "max_bin": 1}"#,
            Err("`lambda` is -1 and must be 0 or above; `max_bin` is 1"),
        );
        check(r#"{"base_score": 1e300}"#, Err("`base_score`"));
        check(r#"{"eval_metric": []}"#, Err("`eval_metric` is empty"));
    }

    #[test]
    fn the_schema_states_ranges_and_defaults() {
        let schema = schemars::schema_for!(BoosterParams).to_value();
        let eta = &schema["properties"]["eta"];
        assert_eq!((&eta["exclusiveMinimum"], &eta["default"]), (&0.0.into(), &0.3.into()));
        assert_eq!(schema["additionalProperties"], false);
    }
}
