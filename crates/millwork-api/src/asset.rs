//! Assets: how they are defined, how they are, and what is latest of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::asset_status::AssetHealth;
use millwork_core::graph::{AssetGraph, AssetIndex, AssetNode};
use millwork_core::run::StepKey;
use millwork_core::{
    AssetKey, AssetStatus, CodeVersion, ConfigSchema, Freshness, FreshnessPolicy, PartitionKey,
    PartitionsDefinition,
};
use millwork_storage::LatestAsset;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::event::EventView;
use crate::names::{AssetStatusName, FreshnessName};

/// What is said of an asset, and what it is made from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetSummary {
    /// Its key.
    #[schema(value_type = String)]
    pub key: AssetKey,
    /// What it is; empty if nothing is said.
    pub description: String,
    /// Its group; `null` if it has none.
    #[schema(required)]
    pub group: Option<String>,
    /// Its kinds, such as `polars`.
    pub kinds: Vec<String>,
    /// Who answers for it.
    pub owners: Vec<String>,
    /// Its labels.
    pub tags: BTreeMap<String, String>,
    /// Whether something else makes it.
    pub external: bool,
    /// The assets that it is made from, in the order of the function's parameters.
    #[schema(value_type = Vec<String>)]
    pub upstream: Vec<AssetKey>,
}

/// Everything that is known of an asset without its history.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetView {
    /// What is said of it.
    #[serde(flatten)]
    pub summary: AssetSummary,
    /// Whether its function may produce no value.
    pub optional: bool,
    /// The Rust type of its value; `null` if it has none here.
    #[schema(required)]
    pub r#type: Option<String>,
    /// The format that the value is stored in; `null` if it has none here.
    #[schema(required)]
    pub format: Option<String>,
    /// The step that makes it; `null` of an external asset.
    #[schema(required, value_type = Option<String>)]
    pub step: Option<StepKey>,
    /// The assets that are made from it.
    #[schema(value_type = Vec<String>)]
    pub downstream: Vec<AssetKey>,
    /// The steps of its checks.
    #[schema(value_type = Vec<String>)]
    pub checks: Vec<StepKey>,
    /// Its partitions; `null` if it has none.
    #[schema(required, value_type = Option<Vec<String>>)]
    pub partitions: Option<Vec<PartitionKey>>,
    /// The version of its code; `null` of an external asset.
    #[schema(required, value_type = Option<String>)]
    pub code_version: Option<CodeVersion>,
    /// How many slots of which pools its step takes.
    pub pools: BTreeMap<String, u32>,
    /// The file and the line of its function; `null` where that isn't known.
    #[schema(required)]
    pub source: Option<String>,
    /// The JSON schemas of its step's configuration; `null` of an external asset.
    #[schema(required)]
    pub config: Option<Vec<Value>>,
}

/// An asset as it is listed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetListing {
    /// What is said of it.
    #[serde(flatten)]
    pub summary: AssetSummary,
    /// How it is: the worst state of its partitions.
    #[schema(value_type = AssetStatusName)]
    pub state: AssetStatus,
}

/// A page of assets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetPage {
    /// The assets, by their keys.
    pub assets: Vec<AssetListing>,
    /// What `after` has to be for the next page; `null` if this is the last.
    #[schema(required, value_type = Option<String>)]
    pub next: Option<AssetKey>,
}

/// An asset, how it is, and what is latest of it and its partitions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetDetails {
    /// Everything that is known of it without its history.
    #[serde(flatten)]
    pub asset: AssetView,
    /// How it is: the worst state of its partitions.
    #[schema(value_type = AssetStatusName)]
    pub state: AssetStatus,
    /// What its freshness policy says; `null` without one.
    #[schema(required)]
    pub freshness: Option<FreshnessView>,
    /// What is latest of each partition that it has now and that was ever made, or of the asset itself.
    pub latest: Vec<LatestView>,
}

/// How old an asset's value may be, and what that means now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FreshnessView {
    /// The policy, in words.
    pub policy: String,
    /// Whether the asset is as fresh as it wants.
    #[schema(value_type = FreshnessName)]
    pub state: Freshness,
    /// Since when it has been in this state; `null` where that doesn't follow from the policy.
    #[schema(required)]
    pub since: Option<Timestamp>,
}

/// What is latest of an asset or one of its partitions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LatestView {
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    pub partition: Option<PartitionKey>,
    /// The last event that said what its value is: that it was made, kept, or not made.
    pub verdict: EventView,
    /// The last materialization; `null` if there was none.
    #[schema(required)]
    pub materialization: Option<EventView>,
}

impl AssetSummary {
    /// What is said of an asset of a graph.
    pub fn new(graph: &AssetGraph, asset: &AssetNode) -> Self {
        let spec = &asset.spec;
        Self {
            key: spec.key.clone(),
            description: spec.description.clone(),
            group: spec.group.clone(),
            kinds: spec.kinds.clone(),
            owners: spec.owners.clone(),
            tags: spec.tags.clone(),
            external: asset.step.is_none(),
            upstream: keys(graph, &asset.upstream),
        }
    }
}

impl AssetView {
    /// Everything that is known of an asset of a graph without its history.
    pub fn new(graph: &AssetGraph, asset: &AssetNode) -> Self {
        let spec = &asset.spec;
        let computation = asset.step.map(|step| graph.steps()[step].computation());
        let definition = graph.index(spec.key.as_str()).and_then(|index| graph.definition(index));
        let partitions = definition.and_then(|definition| definition.partitions.as_ref());
        let pools = computation.into_iter().flat_map(|computation| &computation.pools);
        let source = computation.and_then(|computation| computation.source);
        Self {
            summary: AssetSummary::new(graph, asset),
            optional: spec.optional,
            r#type: spec.value_type.map(|value_type| value_type.type_name().to_owned()),
            format: spec.value_type.map(|value_type| value_type.extension.to_owned()),
            step: asset.step.map(|step| graph.steps()[step].key.clone()),
            downstream: keys(graph, &asset.downstream),
            checks: asset.checks.iter().map(|check| graph.steps()[*check].key.clone()).collect(),
            partitions: partitions.map(PartitionsDefinition::keys).map(<[PartitionKey]>::to_vec),
            code_version: computation.map(|computation| computation.code_version.clone()),
            pools: pools.map(|taken| (taken.pool.clone(), taken.slots)).collect(),
            source: source.map(|(file, line)| format!("{file}:{line}")),
            config: computation
                .map(|computation| computation.requirements.config.iter().map(ConfigSchema::json).collect()),
        }
    }
}

fn keys(graph: &AssetGraph, assets: &[AssetIndex]) -> Vec<AssetKey> {
    assets.iter().map(|asset| graph.key(*asset).clone()).collect()
}

impl AssetListing {
    /// An asset and how it is.
    pub fn new(graph: &AssetGraph, asset: &AssetNode, health: &AssetHealth) -> Self {
        Self { summary: AssetSummary::new(graph, asset), state: health.status }
    }
}

impl AssetDetails {
    /// An asset, how it is, and what is latest of it, of which what belongs to partitions that it had once is left out.
    pub fn new(
        graph: &AssetGraph,
        asset: &AssetNode,
        state: AssetStatus,
        mut latest: Vec<LatestAsset>,
        now: Timestamp,
    ) -> Self {
        if let Some(index) = graph.index(asset.spec.key.as_str()) {
            latest.retain(|latest| graph.has_partition(index, latest.partition.as_ref()));
        }
        let made =
            latest.iter().filter_map(|latest| latest.materialization.as_ref()).map(|event| event.at).max();
        let freshness = asset.spec.freshness.as_ref().map(|policy| FreshnessView::new(policy, made, now));
        let latest = latest.into_iter().map(Into::into).collect();
        Self { asset: AssetView::new(graph, asset), state, freshness, latest }
    }

    /// The last materialization, of whichever partition.
    pub fn last_materialization(&self) -> Option<&EventView> {
        let made = self.latest.iter().filter_map(|latest| latest.materialization.as_ref());
        made.max_by_key(|event| event.sequence)
    }
}

impl FreshnessView {
    /// What a policy says of an asset that was last materialized then; `None` if it never was.
    pub fn new(policy: &FreshnessPolicy, made: Option<Timestamp>, now: Timestamp) -> Self {
        Self { policy: policy.to_string(), state: policy.state(made, now), since: policy.since(made, now) }
    }
}

impl From<LatestAsset> for LatestView {
    fn from(latest: LatestAsset) -> Self {
        let LatestAsset { asset: _, partition, materialization, verdict } = latest;
        Self { partition, verdict: verdict.into(), materialization: materialization.map(Into::into) }
    }
}
