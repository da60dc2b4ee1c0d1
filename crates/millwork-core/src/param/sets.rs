//! Sets in configurations: their items have no order, so they are recorded in one.
//!
//! A `HashSet` is written in another order by each process, and the lists of two processes would differ where nothing has changed. JSON has
//! no sets, but the schema says where a list has no duplicates (`uniqueItems`), as it does for the sets of the standard library.

use serde_json::Value;

/// How deep schemas are followed, for those that refer to themselves.
pub(super) const DEEPEST: usize = 128;

/// Sorts the lists that are sets by the schema, by the text of their items.
pub(super) fn sort_sets(schema: &Value, value: &mut Value) {
    sort_within(schema, schema, value, 0);
}

fn sort_within(root: &Value, schema: &Value, value: &mut Value, depth: usize) {
    if depth == DEEPEST {
        return;
    }
    let within = |schema: &Value, value: &mut Value| sort_within(root, schema, value, depth + 1);
    if let Some(target) = referenced(root, schema) {
        within(target, value);
    }
    for word in ["allOf", "anyOf", "oneOf"] {
        schema[word].as_array().into_iter().flatten().for_each(|part| within(part, value));
    }
    if let Value::Object(fields) = value {
        for (name, field) in fields {
            let of_field = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
            within(of_field, field);
        }
    } else if let Value::Array(items) = value {
        items.iter_mut().for_each(|item| within(&schema["items"], item));
        if schema["uniqueItems"] == true {
            items.sort_by_cached_key(ToString::to_string);
        }
    }
}

/// What a schema refers to, if it does.
pub(super) fn referenced<'s>(root: &'s Value, schema: &Value) -> Option<&'s Value> {
    root.pointer(schema["$ref"].as_str()?.strip_prefix('#')?)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use schemars::JsonSchema;
    use serde_json::json;

    use super::*;

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only the schema is used")]
    struct Config {
        words: HashSet<String>,
        layers: Vec<u32>,
        inner: Option<Inner>,
        by_name: BTreeMap<String, HashSet<u8>>,
        pairs: HashSet<Vec<u8>>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only the schema is used")]
    struct Inner {
        columns: HashSet<String>,
        next: Option<Box<Inner>>,
    }

    #[test]
    fn sets_are_sorted_and_lists_are_left_alone() {
        let schema = schemars::schema_for!(Config).to_value();
        let mut value = json!({
            "words": ["b", "a"],
            "layers": [64, 32],
            "inner": { "columns": ["d", "c"], "next": { "columns": ["f", "e"], "next": null } },
            "by_name": { "x": [2, 1] },
            "pairs": [[2, 1], [1, 2]],
            "unknown": ["b", "a"],
        });
        sort_sets(&schema, &mut value);
        let expected = json!({
            "words": ["a", "b"],
            "layers": [64, 32],
            "inner": { "columns": ["c", "d"], "next": { "columns": ["e", "f"], "next": null } },
            "by_name": { "x": [1, 2] },
            "pairs": [[1, 2], [2, 1]],
            "unknown": ["b", "a"],
        });
        assert_eq!(value, expected);
    }
}
