//! Validating an answer against its schema in the document.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The document, whose objects have no fields but those that it names.
pub(crate) struct Schemas {
    components: Value,
}

impl Schemas {
    pub(crate) fn new(document: &Value) -> Self {
        let mut components = document["components"].clone();
        for schema in components["schemas"].as_object_mut().unwrap().values_mut() {
            close(schema, Place::Part);
        }
        Self { components }
    }

    /// The parts of an answer that don't match a schema of the document.
    pub(crate) fn errors(&self, schema: &Value, answer: &Value) -> Vec<String> {
        let mut root = schema.clone();
        close(&mut root, Place::Whole);
        root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        root["components"] = self.components.clone();
        let validator: Validator = jsonschema::draft202012::new(&root).unwrap();
        validator.iter_errors(answer).map(|error| format!("{error} at `{}`", error.instance_path())).collect()
    }
}

/// The place of a schema in the document.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// It describes a value alone.
    Whole,
    /// Others describe the same value: it is a part of `allOf`, or referred to.
    Part,
}

/// Lets objects have no fields but those that are named, here or in what is referred to.
fn close(schema: &mut Value, place: Place) {
    let Value::Object(fields) = schema else { return };
    for combined in ["allOf", "anyOf", "oneOf"] {
        members(fields, combined).for_each(|member| close(member, Place::Part));
    }
    for nested in ["items", "additionalProperties"] {
        fields.get_mut(nested).into_iter().for_each(|schema| close(schema, Place::Whole));
    }
    let properties = fields.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flat_map(Map::values_mut).for_each(|schema| close(schema, Place::Whole));
    let says_fields =
        ["$ref", "allOf", "anyOf", "oneOf", "properties"].iter().any(|key| fields.contains_key(*key));
    if place == Place::Whole && says_fields && !fields.contains_key("additionalProperties") {
        fields.insert("unevaluatedProperties".to_owned(), false.into());
    }
}

fn members<'a>(fields: &'a mut Map<String, Value>, name: &str) -> impl Iterator<Item = &'a mut Value> {
    fields.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

#[test]
fn a_field_that_is_not_documented_is_found() {
    let base = json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "integer" } } });
    let schemas = Schemas::new(&json!({ "components": { "schemas": { "Base": base } } }));
    let reference = json!({ "$ref": "#/components/schemas/Base" });
    let whole = json!({ "allOf": [reference, { "type": "object", "properties": { "b": reference } }] });
    let check = |answer: Value, is_valid: bool| {
        let errors = schemas.errors(&whole, &answer);
        assert_eq!(errors.is_empty(), is_valid, "{answer}: {errors:?}");
    };
    check(json!({ "a": 1 }), true);
    check(json!({ "a": 1, "b": { "a": 2 } }), true);
    check(json!({ "a": "1" }), false);
    check(json!({ "a": 1, "c": 1 }), false);
    check(json!({ "a": 1, "b": { "a": 2, "c": 1 } }), false);
}
