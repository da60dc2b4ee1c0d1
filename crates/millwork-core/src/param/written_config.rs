//! Configuration as people write it: JSON in which no name occurs twice in an object. Of two values one would hold, and the other would
//! silently be none.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads configuration, or a part of it, that is written as JSON.
///
/// # Errors
///
/// When it is no JSON, or an object of it has a name twice.
pub fn read_config(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str::<Written>(text).map(|written| written.0)
}

/// Deserializes configuration that is part of another type, for `#[serde(deserialize_with = …)]`.
///
/// # Errors
///
/// As [`read_config`].
pub fn deserialize_config<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Ok(Option::<Written>::deserialize(deserializer)?.map(|written| written.0))
}

struct Written(Value);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WrittenVisitor)
    }
}

struct WrittenVisitor;

impl<'de> Visitor<'de> for WrittenVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Written, E> {
        Ok(Written(Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Written, E> {
        Ok(Written(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Written, E> {
        Ok(Written(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Written, E> {
        Ok(Written(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Written, E> {
        Ok(Written(value.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Written, E> {
        Ok(Written(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Written, A::Error> {
        let mut items = Vec::new();
        while let Some(Written(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Written(items.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Written, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format!("`{name}` is given twice")));
            }
            let Written(value) = access.next_value()?;
            fields.insert(name, value);
        }
        Ok(Written(fields.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_once_is_read_as_any_json() {
        for text in [
            "null",
            "true",
            "-3",
            "18446744073709551615",
            "0.25",
            "\"x\"",
            "[1,[],{}]",
            "{\"a\":{\"b\":[null]},\"b\":1}",
        ] {
            let expected: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(read_config(text).expect("configuration"), expected, "{text}");
        }
        assert!(read_config("{").is_err());
    }

    #[test]
    fn a_name_is_given_once() {
        for text in ["{\"a\":1,\"a\":1}", "{\"b\":{\"a\":{}, \"a\":{}}}", "[{\"a\":1,\"b\":2,\"a\":3}]"] {
            let refused = read_config(text).map_err(|error| error.to_string());
            assert!(
                refused.as_ref().is_err_and(|error| error.starts_with("`a` is given twice")),
                "{refused:?}"
            );
        }
    }
}
