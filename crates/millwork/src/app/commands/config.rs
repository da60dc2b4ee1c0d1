//! A run's configuration from a file and from `--set`.

use std::path::Path;

use anyhow::{Context as _, bail};
use millwork_core::{ErrorClass, Problem};
use serde_json::{Map, Value};

use crate::app::arguments::ConfigArguments;
use crate::app::failure::Failure;

/// Puts the configuration together: `base` (a job's), then the file, then each `--set`, later ones over earlier ones.
pub(super) fn config(base: Value, arguments: &ConfigArguments) -> Result<Value, Failure> {
    let mut config = base;
    if let Some(path) = &arguments.config {
        let read = read(path).map_err(|error| Failure::of(ErrorClass::Usage, error.as_ref()))?;
        merge(&mut config, read);
    }
    for set in &arguments.set {
        let (path, value) = assignment(set)?;
        let nested = path
            .iter()
            .rev()
            .fold(value, |value, name| Value::Object(Map::from_iter([((*name).to_owned(), value)])));
        merge(&mut config, nested);
    }
    Ok(config)
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read the configuration `{shown}`"))?;
    // What editors of Windows begin a text with.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let parsed = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => from_toml(text),
        Some("json") => serde_json::from_str(text).map_err(anyhow::Error::from),
        _ => bail!("the configuration `{shown}` is neither a `.toml` nor a `.json` file"),
    };
    parsed.with_context(|| format!("failed to parse the configuration `{shown}`"))
}

/// Reads TOML as JSON. Dates and times are texts there.
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

/// Reads `step.parameter=value`.
fn assignment(text: &str) -> Result<(Vec<&str>, Value), Failure> {
    let wrong = |what: &str| {
        let problem = Problem::new(format!("`{text}` {what}"));
        Failure::usage(problem.with_hint("write `--set STEP.PARAMETER=VALUE`"))
    };
    let Some((path, value)) = text.split_once('=') else {
        return Err(wrong("sets nothing"));
    };
    let path: Vec<&str> = path.split('.').collect();
    if path.len() < 2 || path.iter().any(|name| name.is_empty()) {
        return Err(wrong("names no parameter"));
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((path, value))
}

/// Lays `over` over `base`: objects are merged, anything else is replaced.
fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                merge(base.entry(name).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(set: &[&str], expected: Result<Value, &str>) {
        let arguments = ConfigArguments { config: None, set: set.iter().map(ToString::to_string).collect() };
        let base = serde_json::json!({ "split": { "seed": 1, "share": 0.2 } });
        assert_eq!(
            config(base, &arguments).map_err(|failure| failure.message().to_owned()),
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
        let with_seed = |seed: Value| serde_json::json!({ "split": { "seed": seed, "share": 0.2 } });
        check(&[], Ok(with_seed(1.into())));
        check(&["split.seed=7"], Ok(with_seed(7.into())));
        check(&["split.seed=7", "split.seed=8"], Ok(with_seed(8.into())));
        check(&["split.seed=abc"], Ok(with_seed("abc".into())));
        check(&["split.seed=a=b"], Ok(with_seed("a=b".into())));
        check(&["split.seed=[1,2]"], Ok(with_seed(serde_json::json!([1, 2]))));
        check(&["seed=1"], Err("`seed=1` names no parameter"));
        check(&["split.seed"], Err("`split.seed` sets nothing"));
    }
}
