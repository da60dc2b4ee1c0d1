//! Two versions of a model side by side, what differs first.

use std::collections::BTreeSet;

use millwork_core::event::EventKind;
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::run::RunId;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, AssetMetric, AssetPartition, DataVersion, MetricChange, PartitionKey};
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
    #[serde(serialize_with = "crate::label::of_partition")]
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
    /// Whether the two differ. Two versions of an input don't if their data is the same.
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
    /// The value itself: the version of its data.
    Value,
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
            Self::Value => "value",
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

/// The facts about one version.
struct Facts(Vec<Fact>);

struct Fact {
    kind: FactKind,
    name: String,
    value: Value,
    /// What decides whether it differs from another one, in place of the value.
    data: Option<DataVersion>,
}

impl Fact {
    fn new(kind: FactKind, name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { kind, name: name.into(), value: value.into(), data: None }
    }

    fn differs(&self, other: &Self) -> bool {
        match (&self.data, &other.data) {
            (Some(data), Some(other)) => data != other,
            (None, _) | (_, None) => self.value != other.value,
        }
    }
}

impl Facts {
    fn of(version: &VersionView, environment: Option<EnvironmentView>) -> Self {
        let mut facts = Vec::new();
        if let Some(made) = &version.made {
            let MadeVersion { code_version, data_version, config, inputs, numbers, .. } = made;
            facts.push(Fact::new(FactKind::Code, "code version", code_version.as_str()));
            facts.push(Fact::new(FactKind::Value, "data version", data_version.as_str()));
            facts.extend(config.iter().map(|(name, value)| Fact::new(FactKind::Config, name, value.clone())));
            for input in inputs {
                let partition = input.partition.as_ref().map(|key| format!("[{key}]")).unwrap_or_default();
                let name = format!("{}{partition}", input.asset);
                let version = input.version.map(|version| Value::from(version.get()));
                let data = input.data_version.as_ref().map(|data| Value::from(data.as_str()));
                let value = version.or(data).unwrap_or_default();
                let data = input.data_version.clone();
                facts.push(Fact { data, ..Fact::new(FactKind::Input, name, value) });
            }
            facts.extend(
                numbers.iter().map(|(label, value)| Fact::new(FactKind::Number, label, value.clone())),
            );
        }
        if let Some(environment) = environment {
            let mut add = |name: &str, value: Option<String>| {
                facts.extend(value.map(|value| Fact::new(FactKind::Environment, name, value)));
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

    fn get(&self, kind: FactKind, name: &str) -> Option<&Fact> {
        self.0.iter().find(|fact| fact.kind == kind && fact.name == name)
    }
}

/// The facts about two versions: those that differ first, then by kind and name.
fn compared(a: &Facts, b: &Facts, metric: Option<&AssetMetric>) -> Vec<ComparedFactView> {
    let names: BTreeSet<(FactKind, &str)> =
        a.0.iter().chain(&b.0).map(|fact| (fact.kind, fact.name.as_str())).collect();
    let mut facts: Vec<ComparedFactView> = names
        .into_iter()
        .map(|(kind, name)| {
            let (a, b) = (a.get(kind, name), b.get(kind, name));
            let differs = a.zip(b).is_none_or(|(a, b)| a.differs(b));
            let value = |fact: Option<&Fact>| fact.map(|fact| fact.value.clone());
            let (a, b) = (value(a), value(b));
            let metric = metric.filter(|metric| kind == FactKind::Number && metric.label == name);
            let numbers = a.as_ref().and_then(Value::as_f64).zip(b.as_ref().and_then(Value::as_f64));
            let change = metric
                .zip(numbers)
                .and_then(|(metric, (before, after))| metric.better.compare(before, after));
            let kind = if metric.is_some() { FactKind::Metric } else { kind };
            ComparedFactView { kind, name: name.to_owned(), differs, a, b, change }
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
        let fact = |kind, name: &str, value: Value| Fact::new(kind, name, value);
        let input = |name: &str, version: u32, data: &str| {
            let data = Some(data.into());
            Fact { data, ..fact(FactKind::Input, name, json!(version)) }
        };
        let a = Facts(vec![
            fact(FactKind::Code, "code version", json!("c1")),
            input("stories", 1, "d1"),
            input("words", 1, "same"),
            fact(FactKind::Number, "MAE", json!(12.5)),
            fact(FactKind::Number, "rows", json!(3)),
        ]);
        let b = Facts(vec![
            fact(FactKind::Code, "code version", json!("c1")),
            fact(FactKind::Config, "rounds", json!(40)),
            input("stories", 2, "d2"),
            input("words", 2, "same"),
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
                (FactKind::Input, "words", false),
                (FactKind::Code, "code version", false),
                (FactKind::Number, "rows", false),
            ]
        );
        assert_eq!((facts[0].change, &facts[1].a), (Some(MetricChange::Better), &None));
    }
}
