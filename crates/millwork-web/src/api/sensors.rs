//! Sensors with their switches and ticks.

use axum::Json;
use axum::extract::{Path, Query, State};
use millwork_api::{SensorSwitch, SensorView, TickView, find_sensor};
use millwork_core::Sensor;

use super::body::Body;
use super::schedules::TickQuery;
use super::switch::Switch;
use crate::error::ApiError;
use crate::state::AppState;

#[utoipa::path(
    get, path = "/api/v1/sensors", tag = "sensors",
    responses((status = 200, description = "The sensors", body = Vec<SensorView>))
)]
pub(super) async fn list(State(state): State<AppState>) -> Result<Json<Vec<SensorView>>, ApiError> {
    let known = state.instigators().await?;
    let view = |sensor: &Sensor| SensorView::new(sensor, known.get(&sensor.instigator()));
    Ok(Json(state.pipeline.sensors().iter().map(view).collect()))
}

#[utoipa::path(
    post, path = "/api/v1/sensors/{name}", tag = "sensors",
    params(("name" = String, Path, description = "The sensor's name")), request_body = Switch,
    responses((status = 200, description = "The sensor after the switch", body = SensorSwitch))
)]
pub(super) async fn switch(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Body(Switch { on }): Body<Switch>,
) -> Result<Json<SensorSwitch>, ApiError> {
    state.switch(&find_sensor(&state.pipeline, &name)?.instigator(), on).await?;
    Ok(Json(SensorSwitch { sensor: name, on }))
}

#[utoipa::path(
    get, path = "/api/v1/sensors/{name}/ticks", tag = "sensors",
    params(("name" = String, Path, description = "The sensor's name"), TickQuery),
    responses((status = 200, description = "The ticks of the sensor, newest first", body = Vec<TickView>))
)]
pub(super) async fn ticks(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Query(wanted): Query<TickQuery>,
) -> Result<Json<Vec<TickView>>, ApiError> {
    let instigator = find_sensor(&state.pipeline, &name)?.instigator();
    let ticks = state.store.ticks(&[instigator], wanted.limit()).await?;
    Ok(Json(ticks.into_iter().map(Into::into).collect()))
}
