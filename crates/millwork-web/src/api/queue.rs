//! The run queue and the pools: what waits and why, and who holds what.

use axum::Json;
use axum::extract::State;
use millwork_api::{PoolView, QueueView};
use millwork_storage::waiting_runs;

use crate::error::ApiError;
use crate::state::AppState;

/// The runs that wait for a daemon, those that come first first, each with the reason; `max_runs` is how many go on at a time,
/// `null` if there is no daemon.
#[utoipa::path(
    get, path = "/api/v1/queue", tag = "queue",
    responses((status = 200, description = "The runs that wait, and why", body = QueueView))
)]
pub(super) async fn waiting(State(state): State<AppState>) -> Result<Json<QueueView>, ApiError> {
    let limits = state.host.queue_limits();
    let waiting = waiting_runs(&*state.store, limits.as_ref(), state.clock.now()).await?;
    Ok(Json(QueueView::new(limits.as_ref(), waiting)))
}

/// The pools, their slots, and who holds them.
#[utoipa::path(
    get, path = "/api/v1/pools", tag = "queue",
    responses((status = 200, description = "The pools, and who holds their slots", body = Vec<PoolView>))
)]
pub(super) async fn pools(State(state): State<AppState>) -> Result<Json<Vec<PoolView>>, ApiError> {
    Ok(Json(PoolView::all(state.pipeline.pools(), &state.store.held_slots().await?)))
}
