//! The assets, and the graph that they make.

use axum::Json;
use axum::extract::{Path, Query, State};
use millwork_core::graph::{AssetIndex, AssetNode};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::limit::Limit;
use crate::error::ApiError;
use crate::state::AppState;

/// The most assets of a page.
const LARGEST_PAGE: u32 = 1_000;

/// Which assets.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Behind this key.
    after: Option<String>,
    /// At most so many, 200 if nothing is said.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<200, LARGEST_PAGE>,
}

/// The assets that are defined, by their keys, each with its status; `next` is what `after` has to be for the page after
/// this one.
#[utoipa::path(get, path = "/api/v1/assets", tag = "assets", params(Wanted), responses((status = 200, description = "The assets that are defined, by their keys", body = Object)))]
pub(super) async fn list(
    State(state): State<AppState>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let (graph, statuses) = (state.pipeline.graph(), state.statuses().await?);
    let is_behind = |key: &str| wanted.after.as_deref().is_none_or(|after| key > after);
    let mut found: Vec<AssetIndex> =
        graph.assets().indices().filter(|asset| is_behind(graph.key(*asset).as_str())).collect();
    found.sort_by_key(|asset| graph.key(*asset));
    let limit = wanted.limit.rows() as usize;
    let next = found[..limit.min(found.len())].last().filter(|_| found.len() > limit);
    let next = next.map(|asset| graph.key(*asset));
    let shown = found.iter().take(limit).map(|asset| {
        let mut shown = described(&state, &graph.assets()[*asset]);
        shown["state"] = statuses.of(*asset).status.as_str().into();
        shown
    });
    Ok(Json(json!({ "assets": shown.collect::<Vec<_>>(), "next": next })))
}

/// An asset, and what is latest of it and its partitions.
#[utoipa::path(get, path = "/api/v1/assets/{*key}", tag = "assets", params(("key" = String, Path, description = "The asset's key")), responses((status = 200, description = "An asset, with what is latest of it and its partitions", body = Object)))]
pub(super) async fn show(
    State(state): State<AppState>,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let graph = state.pipeline.graph();
    let asset = graph.asset(&key).ok_or_else(|| ApiError::unknown_asset(graph, &key))?;
    let mut latest = state.store.latest(std::slice::from_ref(&asset.spec.key)).await?;
    if let Some(index) = graph.index(&key) {
        // What is stored of partitions that it had once is history.
        latest.retain(|latest| graph.has_partition(index, latest.partition.as_ref()));
    }
    let newest =
        latest.iter().filter_map(|latest| latest.materialization.as_ref()).map(|event| event.at).max();
    let latest: Vec<Value> = latest
        .into_iter()
        .map(|latest| {
            json!({ "partition": latest.partition, "verdict": latest.verdict, "materialization": latest.materialization })
        })
        .collect();
    let mut shown = described(&state, asset);
    shown["freshness"] = json!(asset.spec.freshness.as_ref().map(|policy| {
        json!({ "policy": policy.to_string(), "state": policy.state(newest, state.clock.now()) })
    }));
    shown["latest"] = latest.into();
    Ok(Json(shown))
}

#[utoipa::path(get, path = "/api/v1/graph", tag = "assets",  responses((status = 200, description = "The keys of assets, and which is made from which", body = Object)))]
pub(super) async fn graph(State(state): State<AppState>) -> Json<Value> {
    let graph = state.pipeline.graph();
    let edges = graph.assets().iter().flat_map(|asset| {
        let to = &asset.spec.key;
        asset.upstream.iter().map(move |&upstream| json!({ "from": graph.key(upstream), "to": to }))
    });
    let nodes: Vec<&str> = graph.assets().iter().map(|asset| asset.spec.key.as_str()).collect();
    Json(json!({ "assets": nodes, "edges": edges.collect::<Vec<_>>() }))
}

fn described(state: &AppState, asset: &AssetNode) -> Value {
    let graph = state.pipeline.graph();
    let spec = &asset.spec;
    json!({
        "key": spec.key,
        "description": spec.description,
        "group": spec.group,
        "kinds": spec.kinds,
        "owners": spec.owners,
        "tags": spec.tags,
        "external": asset.step.is_none(),
        "upstream": asset.upstream.iter().map(|&upstream| graph.key(upstream)).collect::<Vec<_>>(),
    })
}
