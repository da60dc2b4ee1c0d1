//! Schedules with their switches and ticks.

use axum::Json;
use axum::extract::{Path, Query, State};
use millwork_api::{ScheduleSwitch, ScheduleView, TickView, find_schedule};
use millwork_core::Schedule;
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::Body;
use super::limit::Limit;
use super::switch::Switch;
use crate::error::ApiError;
use crate::state::AppState;

#[utoipa::path(
    get, path = "/api/v1/schedules", tag = "schedules",
    responses((status = 200, description = "The schedules", body = Vec<ScheduleView>))
)]
pub(super) async fn list(State(state): State<AppState>) -> Result<Json<Vec<ScheduleView>>, ApiError> {
    let known = state.instigators().await?;
    let now = state.clock.now();
    let view = |schedule: &Schedule| ScheduleView::new(schedule, known.get(&schedule.instigator()), now);
    Ok(Json(state.pipeline.schedules().iter().map(view).collect()))
}

#[utoipa::path(
    post, path = "/api/v1/schedules/{name}", tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name")), request_body = Switch,
    responses((status = 200, description = "The schedule after the switch", body = ScheduleSwitch))
)]
pub(super) async fn switch(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Body(Switch { on }): Body<Switch>,
) -> Result<Json<ScheduleSwitch>, ApiError> {
    state.switch(&find_schedule(&state.pipeline, &name)?.instigator(), on).await?;
    Ok(Json(ScheduleSwitch { schedule: name, on }))
}

/// The ticks to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TickQuery {
    /// The maximum number of ticks, 50 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<50, 1_000>,
}

impl TickQuery {
    /// The maximum number of ticks, within bounds.
    pub(super) fn limit(&self) -> u32 {
        self.limit.rows()
    }
}

#[utoipa::path(
    get, path = "/api/v1/schedules/{name}/ticks", tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name"), TickQuery),
    responses((status = 200, description = "The ticks of the schedule, newest first", body = Vec<TickView>))
)]
pub(super) async fn ticks(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Query(wanted): Query<TickQuery>,
) -> Result<Json<Vec<TickView>>, ApiError> {
    let instigator = find_schedule(&state.pipeline, &name)?.instigator();
    let ticks = state.store.ticks(&[instigator], wanted.limit()).await?;
    Ok(Json(ticks.into_iter().map(Into::into).collect()))
}
