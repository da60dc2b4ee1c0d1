//! Alerts: who is told what, and what has arrived.

use axum::Json;
use axum::extract::{Path, Query, State};
use millwork_api::{AlertRuleView, DeliveryChange, DeliveryStateName, DeliveryView};
use millwork_storage::DeliveryState;
use serde::Deserialize;
use utoipa::IntoParams;

use super::limit::Limit;
use crate::error::ApiError;
use crate::state::AppState;

#[utoipa::path(
    get, path = "/api/v1/alerts", tag = "alerts",
    responses((status = 200, description = "The rules, and whom they tell", body = Vec<AlertRuleView>))
)]
pub(super) async fn list(State(state): State<AppState>) -> Json<Vec<AlertRuleView>> {
    Json(state.pipeline.alerts().iter().map(Into::into).collect())
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only those in this state.
    #[param(inline, value_type = Option<DeliveryStateName>)]
    state: Option<String>,
    /// Maximum number of deliveries, 50 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<50, 1_000>,
}

#[utoipa::path(
    get, path = "/api/v1/alerts/deliveries", tag = "alerts", params(Wanted),
    responses((status = 200, description = "Deliveries, newest first", body = Vec<DeliveryView>))
)]
pub(super) async fn deliveries(
    State(state): State<AppState>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<DeliveryView>>, ApiError> {
    let unknown = |name: &String| ApiError::invalid(format!("`{name}` is no state of a delivery"));
    let named = |name: &String| DeliveryState::from_name(name).ok_or_else(|| unknown(name));
    let of_state = wanted.state.as_ref().map(named).transpose()?;
    let deliveries = state.store.deliveries(of_state, wanted.limit.rows()).await?;
    Ok(Json(deliveries.into_iter().map(Into::into).collect()))
}

#[utoipa::path(
    post, path = "/api/v1/alerts/deliveries/{id}/retry", tag = "alerts",
    params(("id" = u64, Path, description = "The delivery's number")),
    responses((status = 200, description = "It is sent again at once", body = DeliveryChange))
)]
pub(super) async fn retry(
    State(state): State<AppState>,
    Path(id): Path<u64>,
) -> Result<Json<DeliveryChange>, ApiError> {
    if !state.store.retry_delivery(id, state.clock.now()).await? {
        return Err(unknown(id));
    }
    state.wake.notify_waiters();
    Ok(Json(DeliveryChange { delivery: id, state: DeliveryState::Pending }))
}

#[utoipa::path(
    post, path = "/api/v1/alerts/deliveries/{id}/drop", tag = "alerts",
    params(("id" = u64, Path, description = "The delivery's number")),
    responses((status = 200, description = "It is never sent again", body = DeliveryChange))
)]
pub(super) async fn drop_delivery(
    State(state): State<AppState>,
    Path(id): Path<u64>,
) -> Result<Json<DeliveryChange>, ApiError> {
    if !state.store.drop_delivery(id, state.clock.now()).await? {
        return Err(unknown(id));
    }
    Ok(Json(DeliveryChange { delivery: id, state: DeliveryState::Dropped }))
}

fn unknown(id: u64) -> ApiError {
    ApiError::not_found(format!("no delivery {id} waits or was given up"))
}
