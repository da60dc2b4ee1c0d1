//! The configuration that a step ran with, as it is recorded with each of its outputs.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config_change::{are_same, path_text, words};
use super::{ConfigChange, config_changes};

/// The configuration that a step ran with.
///
/// The *standing* configuration is that of the definitions, over the defaults of the types. What a run gives a step beyond that, by its
/// job, its schedule or `--set`, is an override: it is recorded and shown, and no cause of staleness.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordedConfig {
    /// What the types of the step's function made of it, with their defaults.
    pub effective: Value,
    /// The standing configuration at that time; `None` if the run overrode nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Value>,
}

/// A field of the configuration that a step ran with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigField {
    /// The names that lead to it, with dots between them.
    pub name: String,
    /// Its value; `None` if the run took the field away.
    pub value: Option<Value>,
    /// Whether the run overrode the standing value.
    pub is_overridden: bool,
    /// Its standing value; `None` if the standing configuration doesn't have the field.
    pub standing: Option<Value>,
}

impl RecordedConfig {
    /// The standing configuration at that time.
    pub fn standing(&self) -> &Value {
        self.standing.as_ref().unwrap_or(&self.effective)
    }

    /// What the run overrode: from the standing value to its own.
    pub fn overrides(&self) -> Vec<ConfigChange> {
        self.standing.as_ref().map_or_else(Vec::new, |standing| config_changes(standing, &self.effective))
    }

    /// Its fields, those that the run overrode first. A list is one field.
    pub fn fields(&self) -> Vec<ConfigField> {
        let mut fields = Vec::new();
        collect(&mut Vec::new(), &self.effective, Some(self.standing()), &mut fields);
        let gone = self.overrides().into_iter().filter(|change| change.to.is_none());
        fields.extend(gone.map(|ConfigChange { field, from, .. }| ConfigField {
            name: field,
            value: None,
            is_overridden: true,
            standing: from,
        }));
        fields.sort_by_key(|field| !field.is_overridden);
        fields
    }
}

fn collect(
    path: &mut Vec<String>,
    effective: &Value,
    standing: Option<&Value>,
    fields: &mut Vec<ConfigField>,
) {
    // The whole of a type without fields is no field.
    if let Value::Object(inner) = effective
        && (!inner.is_empty() || path.is_empty())
    {
        for (name, value) in inner {
            path.push(name.clone());
            collect(path, value, standing.and_then(|standing| standing.get(name)), fields);
            path.pop();
        }
        return;
    }
    fields.push(ConfigField {
        name: path_text(path),
        value: Some(effective.clone()),
        is_overridden: !standing.is_some_and(|standing| are_same(standing, effective)),
        standing: standing.cloned(),
    });
}

impl ConfigField {
    /// Its value in a few words.
    pub fn words(&self) -> String {
        words(self.value.as_ref())
    }

    /// The standing value in a few words; `None` if the run didn't override it.
    pub fn standing_words(&self) -> Option<String> {
        self.is_overridden.then(|| words(self.standing.as_ref()))
    }
}

impl fmt::Display for ConfigField {
    /// As in `rounds=40`; with `*` behind it if the run overrode it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}{}", self.name, self.words(), if self.is_overridden { "*" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(effective: Value, standing: Option<Value>) -> Vec<String> {
        let fields = RecordedConfig { effective, standing }.fields();
        fields.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_a_run_overrode_comes_first() {
        let effective = json!({ "depth": 6, "rounds": 40, "tree": { "leaf": 1, "seed": 2 }, "none": {} });
        assert_eq!(
            shown(effective.clone(), None),
            ["depth=6", "none={}", "rounds=40", "tree.leaf=1", "tree.seed=2"]
        );
        let standing =
            json!({ "depth": 6.0, "rounds": 20, "tree": { "leaf": 1, "seed": 1 }, "none": {}, "limit": 5 });
        let expected = ["rounds=40*", "tree.seed=2*", "limit=unset*", "depth=6", "none={}", "tree.leaf=1"];
        assert_eq!(shown(effective, Some(standing)), expected);
        assert_eq!(shown(json!({}), None), [""; 0]);
    }

    /// These are on people's disks.
    #[test]
    fn stored_form() {
        let check = |recorded: RecordedConfig, json: &str| {
            assert_eq!(serde_json::to_string(&recorded).unwrap(), json);
            assert_eq!(serde_json::from_str::<RecordedConfig>(json).unwrap(), recorded);
        };
        let effective = json!({ "rounds": 40 });
        check(
            RecordedConfig { effective: effective.clone(), standing: None },
            r#"{"effective":{"rounds":40}}"#,
        );
        check(
            RecordedConfig { effective, standing: Some(json!({ "rounds": 20 })) },
            r#"{"effective":{"rounds":40},"standing":{"rounds":20}}"#,
        );
    }
}
