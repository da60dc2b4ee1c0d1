//! Filters by a recorded configuration, written as in `rounds=40`.

use std::borrow::Cow;
use std::str::FromStr;

use serde_json::Value;
use thiserror::Error;

use super::config_change::are_same;
use super::{RecordedConfig, read_config};
use crate::problem::{Advice, ErrorClass};

/// A field of a configuration, and the value that it has to have.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigFilter {
    /// The names that lead to the field, from the outside in; an item of a list is named by its number, from 0.
    pub path: Vec<String>,
    /// Its value.
    pub value: Value,
}

impl ConfigFilter {
    /// Whether a step ran with this value of the field. What was recorded without a configuration never matches.
    pub fn matches(&self, config: Option<&RecordedConfig>) -> bool {
        let field = config.and_then(|config| {
            self.path.iter().try_fold(&config.effective, |value, name| match value {
                Value::Object(fields) => fields.get(name),
                Value::Array(items) => items.get(name.parse::<usize>().ok()?),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            })
        });
        field.is_some_and(|field| are_same(field, &self.value))
    }
}

impl FromStr for ConfigFilter {
    type Err = ConfigFilterError;

    /// Reads `FIELD=VALUE`: names with dots between them, and JSON or text, as in `--set`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || ConfigFilterError { text: text.to_owned() };
        let (path, value) = split_assignment(text).ok_or_else(invalid)?;
        let path = names_of_path(path);
        if path.iter().any(String::is_empty) {
            return Err(invalid());
        }
        Ok(Self { path, value: read_config(value).unwrap_or_else(|_| value.into()) })
    }
}

/// A filter isn't written as `FIELD=VALUE`.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{text}` is not a field of a configuration with its value")]
pub struct ConfigFilterError {
    /// What is written instead.
    pub text: String,
}

impl Advice for ConfigFilterError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some("write `FIELD=VALUE`, as in `rounds=40` or `tree.depth=6`".into())
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

/// The text before and after the first `=` outside of quotes; `None` if there is no `=`.
pub fn split_assignment(text: &str) -> Option<(&str, &str)> {
    let mut is_quoted = false;
    for (at, char) in text.char_indices() {
        match char {
            '"' => is_quoted = !is_quoted,
            '=' if !is_quoted => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

/// The names between dots outside of quotes.
pub fn names_of_path(path: &str) -> Vec<String> {
    let (mut names, mut is_quoted) = (vec![String::new()], false);
    for char in path.chars() {
        match (char, names.last_mut()) {
            ('"', _) => is_quoted = !is_quoted,
            ('.', _) if !is_quoted => names.push(String::new()),
            (char, Some(name)) => name.push(char),
            (_, None) => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_of_what_was_recorded() {
        let effective = json!({ "rounds": 40, "share": 0.1, "tree": { "depth": 6 }, "by": "time", "layers": [64, 32], "a.b": 1 });
        let recorded = RecordedConfig { effective, standing: None };
        for (filter, expected) in [
            ("rounds=40", true),
            ("rounds=40.0", true),
            ("rounds=\"40\"", false),
            ("rounds=20", false),
            ("share=0.1", true),
            ("tree.depth=6", true),
            ("tree={\"depth\":6}", true),
            ("by=time", true),
            ("by=\"time\"", true),
            ("layers.1=32", true),
            ("layers.2=32", false),
            ("layers=[64,32]", true),
            ("\"a.b\"=1", true),
            ("a.b=1", false),
            ("rounds.depth=1", false),
            ("gone=null", false),
        ] {
            let read: ConfigFilter = filter.parse().unwrap();
            assert_eq!(read.matches(Some(&recorded)), expected, "{filter}");
            assert!(!read.matches(None));
        }
    }

    #[test]
    fn what_is_no_filter() {
        for text in ["", "rounds", "=1", "tree.=1", ".depth=1"] {
            assert!(text.parse::<ConfigFilter>().is_err(), "{text}");
        }
    }
}
