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
    let parsed = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => toml::from_str(&text).map_err(anyhow::Error::from),
        Some("json") => serde_json::from_str(&text).map_err(anyhow::Error::from),
        _ => bail!("the configuration `{shown}` is neither a `.toml` nor a `.json` file"),
    };
    parsed.with_context(|| format!("failed to parse the configuration `{shown}`"))
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
