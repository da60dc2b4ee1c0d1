//! The models of a pipeline, each with what is in use.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use millwork_core::event::{EventKind, KindSet};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::model::{ModelHistory, VersionStatus};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, KeyMoment, PartitionKey};
use millwork_storage::{EventQuery, StorageError, Store};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::MadeVersion;
use crate::asset::MetricView;

/// A model as it appears in lists.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelListing {
    /// The key of the asset.
    #[schema(value_type = String)]
    pub key: AssetKey,
    /// The description of the asset; empty if it has none.
    pub description: String,
    /// The name of its gate; `null` if it has none.
    #[schema(required)]
    pub gate: Option<String>,
    /// The alias that points at the version in use.
    #[schema(value_type = String)]
    pub alias: AliasName,
    /// The number that it is measured by; `null` if its author names none.
    #[schema(required)]
    pub metric: Option<MetricView>,
    /// What is in use: of the asset, or of each of its partitions that has versions.
    pub standings: Vec<ModelStanding>,
}

/// What is in use of a model or of one of its partitions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelStanding {
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The version in use; `null` if there is none.
    #[schema(required, value_type = Option<u32>)]
    pub in_use: Option<VersionNumber>,
    /// Since when it has been in use; `null` if none is.
    #[schema(required)]
    pub since: Option<Timestamp>,
    /// When the version in use was made; `null` if none is in use, or its event was removed.
    #[schema(required)]
    pub made_at: Option<Timestamp>,
    /// The metric of the version in use: a number, or one of the texts `NaN`, `inf` and `-inf`; `null` if there is none.
    #[schema(required)]
    pub metric: Option<Value>,
    /// The number of the last version; `null` if none was made.
    #[schema(required, value_type = Option<u32>)]
    pub last: Option<VersionNumber>,
    /// The versions about which people are asked.
    #[schema(value_type = Vec<u32>)]
    pub awaiting_approval: Vec<VersionNumber>,
    /// The version in shadow; `null` if there is none.
    #[schema(required, value_type = Option<u32>)]
    pub in_shadow: Option<VersionNumber>,
}

/// The models of a pipeline, in the order of the graph.
///
/// # Errors
///
/// Those of the store.
pub async fn list_models(
    store: &dyn Store,
    graph: &AssetGraph,
    moment: &KeyMoment,
) -> Result<Vec<ModelListing>, StorageError> {
    let aliases = store.aliases(&[]).await?;
    let aliased: BTreeSet<AssetKey> = aliases.iter().map(|alias| alias.asset.asset.clone()).collect();
    let models = graph.models(&aliased);
    let mut listings = Vec::with_capacity(models.len());
    for model in models {
        listings.push(ModelListing::read(store, graph, model, moment).await?);
    }
    Ok(listings)
}

impl ModelListing {
    /// The listing of one asset.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn read(
        store: &dyn Store,
        graph: &AssetGraph,
        model: AssetIndex,
        moment: &KeyMoment,
    ) -> Result<Self, StorageError> {
        let (spec, in_use) = (&graph.assets()[model].spec, graph.alias_in_use(model));
        let histories = decisions(store, &spec.key).await?;
        let last = store.last_versions(std::slice::from_ref(&spec.key)).await?;
        let last: BTreeMap<Option<PartitionKey>, VersionNumber> =
            last.into_iter().map(|(of, version)| (of.partition, version)).collect();
        let partitions: BTreeSet<&Option<PartitionKey>> = last.keys().chain(histories.keys()).collect();
        let none = ModelHistory::default();
        let mut standings = Vec::new();
        for partition in partitions {
            if !graph.has_partition(model, partition.as_ref(), moment) {
                continue;
            }
            let history = histories.get(partition).unwrap_or(&none);
            let of = AssetPartition::new(spec.key.clone(), partition.clone());
            let current = history.at(&in_use);
            let made = match current {
                Some(version) => store.version(&of, version).await?,
                None => None,
            };
            let made = made.and_then(|event| MadeVersion::new(&event, &[]));
            standings.push(ModelStanding {
                partition: partition.clone(),
                in_use: current,
                since: since(history, &in_use),
                made_at: made.as_ref().map(|made| made.at),
                metric: made.as_ref().and_then(|made| made.metric(spec.metric.as_ref())),
                last: last.get(partition).copied(),
                awaiting_approval: awaiting(history, &in_use),
                in_shadow: history.in_shadow(&in_use).map(|(version, _)| version),
            });
        }
        Ok(Self {
            key: spec.key.clone(),
            description: spec.description.clone(),
            gate: graph.gate(model).map(|gate| gate.name.clone()),
            alias: in_use,
            metric: spec.metric.as_ref().map(MetricView::from),
            standings,
        })
    }
}

/// Since when an alias has pointed where it points; `None` if it doesn't exist.
pub(super) fn since(history: &ModelHistory, alias: &AliasName) -> Option<Timestamp> {
    history.at(alias)?;
    let moved = history.moves.iter().rev().find(|moved| moved.what.alias == *alias);
    moved.map(|moved| moved.at)
}

fn awaiting(history: &ModelHistory, in_use: &AliasName) -> Vec<VersionNumber> {
    let is_awaiting = |version: &VersionNumber| {
        matches!(history.status(*version, in_use), Some(VersionStatus::AwaitsApproval(_)))
    };
    history.versions.keys().copied().filter(is_awaiting).collect()
}

/// What was decided about the versions of an asset, by partition. It is without the materializations, which are larger.
async fn decisions(
    store: &dyn Store,
    asset: &AssetKey,
) -> Result<BTreeMap<Option<PartitionKey>, ModelHistory>, StorageError> {
    const KINDS: KindSet = KindSet::VERSIONS.without(KindSet::of(&[EventKind::VersionsBacktested]));
    let query = EventQuery { asset: Some(asset.clone()), kinds: Some(KINDS), ..EventQuery::default() };
    let mut histories: BTreeMap<Option<PartitionKey>, ModelHistory> = BTreeMap::new();
    for event in store.events(query).await? {
        histories.entry(event.partition.clone()).or_default().apply(event);
    }
    Ok(histories)
}
