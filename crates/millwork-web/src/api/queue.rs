//! The run queue and the pools: what waits and why, and who holds what.

use axum::Json;
use axum::extract::State;
use millwork_storage::waiting_runs;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::state::AppState;

/// The runs that wait for a daemon, those that come first first, each with the reason; `max_runs` is how many go on at a time,
/// `null` if there is no daemon.
#[utoipa::path(get, path = "/api/v1/queue", tag = "queue",  responses((status = 200, description = "The runs that wait, and why", body = Object)))]
pub(super) async fn waiting(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let limits = state.host.queue_limits();
    let waiting = waiting_runs(&*state.store, limits.as_ref(), state.clock.now()).await?;
    let told = waiting
        .into_iter()
        .map(|(run, reason)| json!({ "run": run, "waits": reason.map(|reason| reason.to_string()) }));
    Ok(Json(json!({ "max_runs": limits.map(|limits| limits.max_runs), "waiting": told.collect::<Vec<_>>() })))
}

/// The pools, their slots, and who holds them.
#[utoipa::path(get, path = "/api/v1/pools", tag = "queue",  responses((status = 200, description = "The pools, and who holds their slots", body = Vec<Object>)))]
pub(super) async fn pools(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let held = state.store.held_slots().await?;
    let pools = state.pipeline.pools().into_iter().map(|(pool, slots)| {
        let of_pool = held.iter().filter(|held| held.pool == pool);
        let taken: u32 = of_pool.clone().map(|held| held.slots).sum();
        let holders: Vec<Value> = of_pool
            .map(|held| {
                let (host, pid) = (&held.holder.host, held.holder.pid);
                json!({ "slots": held.slots, "host": host, "pid": pid, "leased_until": held.until })
            })
            .collect();
        json!({ "pool": pool, "slots": slots, "held": taken, "holders": holders })
    });
    Ok(Json(pools.collect()))
}
