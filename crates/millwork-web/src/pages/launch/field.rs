//! The fields of a configuration's form, derived from its JSON schema.

use millwork_core::read_config;
use serde_json::{Map, Value};

/// The maximum depth of objects with fields of their own; deeper ones are a single JSON field.
const DEEPEST: usize = 3;

/// A field of a form: one parameter of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// The path of the value: the names of the enclosing objects, and its own.
    pub(super) path: Vec<String>,
    pub(super) kind: Kind,
    pub(super) description: String,
    /// The value that holds if the field is left empty, as text; empty if there is none.
    pub(super) default: String,
    pub(super) required: bool,
}

/// The kind of input.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Text,
    Whole,
    Number,
    Flag,
    /// One of these values.
    Choice(Vec<Value>),
    /// Any other value, as JSON.
    Json,
}

/// The fields of an object's schema, including those of nested objects.
pub(super) fn fields(schema: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    collect(schema, schema, &[], &Value::Null, &mut fields);
    fields
}

fn collect(root: &Value, schema: &Value, path: &[String], defaults: &Value, fields: &mut Vec<Field>) {
    let schema = resolved(root, schema);
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let (target, is_nullable) = without_null(root, property);
        let path: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
        let default = property.get("default").or_else(|| defaults.get(name)).cloned().unwrap_or(Value::Null);
        if target["properties"].is_object() && path.len() < DEEPEST && !is_nullable {
            collect(root, target, &path, &default, fields);
            continue;
        }
        let description = property["description"].as_str().or(target["description"].as_str());
        fields.push(Field {
            path,
            kind: kind(target),
            description: description.unwrap_or_default().to_owned(),
            default: if default.is_null() { String::new() } else { text(&default) },
            required: required.contains(&Value::String(name.clone())) && default.is_null(),
        });
    }
}

/// The schema that a reference resolves to.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|reference| root.pointer(reference.strip_prefix('#')?));
    target.unwrap_or(schema)
}

/// The schema without null, and whether null is allowed.
fn without_null<'a>(root: &'a Value, schema: &'a Value) -> (&'a Value, bool) {
    let schema = resolved(root, schema);
    let several = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
    let is_null = |schema: &&Value| schema["type"] == "null";
    let others: Vec<&Value> = several.into_iter().flatten().filter(|schema| !is_null(schema)).collect();
    match (several, others.as_slice()) {
        (Some(all), [one]) => (resolved(root, one), all.len() > 1),
        _ => (schema, schema["type"].as_array().is_some_and(|types| types.contains(&"null".into()))),
    }
}

fn kind(schema: &Value) -> Kind {
    if let Some(values) = choices(schema) {
        return Kind::Choice(values);
    }
    let is_a = |name: &str| {
        let types = &schema["type"];
        types == name
            || types.as_array().is_some_and(|types| {
                types.iter().all(|one| one == name || one == "null") && types.contains(&name.into())
            })
    };
    match () {
        () if is_a("string") => Kind::Text,
        () if is_a("integer") => Kind::Whole,
        () if is_a("number") => Kind::Number,
        () if is_a("boolean") => Kind::Flag,
        () => Kind::Json,
    }
}

/// The values of an enumeration, also if each has a schema of its own.
fn choices(schema: &Value) -> Option<Vec<Value>> {
    if let Some(values) = schema["enum"].as_array() {
        return Some(values.iter().filter(|value| !value.is_null()).cloned().collect());
    }
    let described = schema["oneOf"].as_array()?;
    described.iter().map(|one| one.get("const").cloned()).collect()
}

/// A value as the text of its field.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Field {
    /// The field with its value in a standing configuration as the default.
    pub(super) fn standing(mut self, standing: &Value) -> Self {
        let value = self.path.iter().try_fold(standing, |value, name| value.get(name));
        if let Some(value) = value.filter(|value| !value.is_null()) {
            (self.default, self.required) = (text(value), false);
        }
        self
    }

    /// The value of a field's text; `None` if it is empty, so that the default applies.
    pub(super) fn read(&self, text: &str) -> Result<Option<Value>, String> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return if self.required { Err("a value is required".to_owned()) } else { Ok(None) };
        }
        let json = || read_config(trimmed);
        let value = match &self.kind {
            Kind::Text => Value::String(text.to_owned()),
            Kind::Whole => json()
                .ok()
                .filter(|value| value.is_i64() || value.is_u64())
                .ok_or("a whole number is expected")?,
            Kind::Number => json().ok().filter(Value::is_number).ok_or("a number is expected")?,
            Kind::Flag => json().ok().filter(Value::is_boolean).ok_or("true or false is expected")?,
            Kind::Choice(values) => {
                let chosen = values.iter().find(|value| self::text(value) == trimmed);
                chosen.cloned().ok_or("the value is not one of the choices")?
            }
            Kind::Json => json().map_err(|error| format!("the value is not JSON: {error}"))?,
        };
        Ok(Some(value))
    }
}

/// Sets a value within nested objects, which are created if they are missing.
pub(super) fn set(config: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            config.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let inner = config.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Some(inner) = inner.as_object_mut() {
                set(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "required": ["url"],
            "properties": {
                "url": { "type": "string", "description": "Where from." },
                "items": { "type": "integer", "default": 500 },
                "rate": { "type": ["number", "null"], "default": null },
                "fresh": { "type": "boolean", "default": false },
                "backend": { "$ref": "#/$defs/Backend", "default": "embedded" },
                "split": { "$ref": "#/$defs/Split" },
                "words": { "type": "array", "items": { "type": "string" } },
                "limit": { "anyOf": [{ "type": "integer" }, { "type": "null" }] }
            },
            "$defs": {
                "Backend": { "oneOf": [{ "const": "embedded" }, { "const": "native" }] },
                "Split": { "type": "object", "properties": { "seed": { "type": "integer", "default": 42 } } }
            }
        })
    }

    fn field(path: &str) -> Field {
        let found = fields(&schema()).into_iter().find(|field| field.path.join("/") == path);
        found.unwrap_or_else(|| panic!("no field {path}"))
    }

    #[test]
    fn each_property_is_a_field() {
        for (path, kind, default, required) in [
            ("url", Kind::Text, "", true),
            ("items", Kind::Whole, "500", false),
            ("rate", Kind::Number, "", false),
            ("fresh", Kind::Flag, "false", false),
            ("backend", Kind::Choice(vec!["embedded".into(), "native".into()]), "embedded", false),
            ("split/seed", Kind::Whole, "42", false),
            ("words", Kind::Json, "", false),
            ("limit", Kind::Whole, "", false),
        ] {
            let field = field(path);
            assert_eq!(
                (field.kind, field.default.as_str(), field.required),
                (kind, default, required),
                "{path}"
            );
        }
    }

    #[test]
    fn texts_are_read_by_kind() {
        for (path, text, expected) in [
            ("url", " http://a ", Ok(Some(json!(" http://a ")))),
            ("url", " ", Err("a value is required".to_owned())),
            ("items", "12", Ok(Some(json!(12)))),
            ("items", "", Ok(None)),
            ("items", "1.5", Err("a whole number is expected".to_owned())),
            ("rate", "1e-3", Ok(Some(json!(0.001)))),
            ("rate", "\"1\"", Err("a number is expected".to_owned())),
            ("fresh", "true", Ok(Some(json!(true)))),
            ("backend", "native", Ok(Some(json!("native")))),
            ("backend", "other", Err("the value is not one of the choices".to_owned())),
            ("words", "[\"a\"]", Ok(Some(json!(["a"])))),
        ] {
            assert_eq!(field(path).read(text), expected, "{path} {text:?}");
        }
        let mut config = Map::new();
        set(&mut config, &["split".to_owned(), "seed".to_owned()], json!(7));
        assert_eq!(Value::Object(config), json!({ "split": { "seed": 7 } }));
    }
}
