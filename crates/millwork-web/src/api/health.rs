//! Health checks and metrics for Prometheus.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use millwork_core::exposition::Exposition;
use millwork_core::run::RunStatus;
use millwork_storage::RunQuery;

use crate::error::ApiError;
use crate::state::AppState;

/// The process answers.
#[utoipa::path(
    get, path = "/healthz", tag = "health",
    responses((status = 200, description = "The process answers", body = String, content_type = "text/plain"))
)]
pub(super) async fn alive() -> &'static str {
    "ok"
}

/// The store answers.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses((status = 200, description = "The store answers", body = String, content_type = "text/plain"))
)]
pub(super) async fn ready(State(state): State<AppState>) -> Result<&'static str, ApiError> {
    state.store.states().await?;
    Ok("ok")
}

/// Metrics in the text format of Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "health",
    responses((status = 200, description = "Metrics in the text format of Prometheus", body = String, content_type = "text/plain"))
)]
pub(super) async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    let mut exposition = Exposition::default();
    for (status, name, help) in [
        (RunStatus::Queued, "millwork_runs_queued", "Runs that wait in the queue"),
        (RunStatus::Running, "millwork_runs_running", "Runs that are being executed"),
    ] {
        let query = RunQuery { statuses: vec![status], ..RunQuery::default() };
        exposition.gauge(name, help).value(state.store.runs(query).await?.len() as f64);
    }
    let assets = state.pipeline.graph().assets().len() as f64;
    exposition.gauge("millwork_assets", "Assets that are defined").value(assets);
    let uptime = state.started.elapsed().as_secs_f64();
    exposition.gauge("millwork_uptime_seconds", "Time since the server started").value(uptime);
    let held = state.store.held_slots().await?;
    let mut slots = exposition.gauge("millwork_pool_slots", "Slots of a pool");
    for (pool, of_pool) in state.pipeline.pools() {
        slots.labelled(&[("pool", pool)], f64::from(of_pool));
    }
    let mut slots = exposition.gauge("millwork_pool_slots_held", "Slots of a pool that are held");
    for (pool, _) in state.pipeline.pools() {
        let taken: u32 = held.iter().filter(|held| held.pool == pool).map(|held| held.slots).sum();
        slots.labelled(&[("pool", pool)], f64::from(taken));
    }
    let mut counted = state.counted.lock().await;
    counted.catch_up(&*state.store).await?;
    counted.write_to(&mut exposition);
    state.host.write_metrics(&mut exposition);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], exposition.into_text()))
}
