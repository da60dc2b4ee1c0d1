//! What forms ask for: each writes a request, and leads to the page that shows it.

use axum::Form;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::message::page_error;
use crate::api::{Retry, cancel_run, launch_selection, retry_run};
use crate::error::ApiError;
use crate::state::AppState;

#[derive(Deserialize)]
pub(super) struct Selected {
    selection: String,
}

pub(super) async fn launch(State(state): State<AppState>, Form(form): Form<Selected>) -> Response {
    let launched = launch_selection(&state, form.selection).await;
    leads(launched.map(|run| format!("/runs/{run}")))
}

pub(super) async fn cancel(state: State<AppState>, Path(run): Path<String>) -> Response {
    let canceled = cancel_run(state, Path(run.clone())).await;
    leads(canceled.map(|_| format!("/runs/{run}")))
}

pub(super) async fn retry(state: State<AppState>, Path(run): Path<String>) -> Response {
    again(state, run, Retry::default()).await
}

pub(super) async fn repeat(state: State<AppState>, Path(run): Path<String>) -> Response {
    again(state, run, Retry { from_scratch: true }).await
}

async fn again(state: State<AppState>, run: String, retry: Retry) -> Response {
    let queued = retry_run(state, Path(run), Some(Json(retry))).await;
    leads(queued.map(|Json(answer)| format!("/runs/{}", answer["run"].as_str().unwrap_or_default())))
}

#[derive(Deserialize)]
pub(super) struct Switched {
    name: String,
    on: bool,
}

pub(super) async fn switch(State(state): State<AppState>, Form(form): Form<Switched>) -> Response {
    let is_known = state.pipeline.schedules().iter().any(|schedule| schedule.name == form.name)
        || state.pipeline.sensors().iter().any(|sensor| sensor.stored_name() == form.name);
    if !is_known {
        return page_error(&ApiError::not_found(format!("there is no switch `{}`", form.name)));
    }
    let switched = state.store.switch_schedule(&form.name, Some(form.on)).await;
    state.wake.notify_waiters();
    leads(switched.map(|()| "/automation".to_owned()).map_err(ApiError::from))
}

fn leads(to: Result<String, ApiError>) -> Response {
    match to {
        Ok(path) => Redirect::to(&path).into_response(),
        Err(error) => page_error(&error),
    }
}
