//! Automation: which assets have conditions, why they were requested or weren't, and their switches.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use millwork_core::automation::{AssetState, entries, explain};
use millwork_core::{AssetKey, Instigator};
use serde_json::{Value, json};

use super::switch::Switch;
use crate::error::ApiError;
use crate::state::AppState;

#[utoipa::path(get, path = "/api/v1/automation", tag = "automation",  responses((status = 200, description = "The assets with conditions", body = Object)))]
pub(super) async fn list(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let switches = state.store.states().await?;
    let switched = |instigator: &Instigator| switches.get(instigator).and_then(|state| state.on);
    let entries = entries(state.pipeline.graph(), &states(&state, None).await?, switched);
    Ok(Json(json!({ "on": switched(&Instigator::Automation(None)).unwrap_or(true), "assets": entries })))
}

/// What the last evaluation found, as a tree and as text.
#[utoipa::path(get, path = "/api/v1/automation/{*key}", tag = "automation", params(("key" = String, Path, description = "The asset's key")), responses((status = 200, description = "Why an asset was requested, or wasn't", body = Object)))]
pub(super) async fn show(
    State(state): State<AppState>,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let key = known(&state, &key)?;
    let condition = state.pipeline.graph().asset(key.as_str()).and_then(|node| node.spec.automation.as_ref());
    let memory = states(&state, Some(&key)).await?.remove(&key).and_then(|state| state.memory);
    let explanation = condition.zip(memory).and_then(|(condition, memory)| explain(&key, condition, &memory));
    let text = explanation.as_ref().map(ToString::to_string);
    Ok(Json(json!({
        "asset": key,
        "condition": condition.map(ToString::to_string),
        "explanation": explanation,
        "text": text,
    })))
}

#[utoipa::path(post, path = "/api/v1/automation", tag = "automation", request_body = Switch, responses((status = 200, description = "What automation is now", body = Object)))]
pub(super) async fn switch(
    State(state): State<AppState>,
    body: Result<Json<Switch>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    let Json(Switch { on }) = body?;
    state.store.switch(&Instigator::Automation(None), Some(on)).await?;
    state.wake.notify_waiters();
    Ok(Json(json!({ "on": on })))
}

#[utoipa::path(post, path = "/api/v1/automation/{*key}", tag = "automation", params(("key" = String, Path, description = "The asset's key")), request_body = Switch, responses((status = 200, description = "What the asset's condition is now", body = Object)))]
pub(super) async fn switch_asset(
    State(state): State<AppState>,
    Path(key): Path<String>,
    body: Result<Json<Switch>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    let Json(Switch { on }) = body?;
    let key = known(&state, &key)?;
    state.store.switch(&Instigator::Automation(Some(key.clone())), Some(on)).await?;
    state.wake.notify_waiters();
    Ok(Json(json!({ "asset": key, "on": on })))
}

/// What automation remembers of one asset, or of all.
pub(crate) async fn states(
    state: &AppState,
    asset: Option<&AssetKey>,
) -> Result<BTreeMap<AssetKey, AssetState>, ApiError> {
    let rows = state.store.automation_rows(asset).await?;
    let parsed =
        rows.into_iter().filter_map(|row| Some((row.asset, serde_json::from_str(&row.state?).ok()?)));
    Ok(parsed.collect())
}

fn known(state: &AppState, key: &str) -> Result<AssetKey, ApiError> {
    let node = state.pipeline.graph().asset(key).filter(|node| node.spec.automation.is_some());
    let missing = || ApiError::not_found(format!("no asset `{key}` has an automation condition"));
    node.map(|node| node.spec.key.clone()).ok_or_else(missing)
}
