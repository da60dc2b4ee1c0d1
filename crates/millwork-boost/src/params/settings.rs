//! Parameters as XGBoost's flat list of names and values.

use serde_json::{Map, Value};

use crate::params::{BoosterParams, Monotone};

impl BoosterParams {
    /// Every parameter that has a value, by XGBoost's name, for a matrix of `columns` columns. The backend is ours, and
    /// the threads are those that the training is called on.
    pub fn settings(&self, columns: usize) -> Map<String, Value> {
        let mut settings = Map::new();
        let Value::Object(own) = serde_json::to_value(self).expect("parameters have plain names") else {
            return settings;
        };
        for (name, value) in own {
            match (name.as_str(), value) {
                ("backend" | "nthread" | "monotone_constraints" | "interaction_constraints", _)
                | (_, Value::Null) => {}
                ("eval_metric", Value::Array(metrics)) if metrics.is_empty() => {}
                (_, Value::Object(choice)) => flatten(&name, choice, &mut settings),
                (_, value) => {
                    settings.insert(name, value);
                }
            }
        }
        if !self.monotone_constraints.is_empty() {
            settings.insert("monotone_constraints".to_owned(), self.monotone(columns).into());
        }
        if !self.interaction_constraints.is_empty() {
            let groups = serde_json::to_string(&self.interaction_constraints).expect("numbers");
            settings.insert("interaction_constraints".to_owned(), groups.into());
        }
        settings
    }

    /// One number per column, in parentheses.
    fn monotone(&self, columns: usize) -> String {
        let direction = |column: u32| match self.monotone_constraints.get(&column) {
            Some(Monotone::Increasing) => "1",
            Some(Monotone::Decreasing) => "-1",
            None => "0",
        };
        let directions: Vec<&str> = (0..columns as u32).map(direction).collect();
        format!("({})", directions.join(","))
    }
}

/// A choice with parameters of its own: `{"reg:tweedie": {"tweedie_variance_power": 1.5}}`.
fn flatten(name: &str, choice: Map<String, Value>, settings: &mut Map<String, Value>) {
    for (chosen, own) in choice {
        settings.insert(name.to_owned(), chosen.into());
        if let Value::Object(own) = own {
            settings.extend(own.into_iter().filter(|(_, value)| !value.is_null()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{BoosterKind, Dart, Objective};

    fn check(params: &BoosterParams, expected: &[(&str, Value)]) {
        let settings = params.settings(3);
        for (name, value) in expected {
            assert_eq!(settings.get(*name), Some(value), "{name} in {settings:?}");
        }
    }

    #[test]
    fn settings_are_flat() {
        let plain = BoosterParams::default();
        check(
            &plain,
            &[("booster", "gbtree".into()), ("objective", "reg:squarederror".into()), ("eta", 0.3.into())],
        );
        assert!(
            !plain
                .settings(3)
                .keys()
                .any(|name| ["backend", "nthread", "eval_metric"].contains(&name.as_str()))
        );
        let params = BoosterParams {
            objective: Objective::Tweedie { tweedie_variance_power: 1.3 },
            booster: BoosterKind::Dart(Dart { rate_drop: 0.1, ..Dart::default() }),
            monotone_constraints: [(0, Monotone::Increasing), (2, Monotone::Decreasing)].into(),
            interaction_constraints: vec![vec![0, 1], vec![2]],
            max_cat_to_onehot: 9,
            ..BoosterParams::default()
        };
        check(
            &params,
            &[
                ("objective", "reg:tweedie".into()),
                ("tweedie_variance_power", 1.3.into()),
                ("booster", "dart".into()),
                ("rate_drop", 0.1.into()),
                ("max_cat_to_onehot", 9.into()),
                ("max_cat_threshold", 64.into()),
                ("monotone_constraints", "(1,0,-1)".into()),
                ("interaction_constraints", "[[0,1],[2]]".into()),
            ],
        );
    }
}
