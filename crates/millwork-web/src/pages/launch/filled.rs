//! The submitted form, and the configuration and tags that it gives.

use std::collections::BTreeMap;

use millwork_core::read_config;
use serde_json::{Map, Value};

use super::field::{Field, set};

/// The prefix of the names of configuration fields; the step and the field's path follow, divided by slashes.
const CONFIG: &str = "config:";

/// The submitted form.
#[derive(Clone, Debug, Default)]
pub(super) struct Filled {
    fields: BTreeMap<String, String>,
}

/// The configuration and tags of a form, with the errors in it.
#[derive(Debug, Default)]
pub(super) struct Meant {
    pub(super) config: Map<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
    /// The errors, by the field's name.
    pub(super) problems: BTreeMap<String, String>,
}

/// The name of a field in the form.
pub(super) fn name(step: &str, field: &Field) -> String {
    format!("{CONFIG}{step}:{}", field.path.join("/"))
}

impl Filled {
    pub(super) fn new(fields: Vec<(String, String)>) -> Self {
        Self { fields: fields.into_iter().collect() }
    }

    /// The text that was submitted for a field.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The configuration of these steps, on top of what was written as JSON, and the tags.
    pub(super) fn meant(&self, steps: &[(String, Vec<Field>)]) -> Meant {
        let mut meant = Meant::default();
        let json = self.text("json").trim();
        let written = read_config(if json.is_empty() { "{}" } else { json });
        match written.and_then(serde_json::from_value::<Map<String, Value>>) {
            Ok(config) => meant.config = config,
            Err(error) => meant.problem("json", format!("expected a JSON object by step: {error}")),
        }
        for (step, fields) in steps {
            for field in fields {
                self.read(step, field, json.is_empty(), &mut meant);
            }
        }
        for line in self.text("tags").lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
                Some((key, value)) if !key.is_empty() => {
                    if meant.tags.insert(key.to_owned(), value.to_owned()).is_some() {
                        meant.problem("tags", format!("the tag `{key}` is given twice"));
                    }
                }
                _ => meant.problem("tags", format!("`{line}` is not written as key=value")),
            }
        }
        meant
    }

    fn read(&self, step: &str, field: &Field, is_whole: bool, meant: &mut Meant) {
        let name = name(step, field);
        match field.read(self.text(&name)) {
            Ok(None) => {}
            Ok(Some(value)) => {
                let of_step =
                    meant.config.entry(step.to_owned()).or_insert_with(|| Value::Object(Map::new()));
                if let Some(of_step) = of_step.as_object_mut() {
                    set(of_step, &field.path, value);
                }
            }
            // The value may be given in the JSON.
            Err(_) if !is_whole && self.text(&name).trim().is_empty() => {}
            Err(problem) => meant.problem(&name, problem),
        }
    }
}

impl Meant {
    fn problem(&mut self, name: &str, problem: String) {
        self.problems.insert(name.to_owned(), problem);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::field::fields;
    use super::*;

    #[test]
    fn fields_and_json_make_one_configuration() {
        let schema =
            json!({ "properties": { "items": { "type": "integer" }, "seed": { "type": "integer" } } });
        let steps = [("stories".to_owned(), fields(&schema))];
        let filled = |fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            Filled::new(fields.collect()).meant(&steps)
        };
        let meant = filled(&[
            ("config:stories:items", "5"),
            ("json", r#"{"stories": {"items": 9, "seed": 1}}"#),
            ("tags", "team=ranking\n\n why = not "),
        ]);
        assert_eq!(Value::Object(meant.config), json!({ "stories": { "items": 5, "seed": 1 } }));
        assert_eq!(
            meant.tags,
            [("team", "ranking"), ("why", "not")].map(|(a, b)| (a.into(), b.into())).into()
        );
        assert!(meant.problems.is_empty());
        let meant = filled(&[("tags", "team=ranking\nteam = search")]);
        assert_eq!(meant.problems["tags"], "the tag `team` is given twice");
        let meant = filled(&[("config:stories:items", "five"), ("json", "[]"), ("tags", "team")]);
        assert_eq!(meant.problems.keys().collect::<Vec<_>>(), ["config:stories:items", "json", "tags"]);
    }
}
