//! Runs: finding, showing and canceling them.

use axum::Json;
use axum::extract::{Path, Query, State};
use millwork_core::run::{RunState, RunStatus};
use millwork_storage::{EventQuery, RunQuery, RunRecord};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::state::AppState;

/// The most runs of a page.
const LARGEST_PAGE: u32 = 500;

/// Which runs.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    status: Option<String>,
    /// A tag, as `key=value`.
    tag: Option<String>,
    limit: Option<u32>,
    /// The run where the last page ended.
    before: Option<String>,
}

/// Runs, newest first; `next` is what `before` has to be for the page after this one.
pub(super) async fn list(
    State(state): State<AppState>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let unknown = |name: &str| ApiError::invalid(format!("`{name}` is no status of a run"));
    let status = |name: &String| RunStatus::from_name(name).ok_or_else(|| unknown(name));
    let no_tag = || ApiError::invalid("a tag is written as `key=value`");
    let tag = |tag: &String| tag.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    let before = match &wanted.before {
        Some(run) => Some(one(&state, run).await?.id),
        None => None,
    };
    let limit = wanted.limit.unwrap_or(50).clamp(1, LARGEST_PAGE);
    let query = RunQuery {
        statuses: wanted.status.iter().map(status).collect::<Result<_, _>>()?,
        tag: wanted.tag.as_ref().map(|text| tag(text).ok_or_else(no_tag)).transpose()?,
        before,
        limit: Some(limit),
        ..RunQuery::default()
    };
    let runs = state.store.runs(query).await?;
    let next = (runs.len() == limit as usize).then(|| runs.last().map(|run| run.id)).flatten();
    Ok(Json(json!({ "runs": runs.iter().map(described).collect::<Vec<_>>(), "next": next })))
}

/// A run with its steps.
pub(super) async fn show(
    State(state): State<AppState>,
    Path(run): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let record = one(&state, &run).await?;
    let query = EventQuery { run: Some(record.id), ..EventQuery::default() };
    let events = state.store.events(query).await?;
    let course = RunState::replay(&events).map_err(|error| {
        ApiError::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "contradiction", error.to_string())
    })?;
    let steps = course.steps.iter().map(|((step, partition), state)| {
        json!({
            "step": step,
            "partition": partition,
            "status": state.status,
            "attempt": state.attempt,
            "started_at": state.started_at,
            "finished_at": state.finished_at,
            "reason": state.reason,
            "failure": state.failure,
        })
    });
    let mut shown = described(&record);
    shown["steps"] = steps.collect();
    Ok(Json(shown))
}

pub(super) async fn cancel(
    State(state): State<AppState>,
    Path(run): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let run = one(&state, &run).await?.id;
    let status = state.store.request_cancel(run, state.clock.now()).await?;
    Ok(Json(json!({ "run": run, "status": status })))
}

/// The run of this id, or of the beginning or end of it.
async fn one(state: &AppState, id: &str) -> Result<RunRecord, ApiError> {
    let query = RunQuery { id_part: Some(id.to_owned()), limit: Some(2), ..RunQuery::default() };
    let mut runs = state.store.runs(query).await?;
    match (runs.pop(), runs.pop()) {
        (Some(run), None) => Ok(run),
        (None, _) => Err(ApiError::not_found(format!("no run is called `{id}`"))),
        (Some(_), Some(_)) => {
            Err(ApiError::invalid(format!("several runs are called `{id}`; hint: write more of the id")))
        }
    }
}

pub(super) fn described(run: &RunRecord) -> Value {
    json!({
        "run": run.id,
        "status": run.status,
        "request": run.request,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "reason": run.reason,
    })
}
