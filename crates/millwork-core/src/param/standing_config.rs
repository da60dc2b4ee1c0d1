//! The standing configuration of a step: that of the definitions, over the defaults of its types.

use std::borrow::Cow;

use serde_json::{Map, Value};
use thiserror::Error;

use super::config::merge;
use super::defaults::add_nested_defaults;
use super::sets::sort_sets;
use super::{ConfigSchema, RecordedConfig, config_changes, merge_config};
use crate::problem::{Advice, ErrorClass};
use crate::stored::Unstorable;

/// The standing configuration of a step whose function takes a configuration.
///
/// A run's own configuration is laid over what is [written](Self::written), and that over the defaults. One of the alternatives of an enum
/// replaces a default one, and isn't mixed with its fields.
#[derive(Clone, Debug)]
pub struct StandingConfig {
    /// The types, each with its schema.
    types: Vec<(ConfigSchema, Value)>,
    /// What the types make of nothing, as far as they have defaults for all.
    defaults: Value,
    written: Value,
    effective: Value,
}

impl StandingConfig {
    /// The configuration of a step with these schemas; `written` is its entry in the definitions.
    pub fn new(schemas: &[ConfigSchema], written: Option<Value>) -> Self {
        let written = written.unwrap_or_else(|| Value::Object(Map::new()));
        // What has no default is given by each run: then there is no more than what is written. Nor is there of what can't be recorded.
        let types: Vec<_> = schemas.iter().map(|schema| (*schema, schema.json())).collect();
        let mut defaults = Value::Object(Map::new());
        for (schema, _) in &types {
            if let Ok(Some(of_type)) = schema.effective(&Value::Object(Map::new())) {
                merge_config(&mut defaults, of_type);
            }
        }
        let mut standing = Self { types, defaults, written, effective: Value::Null };
        let written = standing.with(None);
        standing.effective = effective(&standing.types, &written).ok().flatten().unwrap_or(written);
        standing
    }

    /// The step's entry in the definitions; an empty object if it has none.
    pub fn written(&self) -> &Value {
        &self.written
    }

    /// What its types make of it, with their defaults. What the types refuse, because a field without a default is left to each run, is
    /// as it is written.
    pub fn effective(&self) -> &Value {
        &self.effective
    }

    /// The configuration of a run whose own entry for the step is `own`.
    pub fn with(&self, own: Option<&Value>) -> Value {
        let mut config = self.written.clone();
        if let Some(own) = own {
            merge(&mut config, own.clone());
        }
        for (_, schema) in &self.types {
            add_nested_defaults(schema, &mut config, &self.defaults);
        }
        config
    }

    /// What is recorded of a run whose own entry for the step is `own`; `None` if the types refuse it, so that the function isn't called.
    ///
    /// # Errors
    ///
    /// When a type can't be serialized, or not so that it could be stored.
    pub fn recorded(
        &self,
        step: &str,
        own: Option<&Value>,
    ) -> Result<Option<RecordedConfig>, UnrecordableConfig> {
        let effective = effective(&self.types, &self.with(own)).map_err(|error| match error {
            Unstorable::Unreadable { source } => {
                UnrecordableConfig::Unserializable { step: step.to_owned(), source }
            }
            source @ (Unstorable::TooDeep { .. }
            | Unstorable::TooLong { .. }
            | Unstorable::Inconsistent { .. }
            | Unstorable::Ragged { .. }) => UnrecordableConfig::Unstorable { step: step.to_owned(), source },
        })?;
        let Some(effective) = effective else { return Ok(None) };
        let is_standing = config_changes(&self.effective, &effective).is_empty();
        let standing = (!is_standing).then(|| self.effective.clone());
        Ok(Some(RecordedConfig { effective, standing }))
    }
}

/// What all types of a step make of its configuration, together; `None` if one refuses it.
fn effective(types: &[(ConfigSchema, Value)], config: &Value) -> Result<Option<Value>, Unstorable> {
    let mut whole = Value::Object(Map::new());
    for (parsed, schema) in types {
        let Some(mut effective) = parsed.effective(config)? else { return Ok(None) };
        sort_sets(schema, &mut effective);
        merge_config(&mut whole, effective);
    }
    Ok(Some(whole))
}

/// Why the configuration of a step can't be recorded. The step fails, before its function is called.
#[derive(Debug, Error)]
pub enum UnrecordableConfig {
    /// Its type can't be written as JSON.
    #[error("the configuration of `{step}` can't be serialized as JSON, so it can't be recorded")]
    Unserializable {
        /// The step whose configuration it is.
        step: String,
        /// The serializer's error.
        source: serde_json::Error,
    },
    /// It is too long or nested too deep.
    #[error("the configuration of `{step}` can't be stored, so it can't be recorded")]
    Unstorable {
        /// The step whose configuration it is.
        step: String,
        /// The limit that it exceeds.
        source: Unstorable,
    },
}

impl Advice for UnrecordableConfig {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unserializable { .. } => {
                "derive `Serialize` for its type, with texts as the keys of maps, or leave the field out by `#[serde(skip_serializing)]`"
                    .into()
            }
            Self::Unstorable { .. } => {
                "give it the path of a file instead, or leave the field out by `#[serde(skip_serializing)]`".into()
            }
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Failed
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(default)]
    struct Training {
        rounds: u32,
        rate: f32,
        source: Source,
    }

    impl Default for Training {
        fn default() -> Self {
            Self { rounds: 20, rate: 0.1, source: Source::Sample { rows: 5 } }
        }
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
    enum Source {
        Sample { rows: u32 },
        Web { url: String },
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Needed {
        folder: String,
        #[serde(default)]
        limit: Option<u32>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Keyed {
        #[serde(default = "Keyed::points")]
        #[schemars(skip)]
        points: BTreeMap<(u8, u8), u8>,
    }

    impl Keyed {
        fn points() -> BTreeMap<(u8, u8), u8> {
            [((1, 2), 3)].into()
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "configurations of tests are written on the spot")]
    fn recorded(standing: &StandingConfig, own: Value) -> Option<RecordedConfig> {
        standing.recorded("step", Some(&own)).expect("a configuration that serializes")
    }

    #[test]
    fn defaults_are_recorded_and_what_a_run_overrides() {
        let standing = StandingConfig::new(&[ConfigSchema::of::<Training>()], None);
        let sample = json!({ "kind": "sample", "rows": 5 });
        let effective = json!({ "rounds": 20, "rate": 0.1, "source": sample });
        assert_eq!(standing.effective(), &effective);
        for own in [json!({}), json!({ "rounds": 20, "rate": 0.1 })] {
            let plain = RecordedConfig { effective: effective.clone(), standing: None };
            assert_eq!(recorded(&standing, own), Some(plain));
        }
        let overridden = RecordedConfig {
            effective: json!({ "rounds": 40, "rate": 0.1, "source": sample }),
            standing: Some(effective.clone()),
        };
        assert_eq!(recorded(&standing, json!({ "rounds": 40 })), Some(overridden));
        // The other alternative isn't mixed with the default one.
        let web = recorded(&standing, json!({ "source": { "kind": "web", "url": "u" } })).unwrap();
        assert_eq!(web.effective["source"], json!({ "kind": "web", "url": "u" }));
        assert_eq!(recorded(&standing, json!({ "rounds": "many" })), None);
    }

    #[test]
    fn the_definitions_configuration_is_below_that_of_a_run() {
        let standing = StandingConfig::new(
            &[ConfigSchema::of::<Training>()],
            Some(json!({ "rounds": 30, "source": { "kind": "web", "url": "u" } })),
        );
        assert_eq!(standing.effective()["rounds"], 30);
        let own = recorded(&standing, json!({ "source": { "url": "v" } })).unwrap();
        assert_eq!(own.effective["source"], json!({ "kind": "web", "url": "v" }));
        assert_eq!(own.effective["rounds"], 30);
        assert_eq!(own.overrides()[0].to_string(), "source.url u → v");
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Job {
        params: Params,
        tuned: Option<Params>,
        source: Source,
        weights: BTreeMap<String, Params>,
    }

    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    #[serde(default)]
    struct Params {
        depth: u32,
        metrics: Vec<String>,
        inner: Option<Box<Params>>,
    }

    impl Default for Job {
        fn default() -> Self {
            let params = |depth| Params { depth, metrics: vec!["mae".to_owned()], inner: None };
            Self {
                params: Params { inner: Some(Box::new(params(2))), ..params(6) },
                tuned: Some(params(8)),
                source: Source::Sample { rows: 5 },
                weights: [("a".to_owned(), params(1))].into(),
            }
        }
    }

    #[test]
    fn what_is_written_of_a_nested_struct_leaves_the_rest_as_it_stands() {
        let standing =
            StandingConfig::new(&[ConfigSchema::of::<Job>()], Some(json!({ "params": { "depth": 7 } })));
        let inner = |depth| json!({ "depth": depth, "metrics": ["mae"], "inner": null });
        assert_eq!(
            standing.effective()["params"],
            json!({ "depth": 7, "metrics": ["mae"], "inner": inner(2) }),
        );
        let own = json!({
            "params": { "inner": { "depth": 3 } },
            "tuned": { "depth": 9 },
            "source": { "kind": "web", "url": "u" },
            "weights": { "b": { "depth": 1 } },
        });
        let run = recorded(&standing, own).unwrap();
        let texts: Vec<_> = run.overrides().iter().map(ToString::to_string).collect();
        assert_eq!(
            run.effective["params"],
            json!({ "depth": 7, "metrics": ["mae"], "inner": inner(3) }),
            "{texts:?}"
        );
        assert_eq!(run.effective["tuned"], inner(9));
        assert_eq!(run.effective["source"], json!({ "kind": "web", "url": "u" }));
        assert_eq!(run.effective["weights"], json!({ "b": { "depth": 1, "metrics": [], "inner": null } }));
        assert_eq!(recorded(&standing, json!({ "tuned": null })).unwrap().effective["tuned"], json!(null));
    }

    #[test]
    fn what_has_no_default_is_left_to_runs() {
        let schemas = [ConfigSchema::of::<Needed>()];
        let standing = StandingConfig::new(&schemas, None);
        assert_eq!(standing.effective(), &json!({}));
        let own = recorded(&standing, json!({ "folder": "/data" })).unwrap();
        assert_eq!(own.effective, json!({ "folder": "/data", "limit": null }));
        assert_eq!(own.standing(), &json!({}));
        assert_eq!(recorded(&standing, json!({})), None);
    }

    #[test]
    fn two_types_of_one_function_are_recorded_together() {
        let schemas = [ConfigSchema::of::<Training>(), ConfigSchema::of::<Needed>()];
        let standing = StandingConfig::new(&schemas, Some(json!({ "folder": "/data" })));
        let own = recorded(&standing, json!({ "limit": 3 })).unwrap();
        assert_eq!(own.effective["rounds"], 20);
        assert_eq!(own.effective["folder"], "/data");
        assert_eq!(own.overrides()[0].to_string(), "limit null → 3");
        assert_eq!(own.overrides().len(), 1);
    }

    #[test]
    fn a_type_that_does_not_serialize_is_an_error_with_a_remedy() {
        let standing = StandingConfig::new(&[ConfigSchema::of::<Keyed>()], None);
        assert_eq!(standing.effective(), &json!({}));
        let error = standing.recorded("step", None).unwrap_err();
        assert!(error.to_string().contains("the configuration of `step`"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("texts as the keys of maps")));
    }
}
