//! Automation: the assets with conditions, the explanations of their evaluations, and their switches.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use millwork_api::{
    AssetSwitch, AutomationEntryView, AutomationSwitch, AutomationView, ExplainedAsset, condition_off,
    find_condition,
};
use millwork_core::automation::{AssetState, entries, explain_in};
use millwork_core::{AssetKey, Instigator};

use super::body::Body;
use super::switch::Switch;
use crate::error::ApiError;
use crate::state::AppState;

#[utoipa::path(
    get, path = "/api/v1/automation", tag = "automation",
    responses((status = 200, description = "The assets with conditions", body = AutomationView))
)]
pub(super) async fn list(State(state): State<AppState>) -> Result<Json<AutomationView>, ApiError> {
    let switches = state.store.states().await?;
    let switched = |instigator: &Instigator| switches.get(instigator).and_then(|state| state.on);
    let (graph, others) = (state.pipeline.graph(), state.pipeline.other_conditions());
    let entries = entries(graph, others, &states(&state, None).await?, switched);
    let on = switched(&Instigator::Automation(None)).unwrap_or(true);
    let not_on = state.watches_not_on().await?;
    let view = |entry| AutomationEntryView::new(entry, &not_on);
    Ok(Json(AutomationView { on, assets: entries.into_iter().map(view).collect() }))
}

/// The last evaluation of an asset's condition, as a tree and as text.
#[utoipa::path(
    get, path = "/api/v1/automation/{*key}", tag = "automation",
    params(("key" = String, Path, description = "The asset's key; of a job, `job:` and its name; of a watch, `watch:` and its model")),
    responses((status = 200, description = "Why an asset was or wasn't requested", body = ExplainedAsset))
)]
pub(super) async fn show(
    State(state): State<AppState>,
    Path(key): Path<String>,
) -> Result<Json<ExplainedAsset>, ApiError> {
    let (key, condition) = find_condition(&state.pipeline, &key)?;
    let memory = states(&state, Some(&key)).await?.remove(&key).and_then(|state| state.memory);
    let moment = state.moment().await?;
    let explain = |memory| explain_in(state.pipeline.graph(), &moment, &key, condition, memory);
    let explanation = memory.as_ref().and_then(explain);
    let off = condition_off(&*state.store, &key).await?;
    Ok(Json(ExplainedAsset::new(key, condition, explanation, off)))
}

#[utoipa::path(
    post, path = "/api/v1/automation", tag = "automation", request_body = Switch,
    responses((status = 200, description = "Automation after the switch", body = AutomationSwitch))
)]
pub(super) async fn switch(
    State(state): State<AppState>,
    Body(Switch { on }): Body<Switch>,
) -> Result<Json<AutomationSwitch>, ApiError> {
    state.switch(&Instigator::Automation(None), on).await?;
    Ok(Json(AutomationSwitch { on }))
}

#[utoipa::path(
    post, path = "/api/v1/automation/{*key}", tag = "automation",
    params(("key" = String, Path, description = "The asset's key; of a job, `job:` and its name; of a watch, `watch:` and its model")), request_body = Switch,
    responses((status = 200, description = "The asset's condition after the switch", body = AssetSwitch))
)]
pub(super) async fn switch_asset(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Body(Switch { on }): Body<Switch>,
) -> Result<Json<AssetSwitch>, ApiError> {
    let asset = find_condition(&state.pipeline, &key)?.0;
    state.switch(&Instigator::Automation(Some(asset.clone())), on).await?;
    Ok(Json(AssetSwitch { asset, on }))
}

/// The stored automation state of one asset, or of all.
pub(crate) async fn states(
    state: &AppState,
    asset: Option<&AssetKey>,
) -> Result<BTreeMap<AssetKey, AssetState>, ApiError> {
    let rows = state.store.automation_rows(asset).await?;
    let parsed =
        rows.into_iter().filter_map(|row| Some((row.asset, serde_json::from_str(&row.state?).ok()?)));
    Ok(parsed.collect())
}
