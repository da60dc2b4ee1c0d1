//! Whether it lives, whether it can work, and numbers for Prometheus.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use millwork_core::run::RunStatus;
use millwork_storage::RunQuery;

use crate::error::ApiError;
use crate::state::AppState;

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "The process lives", body = String, content_type = "text/plain")))]
pub(super) async fn alive() -> &'static str {
    "ok"
}

/// The store answers.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, description = "The store answers", body = String, content_type = "text/plain")))]
pub(super) async fn ready(State(state): State<AppState>) -> Result<&'static str, ApiError> {
    state.store.states().await?;
    Ok("ok")
}

/// The text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health",  responses((status = 200, description = "Numbers in Prometheus' text format", body = String, content_type = "text/plain")))]
pub(super) async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: f64| {
        text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n"));
    };
    for (status, name, help) in [
        (RunStatus::Queued, "millwork_runs_queued", "Runs that wait"),
        (RunStatus::Running, "millwork_runs_running", "Runs that are executed"),
    ] {
        let query = RunQuery { statuses: vec![status], ..RunQuery::default() };
        gauge(name, help, state.store.runs(query).await?.len() as f64);
    }
    gauge("millwork_assets", "Assets that are defined", state.pipeline.graph().assets().len() as f64);
    gauge("millwork_uptime_seconds", "Time since the server started", state.started.elapsed().as_secs_f64());
    let held = state.store.held_slots().await?;
    for (pool, slots) in state.pipeline.pools() {
        let taken: u32 = held.iter().filter(|held| held.pool == pool).map(|held| held.slots).sum();
        text.push_str(&format!("millwork_pool_slots{{pool={pool:?}}} {slots}\n"));
        text.push_str(&format!("millwork_pool_slots_held{{pool={pool:?}}} {taken}\n"));
    }
    let mut counted = state.counted.lock().await;
    counted.catch_up(&*state.store).await?;
    text.push_str(&counted.metrics());
    text.push_str(&state.host.metrics());
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}
