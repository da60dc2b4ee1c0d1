//! Alert rules and deliveries.

use axum::Json;
use axum::extract::{Path, Query, State};
use millwork_api::{
    AlertRuleView, DeliveryChange, DeliveryStateName, DeliveryView, NameError, delivery_state,
};
use millwork_storage::DeliveryState;
use serde::Deserialize;
use utoipa::IntoParams;

use super::limit::Limit;
use crate::error::ApiError;
use crate::state::AppState;

#[utoipa::path(
    get, path = "/api/v1/alerts", tag = "alerts",
    responses((status = 200, description = "The rules with their destinations", body = Vec<AlertRuleView>))
)]
pub(super) async fn list(State(state): State<AppState>) -> Json<Vec<AlertRuleView>> {
    Json(state.pipeline.alerts().iter().map(Into::into).collect())
}

/// The deliveries to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveryQuery {
    /// Only deliveries in this state.
    #[param(inline, value_type = Option<DeliveryStateName>)]
    state: Option<String>,
    /// The maximum number of deliveries, 50 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<50, 1_000>,
}

#[utoipa::path(
    get, path = "/api/v1/alerts/deliveries", tag = "alerts", params(DeliveryQuery),
    responses((status = 200, description = "Deliveries, newest first", body = Vec<DeliveryView>))
)]
pub(super) async fn deliveries(
    State(state): State<AppState>,
    Query(wanted): Query<DeliveryQuery>,
) -> Result<Json<Vec<DeliveryView>>, ApiError> {
    let of_state = wanted.state.as_deref().map(delivery_state).transpose()?;
    let deliveries = state.store.deliveries(of_state, wanted.limit.rows()).await?;
    Ok(Json(deliveries.into_iter().map(Into::into).collect()))
}

#[utoipa::path(
    post, path = "/api/v1/alerts/deliveries/{id}/retry", tag = "alerts",
    params(("id" = u64, Path, description = "The number of the delivery")),
    responses((status = 200, description = "The delivery is sent again at once", body = DeliveryChange))
)]
pub(super) async fn retry(
    State(state): State<AppState>,
    Path(id): Path<u64>,
) -> Result<Json<DeliveryChange>, ApiError> {
    if !state.store.retry_delivery(id, state.clock.now()).await? {
        return Err(NameError::UnknownDelivery { ids: id.to_string() }.into());
    }
    state.wake.notify_waiters();
    Ok(Json(DeliveryChange { delivery: id, state: DeliveryState::Pending }))
}

#[utoipa::path(
    post, path = "/api/v1/alerts/deliveries/{id}/drop", tag = "alerts",
    params(("id" = u64, Path, description = "The number of the delivery")),
    responses((status = 200, description = "The delivery is never sent again", body = DeliveryChange))
)]
pub(super) async fn drop_delivery(
    State(state): State<AppState>,
    Path(id): Path<u64>,
) -> Result<Json<DeliveryChange>, ApiError> {
    if !state.store.drop_delivery(id, state.clock.now()).await? {
        return Err(NameError::UnknownDelivery { ids: id.to_string() }.into());
    }
    Ok(Json(DeliveryChange { delivery: id, state: DeliveryState::Dropped }))
}
