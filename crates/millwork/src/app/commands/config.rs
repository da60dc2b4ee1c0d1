//! A run's configuration from a file and from `--set`.

use std::path::Path;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use millwork_core::graph::AssetGraph;
use millwork_core::{ErrorClass, Problem, merge_config, names_of_path, read_config, split_assignment};
use serde_json::{Map, Value};

use crate::app::failure::Failure;

#[derive(Debug, Args)]
pub(super) struct ConfigArguments {
    /// Read the configuration of this run from a TOML or JSON file: an object by step name, over the standing configuration
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Override one parameter for this run, which makes nothing stale; the value is JSON or, if it isn't valid JSON, text
    #[arg(long = "set", value_name = "STEP.PARAMETER=VALUE")]
    pub(super) set: Vec<String>,
}

/// Merges the configuration: the file, then each `--set`, later ones over earlier ones.
pub(super) fn config(arguments: &ConfigArguments, graph: &AssetGraph) -> Result<Value, Failure> {
    let mut config = Value::Object(Map::new());
    if let Some(path) = &arguments.config {
        let read = read(path).map_err(|error| Failure::of(ErrorClass::Usage, error.as_ref()))?;
        merge_config(&mut config, read);
    }
    for set in &arguments.set {
        let (path, value) = assignment(set, |step| graph.step_index(step).is_some())?;
        let nested =
            path.into_iter().rev().fold(value, |value, name| Value::Object(Map::from_iter([(name, value)])));
        merge_config(&mut config, nested);
    }
    Ok(config)
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read the configuration `{shown}`"))?;
    // The byte order mark, which some editors write.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let parsed = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => from_toml(text),
        Some("json") => read_config(text).map_err(anyhow::Error::from),
        _ => bail!("the configuration `{shown}` is neither a `.toml` nor a `.json` file"),
    };
    parsed.with_context(|| format!("failed to parse the configuration `{shown}`"))
}

/// Reads TOML as JSON. Dates and times become strings.
fn from_toml(text: &str) -> anyhow::Result<Value> {
    let table: toml::Table = toml::from_str(text)?;
    as_json(toml::Value::Table(table), &mut Vec::new())
}

/// A value as JSON; `path` leads to it.
fn as_json(value: toml::Value, path: &mut Vec<String>) -> anyhow::Result<Value> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(at) => at.to_string().into(),
        toml::Value::Float(number) if number.is_finite() => number.into(),
        toml::Value::Float(number) => {
            bail!("`{}` is {number}, which is not a finite number", path.join("."))
        }
        toml::Value::Array(items) => {
            let items = items.into_iter().enumerate();
            items.map(|(index, item)| below(item, index.to_string(), path)).collect::<anyhow::Result<_>>()?
        }
        toml::Value::Table(fields) => {
            let field = |(name, value): (String, toml::Value)| Ok((name.clone(), below(value, name, path)?));
            Value::Object(fields.into_iter().map(field).collect::<anyhow::Result<_>>()?)
        }
    })
}

fn below(value: toml::Value, name: String, path: &mut Vec<String>) -> anyhow::Result<Value> {
    path.push(name);
    let value = as_json(value, path)?;
    path.pop();
    Ok(value)
}

/// Reads `step.parameter=value`. The step is the longest name there is, since names may have dots; quotes make any text one
/// name.
fn assignment(text: &str, is_step: impl Fn(&str) -> bool) -> Result<(Vec<String>, Value), Failure> {
    let wrong = |what: &str| {
        let problem = Problem::new(format!("`{text}` {what}"));
        Failure::usage(problem.with_hint("write `--set STEP.PARAMETER=VALUE`"))
    };
    let Some((path, value)) = split_assignment(text) else {
        return Err(wrong("has no value"));
    };
    let names = names_of_path(path);
    let of_step = (1..names.len()).rev().find(|end| is_step(&names[..*end].join("."))).unwrap_or(1);
    let path: Vec<String> =
        std::iter::once(names[..of_step].join(".")).chain(names[of_step..].iter().cloned()).collect();
    if path.len() < 2 || path.iter().any(String::is_empty) {
        return Err(wrong("names no parameter"));
    }
    match read_config(value) {
        Ok(value) => Ok((path, value)),
        // The value is JSON with a duplicate name.
        Err(error) if error.is_data() => Err(wrong(&format!("can't be read: {error}"))),
        Err(_) => Ok((path, value.into())),
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::{AssetDefinition, Definitions};
    use serde_json::json;

    use super::*;

    fn check(set: &[&str], expected: Result<Value, &str>) {
        let arguments = ConfigArguments { config: None, set: set.iter().map(ToString::to_string).collect() };
        let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
        let steps = ["split", "model-v1", "model-v1.2"].map(asset);
        let pipeline = Definitions::new().assets(steps).resolve().expect("definitions that fit together");
        assert_eq!(
            config(&arguments, pipeline.graph()).map_err(|failure| failure.message().to_owned()),
            expected.map_err(str::to_owned)
        );
    }

    fn check_file(name: &str, content: &str, expected: Result<Value, &str>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        let told = read(&path).map_err(|error| error.root_cause().to_string());
        assert_eq!(told, expected.map_err(str::to_owned), "{content}");
    }

    #[test]
    fn files() {
        let whole = serde_json::json!({ "a": { "n": 1, "on": true, "list": [0.5, "x"] } });
        for mark in ["", "\u{feff}"] {
            check_file("c.json", &format!("{mark}{whole}"), Ok(whole.clone()));
            let toml = "[a]\nn = 1\non = true\nlist = [0.5, \"x\"]\n";
            check_file("c.toml", &format!("{mark}{toml}"), Ok(whole.clone()));
        }
    }

    #[test]
    fn dates_and_times_of_toml_are_texts() {
        for text in ["2024-03-01", "2024-03-01T10:20:30Z", "2024-03-01T10:20:30.5+02:00", "10:20:30"] {
            let expected = serde_json::json!({ "a": { "since": text, "each": [text] } });
            check_file("c.toml", &format!("[a]\nsince = {text}\neach = [{text}]"), Ok(expected));
        }
    }

    #[test]
    fn numbers_that_json_cannot_hold_are_refused() {
        let problem = |path, number| format!("`{path}` is {number}, which is not a finite number");
        check_file("c.toml", "[a]\nmax_error = inf", Err(&problem("a.max_error", "inf")));
        check_file("c.toml", "[a]\nlist = [1.0, -inf]", Err(&problem("a.list.1", "-inf")));
        check_file("c.toml", "[a.b]\nc = nan", Err(&problem("a.b.c", "NaN")));
        check_file("c.json", "{\"a\": 1e999}", Err("number out of range at line 1 column 11"));
    }

    #[test]
    fn settings() {
        let seed = |seed: Value| json!({ "split": { "seed": seed } });
        check(&[], Ok(json!({})));
        check(&["split.seed=7"], Ok(seed(7.into())));
        check(&["split.seed=7", "split.seed=8"], Ok(seed(8.into())));
        check(&["split.seed=7", "split.share=0.2"], Ok(json!({ "split": { "seed": 7, "share": 0.2 } })));
        check(&["split.seed=abc"], Ok(seed("abc".into())));
        check(&["split.seed=a=b"], Ok(seed("a=b".into())));
        check(&["split.seed=[1,2]"], Ok(seed(json!([1, 2]))));
        check(&["split.source.url=x"], Ok(json!({ "split": { "source": { "url": "x" } } })));
        check(&["split.source=a b"], Ok(json!({ "split": { "source": "a b" } })));
        check(&["seed=1"], Err("`seed=1` names no parameter"));
        check(&["split.seed"], Err("`split.seed` has no value"));
        check(&["split.=1"], Err("`split.=1` names no parameter"));
    }

    #[test]
    fn a_name_is_given_once() {
        let set = assignment("split.source={\"a\":1,\"a\":2}", |_| false).map(drop);
        let told = set.expect_err("a refusal").message().to_owned();
        assert!(told.contains("can't be read: `a` is given twice"), "{told}");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.json");
        std::fs::write(&path, "{\"a\":1,\"a\":2}").expect("a file");
        let told = read(&path).expect_err("a refusal").root_cause().to_string();
        assert!(told.starts_with("`a` is given twice"), "{told}");
    }

    #[test]
    fn steps_with_dots() {
        check(&["model-v1.2.rows=3"], Ok(json!({ "model-v1.2": { "rows": 3 } })));
        check(&["model-v1.rows=3"], Ok(json!({ "model-v1": { "rows": 3 } })));
        check(&["\"model-v9.9\".rows=3"], Ok(json!({ "model-v9.9": { "rows": 3 } })));
        check(&["split.\"a.b=c\"=3"], Ok(json!({ "split": { "a.b=c": 3 } })));
        check(&["\"model-v1.2\"=3"], Err("`\"model-v1.2\"=3` names no parameter"));
        check(&["model-v1.2=3"], Ok(json!({ "model-v1": { "2": 3 } })));
    }
}
