//! The run queue with the reasons why runs wait, and the pools with the holders of their slots.

use axum::Json;
use axum::extract::State;
use millwork_api::{PoolView, QueueView};
use millwork_storage::waiting_runs;

use crate::error::ApiError;
use crate::state::AppState;

/// The runs that wait for a daemon, in the order in which they are launched, each with the reason; `max_runs` is the maximum number of
/// concurrent runs,
/// `null` if there is no daemon.
#[utoipa::path(
    get, path = "/api/v1/queue", tag = "queue",
    responses((status = 200, description = "The waiting runs with the reasons why they wait", body = QueueView))
)]
pub(super) async fn waiting(State(state): State<AppState>) -> Result<Json<QueueView>, ApiError> {
    let limits = state.host.queue_limits();
    let waiting =
        waiting_runs(&*state.store, limits.as_ref(), state.host.launch_error().as_deref(), state.clock.now())
            .await?;
    Ok(Json(QueueView::new(limits.as_ref(), waiting)))
}

/// The pools with their slots and the processes that hold them.
#[utoipa::path(
    get, path = "/api/v1/pools", tag = "queue",
    responses((status = 200, description = "The pools with the holders of their slots", body = Vec<PoolView>))
)]
pub(super) async fn pools(State(state): State<AppState>) -> Result<Json<Vec<PoolView>>, ApiError> {
    Ok(Json(PoolView::all(state.pipeline.pools(), &state.store.held_slots().await?)))
}
