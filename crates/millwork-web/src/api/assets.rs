//! The assets, and the graph that they make.

use axum::Json;
use axum::extract::{Path, State};
use millwork_core::graph::AssetNode;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::state::AppState;

#[utoipa::path(get, path = "/api/v1/assets", tag = "assets",  responses((status = 200, description = "The assets that are defined", body = Object)))]
pub(super) async fn list(State(state): State<AppState>) -> Json<Value> {
    Json(state.pipeline.graph().assets().iter().map(|asset| described(&state, asset)).collect())
}

/// An asset, and what is latest of it and its partitions.
#[utoipa::path(get, path = "/api/v1/assets/{*key}", tag = "assets", params(("key" = String, Path, description = "The asset's key")), responses((status = 200, description = "An asset, with what is latest of it and its partitions", body = Object)))]
pub(super) async fn show(
    State(state): State<AppState>,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let graph = state.pipeline.graph();
    let asset = graph.asset(&key).ok_or_else(|| {
        ApiError::not_found(format!("no asset is called `{key}`; hint: {}", graph.asset_hint(&key)))
    })?;
    let latest = state.store.latest(std::slice::from_ref(&asset.spec.key)).await?;
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
