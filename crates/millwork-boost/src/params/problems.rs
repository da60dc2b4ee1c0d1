//! Problems of parameters.

use thiserror::Error;

use crate::params::{Backend, BoosterKind, BoosterParams, Dart, Device};

/// Parameters lie outside their ranges.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the booster's parameters are invalid: {}", problems.join("; "))]
pub struct InvalidParams {
    /// One text for each: its value, and what it must be.
    pub problems: Vec<String>,
}

impl BoosterParams {
    /// Checks every value against its range.
    ///
    /// # Errors
    ///
    /// With all that is wrong, not only the first.
    pub fn validate(&self) -> Result<(), InvalidParams> {
        let problems = self.problems();
        if problems.is_empty() { Ok(()) } else { Err(InvalidParams { problems }) }
    }

    fn problems(&self) -> Vec<String> {
        let single = |value: f64| (value as f32).is_finite();
        let positive = |value: f64| single(value) && value as f32 > 0.0;
        let not_negative = |value: f64| single(value) && value >= 0.0;
        let share = |value: f64| positive(value) && value <= 1.0;
        let proportion = |value: f64| (0.0..=1.0).contains(&value);
        let dart = match self.booster {
            BoosterKind::Dart(dart) => dart,
            BoosterKind::GbTree => Dart::default(),
        };
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
            (
                "max_delta_step",
                self.max_delta_step.unwrap_or(0.0),
                self.max_delta_step.is_none_or(not_negative),
                "0 or above",
            ),
            (
                "scale_pos_weight",
                self.scale_pos_weight.unwrap_or(1.0),
                self.scale_pos_weight.is_none_or(positive),
                "above 0",
            ),
            ("rate_drop", dart.rate_drop, proportion(dart.rate_drop), "from 0 to 1"),
            ("skip_drop", dart.skip_drop, proportion(dart.skip_drop), "from 0 to 1"),
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
        for (name, number, most) in [
            ("max_cat_to_onehot", self.max_cat_to_onehot, u32::MAX as usize),
            ("max_cat_threshold", self.max_cat_threshold, i32::MAX as usize),
        ] {
            if !(1..=most).contains(&number) {
                problems.push(format!("`{name}` is {number} and must be from 1 to {most}"));
            }
        }
        for (name, number) in [("nthread", self.nthread), ("num_parallel_tree", Some(self.num_parallel_tree))]
        {
            if number == Some(0) {
                problems.push(format!("`{name}` is 0 and must be 1 or above"));
            }
        }
        if self.backend == Backend::Embedded && self.device != Device::Cpu {
            problems.push(format!("`device` is `{}`, for which `backend` must be `native`", self.device));
        }
        problems.extend(self.objective.problem());
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
        check(
            r#"{"objective": {"reg:tweedie": {"tweedie_variance_power": 1.3}}, "monotone_constraints": {"2": "increasing"}}"#,
            Ok(()),
        );
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
        check(r#"{"nthread": 0, "num_parallel_tree": 0}"#, Err("`nthread` is 0 and must be 1 or above"));
        check(
            r#"{"max_cat_to_onehot": 0}"#,
            Err("`max_cat_to_onehot` is 0 and must be from 1 to 4294967295"),
        );
        check(r#"{"max_cat_to_onehot": 4294967295, "max_cat_threshold": 2147483647}"#, Ok(()));
        let threshold = "`max_cat_threshold` is 2147483648 and must be from 1 to 2147483647";
        check(r#"{"max_cat_threshold": 2147483648}"#, Err(threshold));
        check(r#"{"max_delta_step": -1, "scale_pos_weight": 0}"#, Err("`scale_pos_weight` is 0 and must be"));
        check(r#"{"objective": {"multi:softmax": {"num_class": 1}}}"#, Err("`num_class` is 1"));
        check(r#"{"booster": {"dart": {"rate_drop": 2}}}"#, Err("`rate_drop` is 2 and must be from 0 to 1"));
        check(r#"{"device": "cuda"}"#, Err("for which `backend` must be `native`"));
    }

    #[test]
    fn the_schema_states_ranges_and_defaults() {
        let schema = schemars::schema_for!(BoosterParams).to_value();
        let eta = &schema["properties"]["eta"];
        assert_eq!((&eta["exclusiveMinimum"], &eta["default"]), (&0.0.into(), &0.3.into()));
        assert_eq!(schema["additionalProperties"], false);
    }
}
