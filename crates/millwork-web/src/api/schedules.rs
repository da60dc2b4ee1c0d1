//! Schedules: whether they are on, and what came of their ticks.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use millwork_core::Schedule;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::state::AppState;

pub(super) async fn list(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let known = state.store.schedules().await?;
    let now = state.clock.now();
    let described = |schedule: &Schedule| {
        let switched = known.get(&schedule.name).and_then(|state| state.on);
        let next = schedule.timetable().ok().and_then(|timetable| timetable.after(now).next());
        json!({
            "schedule": schedule.name,
            "description": schedule.description,
            "on": switched.unwrap_or(schedule.default_on),
            "crons": schedule.crons,
            "zone": schedule.zone,
            "next": next,
            "selection": schedule.selection,
        })
    };
    Ok(Json(state.pipeline.schedules().iter().map(described).collect()))
}

/// On or off.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Switch {
    on: bool,
}

pub(super) async fn switch(
    State(state): State<AppState>,
    Path(name): Path<String>,
    body: Result<Json<Switch>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    let Json(Switch { on }) = body.map_err(|error| ApiError::invalid(error.body_text()))?;
    known(&state, &name)?;
    state.store.switch_schedule(&name, Some(on)).await?;
    state.wake.notify_waiters();
    Ok(Json(json!({ "schedule": name, "on": on })))
}

/// How many ticks.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    limit: Option<u32>,
}

pub(super) async fn ticks(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    known(&state, &name)?;
    let ticks = state.store.ticks(Some(&name), wanted.limit.unwrap_or(50).clamp(1, 1_000)).await?;
    Ok(Json(json!(ticks)))
}

fn known(state: &AppState, name: &str) -> Result<(), ApiError> {
    let schedule = state.pipeline.schedule(name).map(|_| ());
    schedule.ok_or_else(|| ApiError::not_found(format!("no schedule is called `{name}`")))
}
