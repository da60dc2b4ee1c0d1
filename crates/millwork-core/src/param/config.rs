//! Run-time parameters of a step, typed and checked before the run starts.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::{FromStep, Requirements, StepContext};
use crate::BoxError;
use crate::advice::{Advice, ErrorClass};

/// The step's configuration as a `T`.
///
/// The configuration of a run is an object by step name (`{"hackernews_stories": {"items": 500}}`); a step without an
/// entry gets `{}`, so a `T` whose fields all have defaults needs none. The JSON schema of `T` checks it before the
/// run starts and makes the form in the web page.
///
/// ```
/// use millwork_core::Config;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Split {
///     #[serde(default)]
///     seed: u64,
/// }
///
/// fn uses_it(split: Config<Split>) -> u64 {
///     split.seed
/// }
/// assert_eq!(uses_it(Config(Split { seed: 7 })), 7);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Config<T>(pub T);

impl<T> Deref for Config<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + JsonSchema> FromStep for Config<T> {
    fn requirements(requirements: &mut Requirements) {
        requirements.config.push(ConfigSchema::of::<T>());
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        Ok(Self(serde_json::from_value(context.config().clone())?))
    }
}

/// The schema of one configuration type, and its parser.
#[derive(Clone, Copy)]
pub struct ConfigSchema {
    schema: fn() -> Value,
    parse: fn(&Value) -> Result<(), serde_json::Error>,
}

impl ConfigSchema {
    /// The schema of `T`.
    pub fn of<T: DeserializeOwned + JsonSchema>() -> Self {
        Self {
            schema: || schemars::schema_for!(T).to_value(),
            parse: |value| serde_json::from_value::<T>(value.clone()).map(drop),
        }
    }

    /// The JSON schema.
    pub fn json(&self) -> Value {
        (self.schema)()
    }

    /// Lists everything that is wrong with `config`.
    pub fn problems(&self, config: &Value) -> Vec<String> {
        let schema = self.json();
        let validator = match jsonschema::validator_for(&schema) {
            Ok(validator) => validator,
            Err(error) => return vec![format!("the schema itself is invalid: {error}")],
        };
        let mut problems: Vec<_> = validator
            .iter_errors(config)
            .map(|error| match error.instance_path().as_str() {
                "" => error.to_string(),
                path => format!("`{}`: {error}", path.trim_start_matches('/').replace('/', ".")),
            })
            .collect();
        if problems.is_empty() {
            problems.extend((self.parse)(config).err().map(|error| error.to_string()));
        }
        problems
    }

    /// The names that the schema gives to an object's fields, or nothing where it allows any.
    pub fn field_names(&self) -> Option<Vec<String>> {
        let schema = self.json();
        let open = schema.get("additionalProperties").is_some_and(|allowed| allowed != &Value::Bool(false));
        let fields = schema.get("properties")?.as_object()?;
        (!open).then(|| fields.keys().cloned().collect())
    }
}

impl fmt::Debug for ConfigSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConfigSchema").finish()
    }
}

/// What is wrong with the configuration of a run.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no such step.
    #[error("the configuration names `{step}`, which is not a step")]
    UnknownStep {
        /// The name.
        step: String,
        /// The names there are.
        hint: String,
    },
    /// The step takes no such parameter.
    #[error("`{step}` takes no parameter `{field}`")]
    UnknownField {
        /// The step.
        step: String,
        /// The parameter.
        field: String,
        /// The parameters there are.
        hint: String,
    },
    /// The value isn't what the schema asks for.
    #[error("the configuration of `{step}` is invalid: {problem}")]
    Invalid {
        /// The step.
        step: String,
        /// What the schema says.
        problem: String,
    },
    /// The configuration isn't an object.
    #[error("the configuration is not an object by step name")]
    NotAnObject,
}

impl Advice for ConfigError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::UnknownStep { hint, .. } => Cow::Borrowed(hint),
            Self::UnknownField { hint, .. } => Cow::Borrowed(hint),
            Self::Invalid { .. } | Self::NotAnObject => return None,
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}
