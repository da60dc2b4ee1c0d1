//! Pending requests of sensors and schedules.

use axum::Json;
use axum::extract::{Path, Query, State};
use millwork_api::{NameError, PendingChange, PendingDecision, PendingView};
use serde::Deserialize;
use utoipa::IntoParams;

use super::limit::Limit;
use crate::error::ApiError;
use crate::state::AppState;

/// The page of pending requests to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PendingQuery {
    /// The maximum number of requests, 50 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<50, 10_000>,
}

#[utoipa::path(
    get, path = "/api/v1/pending", tag = "sensors", params(PendingQuery),
    responses((status = 200, description = "The pending requests, oldest first", body = Vec<PendingView>))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Query(wanted): Query<PendingQuery>,
) -> Result<Json<Vec<PendingView>>, ApiError> {
    let pending = state.store.pending(&[], wanted.limit.rows()).await?;
    Ok(Json(pending.into_iter().map(Into::into).collect()))
}

#[utoipa::path(
    post, path = "/api/v1/pending/{id}/retry", tag = "sensors",
    params(("id" = u64, Path, description = "The number of the request")),
    responses((status = 200, description = "The request is tried again now", body = PendingChange))
)]
pub(super) async fn retry(
    State(state): State<AppState>,
    Path(id): Path<u64>,
) -> Result<Json<PendingChange>, ApiError> {
    if !state.store.retry_pending(id, state.clock.now()).await? {
        return Err(NameError::UnknownPending { id }.into());
    }
    state.wake.notify_waiters();
    Ok(Json(PendingChange { pending: id, state: PendingDecision::Waiting }))
}

#[utoipa::path(
    post, path = "/api/v1/pending/{id}/drop", tag = "sensors",
    params(("id" = u64, Path, description = "The number of the request")),
    responses((status = 200, description = "The request isn't tried again", body = PendingChange))
)]
pub(super) async fn drop(
    State(state): State<AppState>,
    Path(id): Path<u64>,
) -> Result<Json<PendingChange>, ApiError> {
    if !state.store.drop_pending(id).await? {
        return Err(NameError::UnknownPending { id }.into());
    }
    Ok(Json(PendingChange { pending: id, state: PendingDecision::Dropped }))
}
