//! Alerts: who is told what, and what has arrived.

use axum::Json;
use axum::extract::{Path, Query, State};
use millwork_core::alert::AlertRule;
use millwork_storage::DeliveryState;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::limit::Limit;
use crate::error::ApiError;
use crate::state::AppState;

#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", responses((status = 200, description = "The rules and whom they tell", body = Vec<Object>)))]
pub(super) async fn list(State(state): State<AppState>) -> Json<Value> {
    Json(state.pipeline.alerts().iter().map(AlertRule::to_json).collect())
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only those that are `pending`, `delivered`, `dead` or `dropped`.
    state: Option<String>,
    /// At most so many, 50 if nothing is said.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<50, 1_000>,
}

#[utoipa::path(get, path = "/api/v1/alerts/deliveries", tag = "alerts", params(Wanted), responses((status = 200, description = "Deliveries, newest first", body = Vec<Object>)))]
pub(super) async fn deliveries(
    State(state): State<AppState>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let unknown = |name: &String| ApiError::invalid(format!("`{name}` is no state of a delivery"));
    let named = |name: &String| DeliveryState::from_name(name).ok_or_else(|| unknown(name));
    let of_state = wanted.state.as_ref().map(named).transpose()?;
    Ok(Json(json!(state.store.deliveries(of_state, wanted.limit.rows()).await?)))
}

#[utoipa::path(post, path = "/api/v1/alerts/deliveries/{id}/retry", tag = "alerts", params(("id" = u64, Path)), responses((status = 200, description = "It is sent again at once", body = Object)))]
pub(super) async fn retry(
    State(state): State<AppState>,
    Path(id): Path<u64>,
) -> Result<Json<Value>, ApiError> {
    if !state.store.retry_delivery(id, state.clock.now()).await? {
        return Err(unknown(id));
    }
    state.wake.notify_waiters();
    Ok(Json(json!({ "delivery": id, "state": DeliveryState::Pending })))
}

#[utoipa::path(post, path = "/api/v1/alerts/deliveries/{id}/drop", tag = "alerts", params(("id" = u64, Path)), responses((status = 200, description = "It is never sent again", body = Object)))]
pub(super) async fn drop_delivery(
    State(state): State<AppState>,
    Path(id): Path<u64>,
) -> Result<Json<Value>, ApiError> {
    if !state.store.drop_delivery(id, state.clock.now()).await? {
        return Err(unknown(id));
    }
    Ok(Json(json!({ "delivery": id, "state": DeliveryState::Dropped })))
}

fn unknown(id: u64) -> ApiError {
    ApiError::not_found(format!("no delivery {id} waits or was given up"))
}
