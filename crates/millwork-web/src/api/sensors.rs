//! Sensors: whether they are on, and what came of their evaluations.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use millwork_core::Sensor;
use serde_json::{Value, json};

use super::schedules::WantedTicks;
use super::switch::Switch;
use crate::error::ApiError;
use crate::state::AppState;

#[utoipa::path(get, path = "/api/v1/sensors", tag = "sensors",  responses((status = 200, description = "The sensors", body = Vec<Object>)))]
pub(super) async fn list(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let known = state.store.states().await?;
    let described = |sensor: &Sensor| {
        let state = known.get(&sensor.instigator());
        let switched = state.and_then(|state| state.on);
        json!({
            "sensor": sensor.name,
            "description": sensor.description,
            "on": switched.unwrap_or(sensor.default_on),
            "stuck_since": state.and_then(|state| state.stuck_since),
            "interval_seconds": sensor.interval.as_secs_f64(),
        })
    };
    Ok(Json(state.pipeline.sensors().iter().map(described).collect()))
}

#[utoipa::path(post, path = "/api/v1/sensors/{name}", tag = "sensors", params(("name" = String, Path)), request_body = Switch, responses((status = 200, description = "What it is now", body = Object)))]
pub(super) async fn switch(
    State(state): State<AppState>,
    Path(name): Path<String>,
    body: Result<Json<Switch>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    let Json(Switch { on }) = body?;
    state.store.switch(&known(&state, &name)?.instigator(), Some(on)).await?;
    state.wake.notify_waiters();
    Ok(Json(json!({ "sensor": name, "on": on })))
}

#[utoipa::path(get, path = "/api/v1/sensors/{name}/ticks", tag = "sensors", params(("name" = String, Path), WantedTicks), responses((status = 200, description = "What came of its evaluations, newest first", body = Vec<Object>)))]
pub(super) async fn ticks(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Query(wanted): Query<WantedTicks>,
) -> Result<Json<Value>, ApiError> {
    let instigator = known(&state, &name)?.instigator();
    Ok(Json(json!(state.store.ticks(&[instigator], wanted.limit()).await?)))
}

fn known<'a>(state: &'a AppState, name: &str) -> Result<&'a Sensor, ApiError> {
    let sensor = state.pipeline.sensor(name);
    sensor.ok_or_else(|| ApiError::not_found(format!("no sensor is called `{name}`")))
}
