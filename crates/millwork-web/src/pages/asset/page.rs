//! The page of an asset.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_api::{find_asset, takes_in_words};
use millwork_core::asset_status::StepProgress;
use millwork_core::event::{Event, EventBody, EventKind};
use millwork_core::graph::{AssetGraph, AssetIndex, AssetNode, AssetSet};
use millwork_core::{AssetFreshness, AssetStatus, RecordedConfig};
use millwork_storage::{EventQuery, Order};
use serde::{Deserialize, Serialize};

use super::super::format;
use super::super::graph_view::status_drawing;
use super::super::message::{page_error, rendered};
use super::super::metadata_view::{Labelled, MetadataView, metadata_views};
use super::super::models::{LiveView, ModelLine, model_line, past_partition};
use super::compare::{Compared, compared};
use super::curves::{Figure, attached, curves, over_history};
use super::history::{
    ConfigRow, History, Made, Whole, config_rows, history, materializations, unreadable, whole,
};
use super::history_axis::HistoryAxis;
use super::partitions::{PartitionQuery, Partitions, partitions};
use super::preview::{Preview, preview};
use crate::error::ApiError;
use crate::models::ModelSnapshot;
use crate::state::AppState;

/// The maximum numbers of materializations that are plotted and listed.
const PLOTTED: u32 = 200;
const LISTED: usize = 25;
/// The maximum number of reasons shown why it isn't fresh.
const REASONS: usize = 8;
/// The maximum number of evaluations of checks that are read.
const EVALUATED: u32 = 60;

#[derive(Template)]
#[template(path = "asset.html")]
struct Asset {
    head: u64,
    key: String,
    description: String,
    status: AssetStatus,
    is_late: bool,
    progress: Option<StepProgress>,
    because: Vec<String>,
    has_failed: bool,
    can_run: bool,
    /// Whether it is shown of a partition that isn't defined any more.
    is_gone: bool,
    /// The partition that it is shown of, as a set.
    partition_set: String,
    /// Whether a run has to name partitions, because there are more with time.
    needs_partition: bool,
    /// The identity of the partition; empty for none.
    identity: String,
    /// What is in use of it; `None` if the asset isn't a model.
    model: Option<ModelLine>,
    facts: Vec<(&'static str, String)>,
    config: String,
    /// The standing configuration of its step.
    standing: Vec<ConfigRow>,
    lineage: String,
    upstream: Vec<String>,
    downstream: Vec<String>,
    wanted: AssetQuery,
    axis: HistoryAxis,
    /// The other axes that its numbers may be shown along.
    other_axes: Vec<HistoryAxis>,
    /// Its partitions; `None` if it has none.
    partitions: Option<Partitions>,
    newest: Option<Whole>,
    is_newest: bool,
    preview: Preview,
    compared: Option<Compared>,
    /// What it measured of a model's predictions.
    live: Vec<LiveView>,
    plots: Vec<Figure>,
    constant: Vec<Figure>,
    curves: Vec<Figure>,
    checks: Vec<Check>,
    history: History,
    /// The errors of materializations that can't be read.
    unreadable: Vec<String>,
    one: u64,
    other: u64,
}

/// The evaluations of a check, newest first.
struct Check {
    name: String,
    description: String,
    evaluations: Vec<Evaluation>,
}

struct Evaluation {
    verdict: &'static str,
    at: String,
    partition: String,
    run: Option<(String, String)>,
    description: String,
    metadata: Vec<Labelled>,
}

impl Asset {
    fn current(&self) -> &'static str {
        "Assets"
    }
}

/// The parameters of the page: what is shown in full.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in super::super) struct AssetQuery {
    #[serde(skip_serializing_if = "String::is_empty")]
    partition: String,
    /// The sequence numbers of a materialization, and of another one to compare it with.
    at: Option<u64>,
    with: Option<u64>,
    preview: Option<u8>,
    /// The axis of the plots of numbers; `None` for the best one.
    by: Option<HistoryAxis>,
}

impl AssetQuery {
    /// The address of the same page with its plots along an axis.
    fn along(&self, axis: &HistoryAxis) -> String {
        let query = serde_urlencoded::to_string(Self { by: Some(*axis), ..self.clone() });
        format!("?{}", query.unwrap_or_default())
    }

    /// What other addresses of the page keep of this one: the axis, where one is chosen.
    fn kept(&self) -> String {
        self.by.map(|axis| format!("&by={}", axis.as_str())).unwrap_or_default()
    }
}

pub(in super::super) async fn show(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Query(wanted): Query<AssetQuery>,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Response {
    match load(&state, &key, wanted, &PartitionQuery::new(&parameters)).await {
        Ok(asset) => rendered(StatusCode::OK, &asset),
        Err(error) => page_error(&error),
    }
}

async fn load(
    state: &AppState,
    key: &str,
    mut wanted: AssetQuery,
    shown_partitions: &PartitionQuery,
) -> Result<Asset, ApiError> {
    let graph = state.pipeline.graph();
    let index = find_asset(graph, key)?;
    let node = &graph.assets()[index];
    let statuses = state.statuses().await?;
    let moment = state.moment().await?;
    let partition = past_partition(graph, index, &wanted.partition, &moment);
    if let Some(partition) = &partition {
        wanted.partition = graph.written_partition(index, partition, &moment);
    }
    let space = graph.key_space(index, &moment);
    let is_gone = partition.is_some() && !graph.has_partition(index, partition.as_ref(), &moment);
    let newest = |kind: EventKind, limit| EventQuery {
        asset: Some(node.spec.key.clone()),
        partition: partition.clone().map(Some),
        kinds: Some(kind.into()),
        order: Order::NewestFirst,
        limit: Some(limit),
        ..EventQuery::default()
    };
    let made = state.store.events(newest(EventKind::Materialized, PLOTTED)).await?;
    let evaluated = state.store.events(newest(EventKind::CheckEvaluated, EVALUATED)).await?;
    if !wanted.partition.is_empty() && made.is_empty() && evaluated.is_empty() {
        // A partition that isn't defined any more may have a history.
        graph
            .find_partition(index, partition.as_ref(), &moment)
            .map_err(|error| ApiError::invalid(&error))?;
    }
    let unreadable = unreadable(&made);
    let made = materializations(&made);
    let at = |sequence: u64| made.iter().find(|(event, _)| event.sequence == sequence);
    let shown = wanted.at.and_then(at).or_else(|| made.first());
    let other = wanted.with.and_then(at);
    let preview = preview(state, shown, node.spec.value_type, wanted.preview.is_some()).await;
    let histories = graph.histories(index).iter().map(|edge| &edge.asset).chain(&node.history_readers);
    let around = node.upstream.iter().chain(&node.downstream).chain(histories).copied();
    let around: AssetSet = around.chain([index]).collect();
    let lineage = status_drawing(graph, &statuses, &around, |key| format!("/assets/{key}"));
    let names = |assets: &[AssetIndex]| assets.iter().map(|asset| graph.key(*asset).to_string()).collect();
    let health = statuses.of(index);
    let metric = node.spec.metric.as_ref();
    let models = if state.model_cache.has_models() { Some(state.models(statuses.head).await?) } else { None };
    let is_model = |models: &&Arc<ModelSnapshot>| graph.models(&models.aliased()).contains(&index);
    let model = models.as_ref().filter(is_model).map(|models| {
        let newest = made.first().and_then(|(_, made)| made.version);
        model_line(graph, models, index, partition.clone(), newest, &moment)
    });
    let live = shown.map(|(event, made)| {
        let models = models.as_deref();
        LiveView::of_asset((graph, models), (index, event, &made.metadata), state.clock.now())
    });
    let axis = wanted.by.unwrap_or_else(|| HistoryAxis::best(&made));
    let other_axes = axis.others(health.partitions.is_partitioned() && partition.is_none());
    let (plots, constant) = over_history(&made, metric, axis);
    let second = made.get(1).or(made.first());
    let takes_config = node.step.is_some_and(|step| graph.steps()[step].config.is_some());
    Ok(Asset {
        head: statuses.head,
        key: node.spec.key.to_string(),
        description: node.spec.description.clone(),
        can_run: node.step.is_some(),
        is_gone,
        partition_set: partition.as_ref().map(|one| space.text_in_sets(one)).unwrap_or_default(),
        identity: partition.as_ref().map(|partition| partition.identity().to_owned()).unwrap_or_default(),
        needs_partition: graph.growing_partitions(index).is_some(),
        model,
        facts: facts(graph, index, health.freshness.as_ref()),
        config: config(graph, node),
        standing: standing(graph, node),
        lineage: if around.len() > 1 { state.layouts.element(&lineage) } else { String::new() },
        upstream: names(&node.upstream),
        downstream: names(&node.downstream),
        partitions: {
            let beside = (wanted.partition.as_str(), wanted.kept());
            partitions(state, (index, health), shown_partitions, beside, &moment).await?
        },
        status: health.status,
        is_late: health.is_late(),
        progress: health.progress(),
        because: health.reasons().iter().take(REASONS).cloned().collect(),
        has_failed: health.status == AssetStatus::Failed,
        is_newest: shown.map(|(event, _)| event.sequence) == made.first().map(|(event, _)| event.sequence),
        newest: shown.map(|shown| whole(shown, metric, takes_config)),
        preview,
        compared: shown.zip(other).map(|(one, other)| compared(other, one, metric)),
        live: live.unwrap_or_default(),
        plots,
        constant,
        curves: curves(&from(&made, shown)).into_iter().chain(attached(shown)).collect(),
        checks: checks(graph, node, evaluated),
        history: history(&made, metric, LISTED),
        unreadable,
        one: shown.map_or(0, |(event, _)| event.sequence),
        other: other.or(second).map_or(0, |(event, _)| event.sequence),
        wanted,
        axis,
        other_axes,
    })
}

/// The materializations from the shown one on to older ones.
fn from<'a>(made: &[Made<'a>], shown: Option<&Made<'a>>) -> Vec<Made<'a>> {
    let newest = shown.map_or(u64::MAX, |(event, _)| event.sequence);
    made.iter().filter(|(event, _)| event.sequence <= newest).copied().collect()
}

fn facts(
    graph: &AssetGraph,
    asset: AssetIndex,
    freshness: Option<&AssetFreshness>,
) -> Vec<(&'static str, String)> {
    let node = &graph.assets()[asset];
    let step = node.step.map(|step| &graph.steps()[step]);
    let computation = step.map(millwork_core::graph::StepNode::computation);
    let source = computation.and_then(|step| step.source);
    let tags = node.spec.tags.iter().map(|(key, value)| format!("{key}={value}"));
    let pools =
        computation.map(|step| step.pools.iter().map(|pool| format!("{} × {}", pool.slots, pool.pool)));
    let late = freshness.filter(|freshness| freshness.is_late()).map(|freshness| {
        let since = freshness.since.map(|at| format!(" since {at:.0}")).unwrap_or_default();
        let window = freshness.late_window.as_ref().map(|window| format!(", without {window}"));
        format!(": {}{since}{}", freshness.state, window.unwrap_or_default())
    });
    let policy = node.spec.freshness.as_ref().map(ToString::to_string).unwrap_or_default();
    let facts = [
        ("Group", node.spec.group.clone().unwrap_or_default()),
        ("Kinds", node.spec.kinds.join(", ")),
        ("Owners", node.spec.owners.join(", ")),
        ("Tags", tags.collect::<Vec<_>>().join(", ")),
        ("Metric", node.spec.metric.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("Type", node.spec.value_type.map(|value| value.type_name().to_owned()).unwrap_or_default()),
        ("Takes", takes_in_words(graph, asset)),
        ("Gate", node.gate.map(|gate| graph.steps()[gate].key.to_string()).unwrap_or_default()),
        ("Code version", computation.map(|step| step.code_version.to_string()).unwrap_or_default()),
        ("Source", source.map(|(file, line)| format!("{file}:{line}")).unwrap_or_default()),
        ("Pools", pools.map(|pools| pools.collect::<Vec<_>>().join(", ")).unwrap_or_default()),
        ("Time-out", computation.and_then(|step| step.timeout).map(format::span).unwrap_or_default()),
        (
            "Automation",
            node.spec.automation.as_ref().map(millwork_core::AutomationCondition::title).unwrap_or_default(),
        ),
        ("Freshness", policy + &late.unwrap_or_default()),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// The JSON schemas of its configuration.
fn config(graph: &AssetGraph, node: &AssetNode) -> String {
    let step = node.step.map(|step| &graph.steps()[step].computation().requirements.config);
    let schemas = step.into_iter().flatten().map(|schema| serde_json::to_string_pretty(&schema.json()));
    schemas.flatten().collect::<Vec<_>>().join("\n")
}

/// The standing configuration of its step, field by field.
fn standing(graph: &AssetGraph, node: &AssetNode) -> Vec<ConfigRow> {
    let standing = node.step.and_then(|step| graph.steps()[step].config.as_ref());
    let standing =
        standing.map(|standing| RecordedConfig { effective: standing.effective().clone(), standing: None });
    standing.as_ref().map(config_rows).unwrap_or_default()
}

/// Every check of the asset, also one that was never evaluated.
fn checks(graph: &AssetGraph, node: &AssetNode, evaluated: Vec<Event>) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for step in &node.checks {
        if let millwork_core::graph::StepKind::Check { definition, .. } = &graph.steps()[*step].kind {
            let (name, description) = (definition.name.clone(), definition.description.clone());
            checks.push(Check { name, description, evaluations: Vec::new() });
        }
    }
    for event in evaluated {
        let EventBody::CheckEvaluated(check) = event.body else { continue };
        let evaluation = Evaluation {
            verdict: if check.passed { "pass" } else { "fail" },
            at: event.at.to_string(),
            partition: event.partition.map(|partition| partition.to_string()).unwrap_or_default(),
            run: event.run.map(|run| (run.to_string(), run.short())),
            description: check.description,
            metadata: metadata_views(event.sequence, &check.metadata),
        };
        match checks.iter_mut().find(|known| known.name == check.check) {
            Some(known) => known.evaluations.push(evaluation),
            None => checks.push(Check {
                name: check.check,
                description: String::new(),
                evaluations: vec![evaluation],
            }),
        }
    }
    checks
}
