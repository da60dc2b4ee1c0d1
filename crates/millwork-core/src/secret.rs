//! Secrets: passwords, tokens, the addresses of webhooks. Of each there is only the name of an environment variable; its value is looked up
//! when it is needed, and never stored, recorded or shown.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::problem::{Advice, ErrorClass};

/// A secret in an environment variable: the address of a webhook, a password. Only its name is ever shown or
/// stored; its value is looked up when it is needed.
///
/// As a field of a configuration it is the name of the variable, in JSON a text:
///
/// ```
/// use millwork_core::Secret;
///
/// #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// struct Source {
///     url: String,
///     token: Secret,
/// }
///
/// let source: Source = serde_json::from_str(r#"{"url": "https://example.org", "token": "STORIES_TOKEN"}"#).unwrap();
/// assert_eq!(source.token.variable(), "STORIES_TOKEN");
/// assert!(source.token.read().is_err(), "the variable isn't set here");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    variable: String,
}

impl Secret {
    /// The value of an environment variable.
    pub fn env(variable: impl Into<String>) -> Self {
        Self { variable: variable.into() }
    }

    /// The name of the variable.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// The value of the variable in this process, as it is now.
    ///
    /// # Errors
    ///
    /// When the variable isn't set, is empty, or isn't text.
    pub fn read(&self) -> Result<String, UnsetSecret> {
        let value = std::env::var(&self.variable).ok().filter(|value| !value.is_empty());
        value.ok_or_else(|| UnsetSecret { variable: self.variable.clone() })
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.variable)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(${})", self.variable)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.variable)
    }
}

impl<'de> Deserialize<'de> for Secret {
    /// Reads the name of a variable. Anything else is refused without being repeated: it may be the secret itself.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let variable = String::deserialize(deserializer)?;
        let is_start = |char: char| char.is_ascii_alphabetic() || char == '_';
        let is_name = variable.starts_with(is_start)
            && variable.chars().all(|char| is_start(char) || char.is_ascii_digit());
        match is_name {
            true => Ok(Self { variable }),
            false => Err(D::Error::custom(
                "a secret is given by the name of an environment variable: letters, digits and `_`",
            )),
        }
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    /// It has no pattern, because the validator repeats what doesn't match one.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "The name of an environment variable that holds the secret" })
    }
}

/// The environment variable of a secret has no value in this process.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the environment variable `{variable}`, which holds a secret, is not set")]
pub struct UnsetSecret {
    /// The name of the variable.
    pub variable: String,
}

impl Advice for UnsetSecret {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(
            "set it for the process that executes the step; a daemon's runs have the variables of the daemon"
                .into(),
        )
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Failed
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_name_is_written_and_shown() {
        let secret: Secret = serde_json::from_value(json!("API_TOKEN")).unwrap();
        assert_eq!(secret, Secret::env("API_TOKEN"));
        assert_eq!(serde_json::to_value(&secret).unwrap(), json!("API_TOKEN"));
        assert_eq!(format!("{secret} {secret:?}"), "$API_TOKEN Secret($API_TOKEN)");
    }

    #[test]
    fn a_secret_itself_is_refused_and_not_repeated() {
        for pasted in ["sk-live-123", "", "1abc", "pass word", "a=b"] {
            let refused = serde_json::from_value::<Secret>(json!(pasted)).unwrap_err().to_string();
            assert!(refused.contains("name of an environment variable"), "{refused}");
            assert!(pasted.is_empty() || !refused.contains(pasted), "{refused}");
        }
    }

    #[test]
    fn its_value_is_read_when_it_is_needed() {
        // Cargo sets it for every test.
        assert_eq!(Secret::env("CARGO_PKG_NAME").read().as_deref(), Ok("millwork-core"));
        let error = Secret::env("MILLWORK_NO_SUCH_SECRET").read().unwrap_err();
        assert!(error.to_string().contains("`MILLWORK_NO_SUCH_SECRET`"), "{error}");
    }
}
