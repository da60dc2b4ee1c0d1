//! The differences of two configurations.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// The longest text of a value, in characters; a longer one is shortened.
const LONGEST: usize = 40;

/// A field that two configurations have with different values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigChange {
    /// The names that lead to the field, with dots between them; one that isn't plain is in quotes. Items of a list are numbered from 0.
    pub field: String,
    /// Its value in the first; `None` if it isn't there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// Its value in the second; `None` if it isn't there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

impl ConfigChange {
    /// The first value in a few words.
    pub fn from_words(&self) -> String {
        words(self.from.as_ref())
    }

    /// The second value in a few words.
    pub fn to_words(&self) -> String {
        words(self.to.as_ref())
    }
}

impl fmt::Display for ConfigChange {
    /// As in `rounds 20 → 40`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} → {}", self.field, self.from_words(), self.to_words())
    }
}

/// What differs between two configurations, by field: objects are compared field by field, lists of one length item by item.
///
/// Numbers are compared by value, so that 1 is 1.0; and up to the precision of stored JSON, whose last digit may change when it is read.
///
/// ```
/// use millwork_core::config_changes;
/// use serde_json::json;
///
/// let changes = config_changes(&json!({"rounds": 20, "tree": {"depth": 6}}), &json!({"rounds": 40, "tree": {"depth": 6.0}}));
/// assert_eq!(changes[0].to_string(), "rounds 20 → 40");
/// assert_eq!(changes.len(), 1);
/// ```
pub fn config_changes(from: &Value, to: &Value) -> Vec<ConfigChange> {
    let mut changes = Vec::new();
    compare(&mut Vec::new(), Some(from), Some(to), &mut changes);
    changes
}

fn compare(
    path: &mut Vec<String>,
    from: Option<&Value>,
    to: Option<&Value>,
    changes: &mut Vec<ConfigChange>,
) {
    match (from, to) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for (name, value) in before {
                path.push(name.clone());
                compare(path, Some(value), after.get(name), changes);
                path.pop();
            }
            for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
                path.push(name.clone());
                compare(path, None, Some(value), changes);
                path.pop();
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                path.push(index.to_string());
                compare(path, Some(before), Some(after), changes);
                path.pop();
            }
        }
        (Some(before), Some(after)) if are_same(before, after) => {}
        (from, to) => {
            changes.push(ConfigChange { field: path_text(path), from: from.cloned(), to: to.cloned() });
        }
    }
}

/// Whether two values are the same configuration.
pub(super) fn are_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            if one == other {
                return true;
            }
            // Whole numbers are exact, also those that a float can't hold.
            if !one.is_f64() && !other.is_f64() {
                return false;
            }
            let (Some(one), Some(other)) = (one.as_f64(), other.as_f64()) else { return false };
            (one - other).abs() <= 4.0 * f64::EPSILON * one.abs().max(other.abs())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| are_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| are_same(value, other)))
        }
        (one, other) => one == other,
    }
}

/// Names with dots between them; one that has a dot or other marks of its own is in quotes.
pub(super) fn path_text(path: &[String]) -> String {
    let is_plain = |name: &str| {
        !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '-'))
    };
    let names = path.iter().map(|name| match is_plain(name) {
        true => Cow::Borrowed(name.as_str()),
        false => Cow::Owned(format!("{name:?}")),
    });
    names.collect::<Vec<_>>().join(".")
}

/// A value in a few words: a plain text without quotes, anything else as JSON; `unset` for one that isn't there.
pub(super) fn words(value: Option<&Value>) -> String {
    let text = match value {
        None => return "unset".to_owned(),
        Some(Value::String(text)) if is_plain_text(text) => text.clone(),
        Some(value) => value.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// Whether a text can't be taken for another value, or for the end of one.
fn is_plain_text(text: &str) -> bool {
    let is_plain = |char: char| char.is_alphanumeric() || "_-./:+ ".contains(char);
    text.trim() == text
        && !text.is_empty()
        && text != "unset"
        && text.chars().all(is_plain)
        && serde_json::from_str::<Value>(text).is_err()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "configurations of tests are written on the spot")]
    fn check(from: Value, to: Value, expected: &[&str]) {
        let changes: Vec<_> = config_changes(&from, &to).iter().map(ToString::to_string).collect();
        assert_eq!(changes, expected);
    }

    #[test]
    fn fields_that_differ() {
        check(json!({}), json!({}), &[]);
        check(json!({ "rounds": 20, "a": 1 }), json!({ "rounds": 40, "a": 1 }), &["rounds 20 → 40"]);
        check(
            json!({ "tree": { "depth": 6, "leaf": 1 } }),
            json!({ "tree": { "depth": 8, "leaf": 1 } }),
            &["tree.depth 6 → 8"],
        );
        check(json!({ "by": "time" }), json!({ "by": "age" }), &["by time → age"]);
        check(json!({ "a": 1 }), json!({ "b": 2 }), &["a 1 → unset", "b unset → 2"]);
        check(json!({ "a": null }), json!({}), &["a null → unset"]);
        check(json!({ "a": { "b": 1 } }), json!({ "a": 1 }), &["a {\"b\":1} → 1"]);
    }

    #[test]
    fn numbers_are_compared_by_value() {
        check(json!({ "a": 1, "b": [1, 2] }), json!({ "a": 1.0, "b": [1.0, 2.0] }), &[]);
        check(json!(0.3), json!(0.1 + 0.2), &[]);
        check(json!({ "a": 1 }), json!({ "a": 1.000_001 }), &["a 1 → 1.000001"]);
        check(json!({ "a": 0.0 }), json!({ "a": 1e-300 }), &["a 0.0 → 1e-300"]);
        let big = u64::MAX;
        check(json!({ "a": big }), json!({ "a": big - 1 }), &[&format!("a {big} → {}", big - 1)]);
        check(json!({ "a": -1 }), json!({ "a": big }), &[&format!("a -1 → {big}")]);
        check(json!({ "a": 1 }), json!({ "a": "1" }), &["a 1 → \"1\""]);
        check(json!({ "a": 1 }), json!({ "a": true }), &["a 1 → true"]);
    }

    #[test]
    fn lists_of_one_length_are_compared_item_by_item() {
        check(json!({ "layers": [64, 32] }), json!({ "layers": [64, 16] }), &["layers.1 32 → 16"]);
        check(json!({ "layers": [64] }), json!({ "layers": [64, 16] }), &["layers [64] → [64,16]"]);
        check(json!({ "a": [{ "n": 1 }] }), json!({ "a": [{ "n": 2 }] }), &["a.0.n 1 → 2"]);
    }

    #[test]
    fn texts_that_could_be_taken_for_something_else_are_in_quotes() {
        for (text, expected) in [
            ("time", "time"),
            ("https://example.org/x", "https://example.org/x"),
            ("40", "\"40\""),
            ("true", "\"true\""),
            ("unset", "\"unset\""),
            ("", "\"\""),
            (" a", "\" a\""),
            ("a, b 1 → 2", "\"a, b 1 → 2\""),
            ("two\nlines", "\"two\\nlines\""),
        ] {
            assert_eq!(words(Some(&text.into())), expected);
        }
        check(json!({ "a.b": 1, "c d": 1 }), json!({}), &["\"a.b\" 1 → unset", "\"c d\" 1 → unset"]);
    }

    #[test]
    fn long_values_are_shortened() {
        let long = words(Some(&"x".repeat(100).into()));
        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.ends_with("x…"), "{long}");
    }
}
