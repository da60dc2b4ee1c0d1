//! Checks that a configuration fits the steps of a pipeline.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Pipeline;
use crate::param::{ConfigError, ConfigErrors, ConfigSchema};

impl Pipeline {
    /// Checks the configuration of a run: entries for steps and parameters that don't exist, and, for the steps named in
    /// `steps`, values that their schemas reject, together with the standing configuration.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn check_config<'a>(
        &self,
        config: &Value,
        steps: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), ConfigErrors> {
        self.checked(config, steps, ConfigSchema::problems)
    }

    /// Checks a configuration that may be completed later, such as a job's: names, and the values that there are.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn check_config_so_far(&self, config: &Value) -> Result<(), ConfigErrors> {
        let steps = config.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
        self.checked(config, steps, ConfigSchema::problems_so_far)
    }

    fn checked<'a>(
        &self,
        config: &Value,
        steps: impl IntoIterator<Item = &'a str>,
        problems: fn(&ConfigSchema, &Value) -> Vec<String>,
    ) -> Result<(), ConfigErrors> {
        let empty = Map::new();
        let entries = if config.is_null() {
            &empty
        } else {
            config.as_object().ok_or_else(|| ConfigErrors(vec![ConfigError::NotAnObject]))?
        };
        let mut errors: Vec<_> =
            entries.iter().flat_map(|(step, value)| self.unknown_names(step, value)).collect();
        let is_unknown = |step: &str, field: &str| {
            errors.iter().any(|error| {
                matches!(error, ConfigError::UnknownField { step: own, field: unknown, .. } if own == step && unknown == field)
            })
        };
        let mut invalid = Vec::new();
        // A step occurs once for each of its partitions.
        let mut seen = HashSet::new();
        for step in steps.into_iter().filter(|step| seen.insert(*step)) {
            let standing =
                self.graph().step_index(step).and_then(|step| self.graph().steps()[step].config.as_ref());
            let own = entries.get(step);
            let mut value = match standing {
                Some(standing) => standing.with(own),
                None => own.cloned().unwrap_or_else(|| Value::Object(Map::new())),
            };
            if let Some(fields) = value.as_object_mut() {
                // A field that is unknown to the step is reported once, not again by each schema.
                fields.retain(|field, _| !is_unknown(step, field));
            }
            let problems = self.config_schemas(step).iter().flat_map(|schema| problems(schema, &value));
            invalid.extend(problems.map(|problem| ConfigError::Invalid { step: step.into(), problem }));
        }
        errors.extend(invalid);
        if errors.is_empty() { Ok(()) } else { Err(ConfigErrors(errors)) }
    }

    fn config_schemas(&self, step: &str) -> &[ConfigSchema] {
        self.graph().computation(step).map_or(&[], |computation| &computation.requirements.config)
    }

    fn unknown_names(&self, step: &str, value: &Value) -> Vec<ConfigError> {
        if self.graph().computation(step).is_none() {
            let hint = self.graph().step_hint(step);
            return vec![ConfigError::UnknownStep { step: step.into(), hint }];
        }
        let fields: Option<Vec<String>> = self
            .config_schemas(step)
            .iter()
            .map(ConfigSchema::field_names)
            .collect::<Option<Vec<_>>>()
            .map(|fields| fields.concat());
        let (Some(fields), Some(entries)) = (fields, value.as_object()) else { return Vec::new() };
        let hint = match &*fields {
            [] => "it takes none".to_owned(),
            fields => format!("it takes {}", quoted(fields)),
        };
        let unknown = entries.keys().filter(|field| !fields.contains(field));
        unknown
            .map(|field| ConfigError::UnknownField {
                step: step.into(),
                field: field.clone(),
                hint: hint.clone(),
            })
            .collect()
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
