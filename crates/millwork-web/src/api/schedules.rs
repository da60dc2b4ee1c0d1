//! Schedules: whether they are on, and what came of their ticks.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use millwork_core::Schedule;
use millwork_core::schedule::ScheduleCursor;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::limit::Limit;
use super::switch::Switch;
use crate::error::ApiError;
use crate::state::AppState;

#[utoipa::path(get, path = "/api/v1/schedules", tag = "schedules",  responses((status = 200, description = "The schedules", body = Vec<Object>)))]
pub(super) async fn list(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let known = state.store.states().await?;
    let now = state.clock.now();
    let described = |schedule: &Schedule| {
        let state = known.get(&schedule.instigator());
        let switched = state.and_then(|state| state.on);
        let next = schedule.timetable().ok().and_then(|timetable| timetable.next(now));
        let is_on = switched.unwrap_or(schedule.default_on);
        let cursor = state.and_then(|state| state.cursor.as_deref()).filter(|_| is_on);
        let cursor: Option<ScheduleCursor> = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        json!({
            "schedule": schedule.name,
            "description": schedule.description,
            "on": is_on,
            "stuck_since": state.and_then(|state| state.stuck_since),
            "crons": schedule.crons,
            "zone": schedule.zone,
            "next": next,
            "evaluated_ahead_until": cursor.and_then(|cursor| cursor.evaluated_ahead(now)),
            "selection": schedule.selection,
            "misfire": schedule.misfire,
        })
    };
    Ok(Json(state.pipeline.schedules().iter().map(described).collect()))
}

#[utoipa::path(post, path = "/api/v1/schedules/{name}", tag = "schedules", params(("name" = String, Path)), request_body = Switch, responses((status = 200, description = "What it is now", body = Object)))]
pub(super) async fn switch(
    State(state): State<AppState>,
    Path(name): Path<String>,
    body: Result<Json<Switch>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    let Json(Switch { on }) = body?;
    state.store.switch(&known(&state, &name)?.instigator(), Some(on)).await?;
    state.wake.notify_waiters();
    Ok(Json(json!({ "schedule": name, "on": on })))
}

/// How many ticks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedTicks {
    /// At most so many, 50 if nothing is said.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<50, 1_000>,
}

impl WantedTicks {
    /// How many, within bounds.
    pub(super) fn limit(&self) -> u32 {
        self.limit.rows()
    }
}

#[utoipa::path(get, path = "/api/v1/schedules/{name}/ticks", tag = "schedules", params(("name" = String, Path), WantedTicks), responses((status = 200, description = "What came of its ticks, newest first", body = Vec<Object>)))]
pub(super) async fn ticks(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Query(wanted): Query<WantedTicks>,
) -> Result<Json<Value>, ApiError> {
    let instigator = known(&state, &name)?.instigator();
    Ok(Json(json!(state.store.ticks(&[instigator], wanted.limit()).await?)))
}

fn known<'a>(state: &'a AppState, name: &str) -> Result<&'a Schedule, ApiError> {
    let schedule = state.pipeline.schedule(name);
    schedule.ok_or_else(|| ApiError::not_found(format!("no schedule is called `{name}`")))
}
