//! Defaults inside of defaults: what a struct's default has in its nested structs.
//!
//! A field's own type doesn't know the default of the struct around it: of `{"params": {"max_depth": 6}}`, it would fill up `params` with
//! defaults of its own, and what the outer default had there would be lost. So fields that aren't written are added before the type reads the
//! object. An enum is one alternative or another, and a map has the keys that are written: nothing is added to them.

use serde_json::{Map, Value};

use super::sets::{DEEPEST, referenced};

/// Adds to the nested structs of a configuration what they don't have and the default of the whole has, by the schema.
pub(super) fn add_nested_defaults(schema: &Value, config: &mut Value, defaults: &Value) {
    let (Some(fields), Some(defaults)) = (config.as_object_mut(), defaults.as_object()) else { return };
    for (name, property) in properties(schema, schema) {
        if let (Some(field), Some(default)) = (fields.get_mut(name), defaults.get(name)) {
            fill_up(schema, property, field, default, 0);
        }
    }
}

fn fill_up(root: &Value, schema: &Value, value: &mut Value, default: &Value, depth: usize) {
    let (Some(fields), Some(defaults), true) = (value.as_object_mut(), default.as_object(), depth < DEEPEST)
    else {
        return;
    };
    for (name, property) in properties(root, schema) {
        let Some(default) = defaults.get(name) else { continue };
        match fields.get_mut(name) {
            Some(field) => fill_up(root, property, field, default, depth + 1),
            None => drop(fields.insert(name.clone(), default.clone())),
        }
    }
}

/// The fields of a struct, also of an optional one; none of anything else.
fn properties<'s>(root: &'s Value, schema: &'s Value) -> impl Iterator<Item = (&'s String, &'s Value)> {
    let mut schema = schema;
    for _ in 0..DEEPEST {
        let parts = ["allOf", "anyOf", "oneOf"].iter().flat_map(|word| schema[*word].as_array()).flatten();
        let mut alternatives = parts.filter(|part| part["type"] != "null");
        schema = match (referenced(root, schema), alternatives.next()) {
            (Some(target), _) => target,
            (None, Some(only)) if alternatives.next().is_none() && schema["properties"].is_null() => only,
            // Alternatives, in which a field of one isn't one of another.
            (None, Some(_)) => &Value::Null,
            (None, None) => break,
        };
    }
    schema["properties"].as_object().into_iter().flat_map(Map::iter)
}
