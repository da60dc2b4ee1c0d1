//! Run-time parameters of a step, typed and checked before the run starts.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::{FromStep, Requirements, StepContext};
use crate::BoxError;
use crate::problem::{Advice, ErrorClass};
use crate::stored::{MAX_DEPTH, Unstorable, limited_json};

/// How many bytes the configuration of a step may have as JSON, with its defaults.
const MAX_CONFIG_BYTES: usize = 4 << 20;

/// The step's configuration as a `T`.
///
/// The configuration of a run is an object by step name (`{"hackernews_stories": {"items": 500}}`). It is laid over the standing
/// configuration, that of [`Definitions::config`](crate::Definitions::config); a step without an entry in either gets `{}`, so a `T` whose
/// fields all have defaults needs none. The JSON schema of `T` checks it before the run starts and makes the form in the web page.
///
/// What the step ran with is recorded with each of its outputs: `T`, serialized again, so that defaults are in it
/// ([`RecordedConfig`](super::RecordedConfig)). A field that holds a password or a token is a [`Secret`](crate::Secret), of which only the
/// name of an environment variable is recorded.
///
/// ```
/// use millwork_core::Config;
///
/// #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
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

impl<T: Serialize + DeserializeOwned + JsonSchema> FromStep for Config<T> {
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
    effective: fn(&Value) -> Result<Option<Value>, Unstorable>,
}

impl ConfigSchema {
    /// The schema of `T`.
    pub fn of<T: Serialize + DeserializeOwned + JsonSchema>() -> Self {
        Self {
            schema: || schemars::schema_for!(T).to_value(),
            parse: |value| serde_json::from_value::<T>(value.clone()).map(drop),
            effective: |value| match serde_json::from_value::<T>(value.clone()) {
                Ok(config) => as_written(&config).map(Some),
                Err(_) => Ok(None),
            },
        }
    }

    /// The schema as JSON.
    pub fn json(&self) -> Value {
        (self.schema)()
    }

    /// What the type makes of `config`: parsed and serialized again, so that its defaults are in it; `None` if the type refuses it.
    ///
    /// # Errors
    ///
    /// When the type can't be serialized as JSON, or is longer or nested deeper than what is stored.
    pub fn effective(&self, config: &Value) -> Result<Option<Value>, Unstorable> {
        (self.effective)(config)
    }

    /// Lists everything that is wrong with `config`.
    pub fn problems(&self, config: &Value) -> Vec<String> {
        match self.rejections(config) {
            Err(problem) => vec![problem],
            Ok(rejections) if rejections.is_empty() => self.unparsable(config).into_iter().collect(),
            Ok(rejections) => rejections.into_iter().map(|rejection| rejection.problem).collect(),
        }
    }

    /// Lists the errors of a partial `config`: missing fields are none, as they may follow.
    pub fn problems_so_far(&self, config: &Value) -> Vec<String> {
        match self.rejections(config) {
            Err(problem) => vec![problem],
            Ok(rejections) if rejections.is_empty() => self.unparsable(config).into_iter().collect(),
            Ok(rejections) => {
                let wrong = rejections.into_iter().filter(|rejection| !rejection.is_lack);
                wrong.map(|rejection| rejection.problem).collect()
            }
        }
    }

    /// What the schema rejects, or why it can't be used.
    fn rejections(&self, config: &Value) -> Result<Vec<Rejection>, String> {
        let schema = self.json();
        let validator = jsonschema::validator_for(&schema)
            .map_err(|error| format!("the schema itself is invalid: {error}"))?;
        let rejections = validator.iter_errors(config).map(|error| {
            let problem = match allowed(&error) {
                Some(allowed) => {
                    let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
                    format!("{} is none of {}", error.instance(), allowed.join(", "))
                }
                None => error.to_string(),
            };
            let problem = match error.instance_path().as_str() {
                "" => problem,
                path => format!("`{}`: {problem}", path.trim_start_matches('/').replace('/', ".")),
            };
            Rejection { problem, is_lack: is_lack(&error) }
        });
        Ok(rejections.collect())
    }

    /// Why the type refuses what its schema accepts.
    fn unparsable(&self, config: &Value) -> Option<String> {
        (self.parse)(config).err().map(|error| error.to_string())
    }

    /// The names that the schema gives to an object's fields, `None` if it allows any.
    pub fn field_names(&self) -> Option<Vec<String>> {
        let schema = self.json();
        let open = schema.get("additionalProperties").is_some_and(|allowed| allowed != &Value::Bool(false));
        let fields = schema.get("properties")?.as_object()?;
        (!open).then(|| fields.keys().cloned().collect())
    }
}

/// A configuration as it is recorded. It goes through text, since JSON has fewer numbers than Rust: an `f32` of 0.1 is `0.1` as text, and
/// 0.10000000149011612 as a [`Value`].
fn as_written<T: Serialize>(config: &T) -> Result<Value, Unstorable> {
    let json = limited_json(config, MAX_DEPTH, MAX_CONFIG_BYTES)?;
    serde_json::from_str(&json).map_err(|source| Unstorable::Unreadable { source })
}

impl fmt::Debug for ConfigSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConfigSchema").finish()
    }
}

/// Something that a schema rejects.
struct Rejection {
    problem: String,
    /// Whether something is missing, rather than wrong.
    is_lack: bool,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only some kinds of `jsonschema`'s errors are about what is missing"
)]
fn is_lack(error: &ValidationError<'_>) -> bool {
    match error.kind() {
        ValidationErrorKind::Required { .. } => true,
        // One of several shapes fits except for missing fields.
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.iter().any(|errors| errors.iter().all(is_lack))
        }
        _ => false,
    }
}

/// All values that are allowed, where a value must be one of some.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only some kinds of `jsonschema`'s errors are about a list of values"
)]
fn allowed<'a>(error: &'a ValidationError<'_>) -> Option<Vec<&'a Value>> {
    match error.kind() {
        ValidationErrorKind::Constant { expected_value } => Some(vec![expected_value]),
        ValidationErrorKind::Enum { options } => Some(options.as_array()?.iter().collect()),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let of_shape = |errors: &'a Vec<ValidationError<'static>>| match &**errors {
                [error] => allowed(error),
                _ => None,
            };
            Some(context.iter().map(of_shape).collect::<Option<Vec<_>>>()?.concat())
        }
        _ => None,
    }
}

/// Lays the configuration `over` over `base`: objects are merged, anything else is replaced. No configuration changes
/// nothing.
pub fn merge_config(base: &mut Value, over: Value) {
    if !over.is_null() {
        merge(base, over);
    }
}

pub(super) fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                merge(base.entry(name).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

/// Everything that is wrong with the configuration of a run. There is at least one error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [error] = &*self.0 {
            return error.fmt(f);
        }
        write!(f, "the configuration has {} errors", self.0.len())?;
        self.0.iter().try_for_each(|error| write!(f, "\n  - {}", error.one_line()))
    }
}

impl std::error::Error for ConfigErrors {}

impl Advice for ConfigErrors {
    /// That of a single error; of several, the list has each its own.
    fn hint(&self) -> Option<Cow<'_, str>> {
        match &*self.0 {
            [error] => error.hint(),
            _ => None,
        }
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

/// The error of a run's configuration.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The step doesn't exist.
    #[error("the configuration names `{step}`, which is not a step")]
    UnknownStep {
        /// The name that was given.
        step: String,
        /// The names there are.
        hint: String,
    },
    /// The step takes no such parameter.
    #[error("`{step}` takes no parameter `{field}`")]
    UnknownField {
        /// The step whose configuration has the parameter.
        step: String,
        /// The name of the parameter.
        field: String,
        /// The parameters there are.
        hint: String,
    },
    /// The value isn't what the schema asks for.
    #[error("the configuration of `{step}` is invalid: {problem}")]
    Invalid {
        /// The step whose configuration is invalid.
        step: String,
        /// The violation of the schema.
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
