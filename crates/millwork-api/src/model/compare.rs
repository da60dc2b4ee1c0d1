//! Two versions of a model side by side, what differs first.

use std::collections::BTreeSet;

use millwork_core::event::EventKind;
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::run::RunId;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, AssetMetric, AssetPartition, MetricChange, PartitionKey};
use millwork_storage::{EventQuery, StorageError, Store, model_history};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{MadeVersion, VersionError, VersionView, model_versions};
use crate::environment::EnvironmentView;
use crate::names::MetricChangeName;

/// Two versions of a model side by side.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelComparison {
    /// The key of the asset.
    #[schema(value_type = String)]
    pub key: AssetKey,
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    pub partition: Option<PartitionKey>,
    /// The first version.
    pub a: VersionView,
    /// The second version.
    pub b: VersionView,
    /// The facts about both, those that differ first.
    pub facts: Vec<ComparedFactView>,
}

/// A fact about two versions.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ComparedFactView {
    /// The kind of fact.
    pub kind: FactKind,
    /// The name of the fact: a field of the configuration, an upstream asset, a label.
    pub name: String,
    /// The fact about the first version; `null` if there is none.
    #[schema(required)]
    pub a: Option<Value>,
    /// The fact about the second version; `null` if there is none.
    #[schema(required)]
    pub b: Option<Value>,
    /// Whether the two differ.
    pub differs: bool,
    /// Whether the second version's metric is better or worse; `null` if it is equal, or if this isn't the metric.
    #[schema(required, value_type = Option<MetricChangeName>)]
    pub change: Option<MetricChange>,
}

/// A kind of fact about a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// The metric of the asset.
    Metric,
    /// A field of the configuration.
    Config,
    /// A version that it was made from.
    Input,
    /// The version of the code.
    Code,
    /// What the run was executed with.
    Environment,
    /// Another number of its metadata.
    Number,
}

impl FactKind {
    /// The kind as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Config => "config",
            Self::Input => "input",
            Self::Code => "code",
            Self::Environment => "environment",
            Self::Number => "number",
        }
    }
}

/// Compares two versions of a model.
///
/// # Errors
///
/// If one of them doesn't exist, or the store can't be read.
pub async fn compare_versions(
    store: &dyn Store,
    graph: &AssetGraph,
    (asset, of): (AssetIndex, &AssetPartition),
    (a, b): (VersionNumber, VersionNumber),
) -> Result<ModelComparison, VersionError> {
    let history = model_history(store, of).await?;
    for version in [a, b] {
        if !history.versions.contains_key(&version) {
            return Err(VersionError::NoVersion { of: of.clone(), version });
        }
    }
    let view = async |version| {
        let found = model_versions(store, graph, asset, &history, vec![version]).await?.pop();
        found.ok_or_else(|| VersionError::NoVersion { of: of.clone(), version })
    };
    let (a, b) = (view(a).await?, view(b).await?);
    let environments = (environment(store, &a).await?, environment(store, &b).await?);
    let metric = graph.assets()[asset].spec.metric.as_ref();
    let facts = compared(&Facts::of(&a, environments.0), &Facts::of(&b, environments.1), metric);
    Ok(ModelComparison { key: of.asset.clone(), partition: of.partition.clone(), a, b, facts })
}

/// What the run of a version was executed with last; `None` if that isn't recorded.
async fn environment(
    store: &dyn Store,
    version: &VersionView,
) -> Result<Option<EnvironmentView>, StorageError> {
    match version.made.as_ref().and_then(|made| made.run) {
        Some(run) => environment_of(store, run).await,
        None => Ok(None),
    }
}

/// What a run was executed with last; `None` if that isn't recorded.
pub(super) async fn environment_of(
    store: &dyn Store,
    run: RunId,
) -> Result<Option<EnvironmentView>, StorageError> {
    let query = EventQuery {
        run: Some(run),
        kinds: Some(EventKind::EnvironmentRecorded.into()),
        ..EventQuery::default()
    };
    Ok(EnvironmentView::of_events(&store.events(query).await?).pop())
}

/// The facts about one version, by kind and name.
struct Facts(Vec<(FactKind, String, Value)>);

impl Facts {
    fn of(version: &VersionView, environment: Option<EnvironmentView>) -> Self {
        let mut facts = Vec::new();
        if let Some(made) = &version.made {
            let MadeVersion { code_version, config, inputs, numbers, .. } = made;
            facts.push((FactKind::Code, "code version".to_owned(), Value::from(code_version.as_str())));
            facts.extend(config.iter().map(|(name, value)| (FactKind::Config, name.clone(), value.clone())));
            for input in inputs {
                let partition = input.partition.as_ref().map(|key| format!("[{key}]")).unwrap_or_default();
                let name = format!("{}{partition}", input.asset);
                let version = input.version.map(|version| Value::from(version.get()));
                let data = input.data_version.as_ref().map(|data| Value::from(data.as_str()));
                let value = version.or(data).unwrap_or_default();
                facts.push((FactKind::Input, name, value));
            }
            facts.extend(
                numbers.iter().map(|(label, value)| (FactKind::Number, label.clone(), value.clone())),
            );
        }
        if let Some(environment) = environment {
            let mut add = |name: &str, value: Option<String>| {
                facts.extend(value.map(|value| (FactKind::Environment, name.to_owned(), Value::from(value))));
            };
            add("binary", environment.binary);
            add("Millwork", Some(environment.millwork));
            add("host", Some(environment.host));
            let tree = environment.working_tree;
            add("commit", tree.as_ref().and_then(|tree| tree.commit.clone()));
            add("Cargo.lock", tree.and_then(|tree| tree.cargo_lock));
        }
        Self(facts)
    }

    fn get(&self, kind: FactKind, name: &str) -> Option<&Value> {
        let found = self.0.iter().find(|(of_kind, of_name, _)| *of_kind == kind && of_name == name);
        found.map(|(_, _, value)| value)
    }
}

/// The facts about two versions: those that differ first, then by kind and name.
fn compared(a: &Facts, b: &Facts, metric: Option<&AssetMetric>) -> Vec<ComparedFactView> {
    let names: BTreeSet<(FactKind, &str)> =
        a.0.iter().chain(&b.0).map(|(kind, name, _)| (*kind, name.as_str())).collect();
    let mut facts: Vec<ComparedFactView> = names
        .into_iter()
        .map(|(kind, name)| {
            let (a, b) = (a.get(kind, name).cloned(), b.get(kind, name).cloned());
            let metric = metric.filter(|metric| kind == FactKind::Number && metric.label == name);
            let numbers = a.as_ref().and_then(Value::as_f64).zip(b.as_ref().and_then(Value::as_f64));
            let change = metric
                .zip(numbers)
                .and_then(|(metric, (before, after))| metric.better.compare(before, after));
            let kind = if metric.is_some() { FactKind::Metric } else { kind };
            ComparedFactView { kind, name: name.to_owned(), differs: a != b, a, b, change }
        })
        .collect();
    facts.sort_by(|left, right| {
        (!left.differs, left.kind, &left.name).cmp(&(!right.differs, right.kind, &right.name))
    });
    facts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_comes_first_and_the_metric_before_all() {
        let fact = |kind, name: &str, value: Value| (kind, name.to_owned(), value);
        let a = Facts(vec![
            fact(FactKind::Code, "code version", json!("c1")),
            fact(FactKind::Input, "stories", json!(1)),
            fact(FactKind::Number, "MAE", json!(12.5)),
            fact(FactKind::Number, "rows", json!(3)),
        ]);
        let b = Facts(vec![
            fact(FactKind::Code, "code version", json!("c1")),
            fact(FactKind::Config, "rounds", json!(40)),
            fact(FactKind::Input, "stories", json!(2)),
            fact(FactKind::Number, "MAE", json!(11)),
            fact(FactKind::Number, "rows", json!(3)),
        ]);
        let facts = compared(&a, &b, Some(&AssetMetric::lower("MAE")));
        let found: Vec<_> = facts.iter().map(|fact| (fact.kind, &*fact.name, fact.differs)).collect();
        assert_eq!(
            found,
            [
                (FactKind::Metric, "MAE", true),
                (FactKind::Config, "rounds", true),
                (FactKind::Input, "stories", true),
                (FactKind::Code, "code version", false),
                (FactKind::Number, "rows", false),
            ]
        );
        assert_eq!((facts[0].change, &facts[1].a), (Some(MetricChange::Better), &None));
    }
}
