//! Assets: their definitions, statuses and latest events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::asset_status::AssetHealth;
use millwork_core::graph::{AssetGraph, AssetIndex, AssetNode, StepNode};
use millwork_core::param::{Input, Requirements};
use millwork_core::run::StepKey;
use millwork_core::{
    AssetFreshness, AssetKey, AssetMetric, AssetStatus, Better, CodeVersion, ConfigSchema, Freshness,
    FreshnessPolicy, KeyMoment, MetricChange, PartitionKey,
};
use millwork_storage::LatestAsset;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::event::EventView;
use crate::names::{AssetStatusName, BetterName, FreshnessName, MetricChangeName};
use crate::partitions::PartitionsView;

/// The descriptive part of an asset's definition, with its upstream assets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetSummary {
    /// The asset's key.
    #[schema(value_type = String)]
    pub key: AssetKey,
    /// The asset's description; empty if it has none.
    pub description: String,
    /// The asset's group; `null` if it has none.
    #[schema(required)]
    pub group: Option<String>,
    /// The asset's kinds, such as `polars`.
    pub kinds: Vec<String>,
    /// The asset's owners.
    pub owners: Vec<String>,
    /// The asset's tags.
    pub tags: BTreeMap<String, String>,
    /// The number that the asset is measured by; `null` if its author names none.
    #[schema(required)]
    pub metric: Option<MetricView>,
    /// Whether the asset is external: made outside of Millwork.
    pub external: bool,
    /// The upstream assets, in the order of the function's parameters.
    #[schema(value_type = Vec<String>)]
    pub upstream: Vec<AssetKey>,
}

/// An asset's definition.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetView {
    /// The descriptive part of the definition.
    #[serde(flatten)]
    pub summary: AssetSummary,
    /// Whether its function may produce no value.
    pub optional: bool,
    /// The Rust type of its value; `null` if no value is stored by Millwork.
    #[schema(required)]
    pub r#type: Option<String>,
    /// The format that the value is stored in; `null` if no value is stored by Millwork.
    #[schema(required)]
    pub format: Option<String>,
    /// The step that makes it; `null` if the asset is external.
    #[schema(required, value_type = Option<String>)]
    pub step: Option<StepKey>,
    /// The assets whose stored materializations its step reads without waiting for them.
    #[schema(value_type = Vec<String>)]
    pub histories: Vec<AssetKey>,
    /// The assets of which its step reads what versions in shadow have made.
    #[schema(value_type = Vec<String>)]
    pub shadows: Vec<AssetKey>,
    /// The downstream assets.
    #[schema(value_type = Vec<String>)]
    pub downstream: Vec<AssetKey>,
    /// The keys of the steps of its checks.
    #[schema(value_type = Vec<String>)]
    pub checks: Vec<StepKey>,
    /// The asset's partitions; `null` if it has none, or if they aren't known because it is external.
    #[schema(required)]
    pub partitions: Option<PartitionsView>,
    /// The version of its code; `null` if the asset is external.
    #[schema(required, value_type = Option<String>)]
    pub code_version: Option<CodeVersion>,
    /// The number of slots that its step takes, by pool.
    pub pools: BTreeMap<String, u32>,
    /// The file and the line of its function; `null` if they aren't known.
    #[schema(required)]
    pub source: Option<String>,
    /// The JSON schemas of its step's configuration; `null` if the asset is external.
    #[schema(required)]
    pub config: Option<Vec<Value>>,
    /// The standing configuration of its step: that of the definitions over the defaults of its types; `null` if the step takes none.
    #[schema(required)]
    pub standing_config: Option<Value>,
}

/// The number that an asset is measured by.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MetricView {
    /// The number's label in the metadata of materializations.
    pub label: String,
    /// Which of two values is better.
    #[schema(value_type = BetterName)]
    pub better: Better,
}

/// The main number of an asset: its metric, or the number that is shown for it in place of one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MainNumberView {
    /// The number's label in the metadata of materializations.
    pub label: String,
    /// The newest value: a number, or one of the texts `NaN`, `inf` and `-inf`.
    pub value: Value,
    /// Whether it is better or worse than the value before; `null` if it is equal, if there was none before, or if the number isn't the
    /// asset's metric.
    #[schema(required, value_type = Option<MetricChangeName>)]
    pub change: Option<MetricChange>,
}

/// An asset as it appears in lists.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetListing {
    /// The descriptive part of the definition.
    #[serde(flatten)]
    pub summary: AssetSummary,
    /// The asset's status: the worst status of its partitions.
    #[schema(value_type = AssetStatusName)]
    pub state: AssetStatus,
    /// The asset's main number in its last materializations; `null` if they have no numbers.
    #[schema(required)]
    pub main_number: Option<MainNumberView>,
}

/// A page of assets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetPage {
    /// The assets, in the order of their keys.
    pub assets: Vec<AssetListing>,
    /// The value of `after` for the next page; `null` if this is the last.
    #[schema(required, value_type = Option<String>)]
    pub next: Option<AssetKey>,
}

/// An asset with its status and the latest events of it and its partitions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetDetails {
    /// The asset's definition.
    #[serde(flatten)]
    pub asset: AssetView,
    /// The asset's status: the worst status of its partitions.
    #[schema(value_type = AssetStatusName)]
    pub state: AssetStatus,
    /// The asset's freshness; `null` if it has no freshness policy.
    #[schema(required)]
    pub freshness: Option<FreshnessView>,
    /// The latest events of each partition that is defined and has any, or of the asset itself if it has no partitions.
    pub latest: Vec<LatestView>,
}

/// The freshness policy of an asset with its current state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FreshnessView {
    /// The policy as text.
    pub policy: String,
    /// The state of the asset under the policy.
    #[schema(value_type = FreshnessName)]
    pub state: Freshness,
    /// Since when the asset has been in this state; `null` if the policy doesn't determine it.
    #[schema(required)]
    pub since: Option<Timestamp>,
    /// The window of time without all of its values that makes the asset late; absent unless the policy is about the latest window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_window: Option<String>,
}

/// The latest events of an asset or one of its partitions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LatestView {
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The last event that determined its value: the value was materialized, kept, or not produced.
    pub verdict: EventView,
    /// The event of the last materialization; `null` if there was none.
    #[schema(required)]
    pub materialization: Option<EventView>,
}

impl AssetSummary {
    /// The descriptive part of the definition of an asset in a graph.
    pub fn new(graph: &AssetGraph, asset: &AssetNode) -> Self {
        let spec = &asset.spec;
        Self {
            key: spec.key.clone(),
            description: spec.description.clone(),
            group: spec.group.clone(),
            kinds: spec.kinds.clone(),
            owners: spec.owners.clone(),
            tags: spec.tags.clone(),
            metric: spec.metric.as_ref().map(MetricView::from),
            external: asset.step.is_none(),
            upstream: keys(graph, &asset.upstream),
        }
    }
}

impl AssetView {
    /// The definition of an asset in a graph.
    pub fn new(graph: &AssetGraph, asset: &AssetNode, moment: &KeyMoment) -> Self {
        let spec = &asset.spec;
        let step = asset.step.map(|step| &graph.steps()[step]);
        let computation = step.map(StepNode::computation);
        let of_requirements = |inputs: fn(&Requirements) -> &Vec<Input>| {
            let inputs = computation.into_iter().flat_map(|computation| inputs(&computation.requirements));
            inputs.map(|input| input.asset.clone()).collect()
        };
        let standing = step.and_then(|step| step.config.as_ref());
        let partitions = asset.partitions.as_ref();
        let pools = computation.into_iter().flat_map(|computation| &computation.pools);
        let source = computation.and_then(|computation| computation.source);
        Self {
            summary: AssetSummary::new(graph, asset),
            optional: spec.optional,
            r#type: spec.value_type.map(|value_type| value_type.type_name().to_owned()),
            format: spec.value_type.map(|value_type| value_type.extension.to_owned()),
            step: asset.step.map(|step| graph.steps()[step].key.clone()),
            histories: of_requirements(|requirements| &requirements.histories),
            shadows: of_requirements(|requirements| &requirements.shadows),
            downstream: keys(graph, &asset.downstream),
            checks: asset.checks.iter().map(|check| graph.steps()[*check].key.clone()).collect(),
            partitions: partitions.map(|partitions| PartitionsView::new(partitions, moment)),
            code_version: computation.map(|computation| computation.code_version.clone()),
            pools: pools.map(|taken| (taken.pool.clone(), taken.slots)).collect(),
            source: source.map(|(file, line)| format!("{file}:{line}")),
            config: computation
                .map(|computation| computation.requirements.config.iter().map(ConfigSchema::json).collect()),
            standing_config: standing.map(|standing| standing.effective().clone()),
        }
    }
}

fn keys(graph: &AssetGraph, assets: &[AssetIndex]) -> Vec<AssetKey> {
    assets.iter().map(|asset| graph.key(*asset).clone()).collect()
}

impl AssetListing {
    /// An asset with its status and its main number.
    pub fn new(
        graph: &AssetGraph,
        asset: &AssetNode,
        health: &AssetHealth,
        main_number: Option<MainNumberView>,
    ) -> Self {
        Self { summary: AssetSummary::new(graph, asset), state: health.status, main_number }
    }
}

impl From<&AssetMetric> for MetricView {
    fn from(metric: &AssetMetric) -> Self {
        Self { label: metric.label.clone(), better: metric.better }
    }
}

impl MainNumberView {
    /// A number by its label, with its change.
    pub fn new(label: &str, value: f64, change: Option<MetricChange>) -> Self {
        let text = || Value::String(value.to_string());
        let value = serde_json::Number::from_f64(value).map_or_else(text, Value::Number);
        Self { label: label.to_owned(), value, change }
    }
}

impl AssetDetails {
    /// The maximum number of partitions whose latest events are listed: those that were made last.
    pub const MOST_PARTITIONS: u32 = 1_000;

    /// An asset with its status and its latest events, without those of partitions that aren't defined any more.
    pub fn new(
        graph: &AssetGraph,
        asset: &AssetNode,
        health: &AssetHealth,
        mut latest: Vec<LatestAsset>,
        moment: &KeyMoment,
    ) -> Self {
        if let Some(index) = graph.index(asset.spec.key.as_str()) {
            latest.retain(|latest| graph.has_partition(index, latest.partition.as_ref(), moment));
        }
        let freshness = asset.spec.freshness.as_ref().zip(health.freshness.as_ref());
        let freshness = freshness.map(|(policy, freshness)| FreshnessView::new(policy, freshness));
        let latest = latest.into_iter().map(Into::into).collect();
        Self { asset: AssetView::new(graph, asset, moment), state: health.status, freshness, latest }
    }

    /// The last materialization of any partition.
    pub fn last_materialization(&self) -> Option<&EventView> {
        let made = self.latest.iter().filter_map(|latest| latest.materialization.as_ref());
        made.max_by_key(|event| event.sequence)
    }
}

impl FreshnessView {
    /// A policy with what was found by it.
    pub fn new(policy: &FreshnessPolicy, freshness: &AssetFreshness) -> Self {
        let AssetFreshness { state, since, late_window } = freshness;
        let late_window = late_window.as_ref().map(ToString::to_string);
        Self { policy: policy.to_string(), state: *state, since: *since, late_window }
    }
}

impl From<LatestAsset> for LatestView {
    fn from(latest: LatestAsset) -> Self {
        let LatestAsset { asset: _, partition, materialization, verdict } = latest;
        Self { partition, verdict: verdict.into(), materialization: materialization.map(Into::into) }
    }
}
