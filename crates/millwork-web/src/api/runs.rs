//! Runs: finding, showing and canceling them.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use millwork_api::{ErrorBody, RunDetails, RunPage, RunStanding, RunStatusName, find_run};
use millwork_core::Problem;
use millwork_core::run::{RunState, RunStatus};
use millwork_storage::{EventQuery, Fence, RunQuery, RunRecord, waiting_runs};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::launch::create;
use super::limit::Limit;
use crate::error::ApiError;
use crate::state::AppState;

/// The most runs of a page.
const LARGEST_PAGE: u32 = 500;

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// With this status.
    #[param(inline, value_type = Option<RunStatusName>)]
    status: Option<String>,
    /// A tag, as `key=value`.
    tag: Option<String>,
    /// Maximum number of runs, 50 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<50, LARGEST_PAGE>,
    /// The run where the last page ended.
    before: Option<String>,
}

/// Runs, newest first; `next` is what `before` has to be for the page after this one.
#[utoipa::path(
    get, path = "/api/v1/runs", tag = "runs", params(Wanted),
    responses(
        (status = 200, description = "Runs, newest first", body = RunPage),
        (status = 404, description = "No run has the id of `before`", body = ErrorBody),
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<RunPage>, ApiError> {
    let unknown = |name: &str| ApiError::invalid(format!("`{name}` is no status of a run"));
    let status = |name: &String| RunStatus::from_name(name).ok_or_else(|| unknown(name));
    let no_tag = || ApiError::invalid("a tag is written as `key=value`");
    let tag = |tag: &String| tag.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    let before = match &wanted.before {
        Some(run) => Some(one(&state, run).await?.id),
        None => None,
    };
    let limit = wanted.limit.rows();
    let query = RunQuery {
        statuses: wanted.status.iter().map(status).collect::<Result<_, _>>()?,
        tag: wanted.tag.as_ref().map(|text| tag(text).ok_or_else(no_tag)).transpose()?,
        before,
        limit: Some(limit),
        ..RunQuery::default()
    };
    let runs = state.store.runs(query).await?;
    let next = (runs.len() == limit as usize).then(|| runs.last().map(|run| run.id)).flatten();
    Ok(Json(RunPage { runs: runs.iter().map(Into::into).collect(), next }))
}

/// A run with its steps.
#[utoipa::path(
    get, path = "/api/v1/runs/{run}", tag = "runs",
    params(("run" = String, Path, description = "Its id, or the beginning or end of it")),
    responses((status = 200, description = "A run with its steps", body = RunDetails))
)]
pub(super) async fn show(
    State(state): State<AppState>,
    Path(run): Path<String>,
) -> Result<Json<RunDetails>, ApiError> {
    let record = one(&state, &run).await?;
    let kinds = Some(RunState::KINDS);
    let query = EventQuery { run: Some(record.id), kinds, ..EventQuery::default() };
    let events = state.store.events(query).await?;
    Ok(Json(RunDetails::new(&record, &RunState::of_stored(&events), waits(&state, &record).await?)))
}

/// What is run again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    /// Whether to run everything in a new run, instead of the steps that didn't succeed.
    #[serde(default)]
    pub(crate) from_scratch: bool,
}

/// Queues a run again that failed, was canceled or was lost.
#[utoipa::path(
    post, path = "/api/v1/runs/{run}/retry", tag = "runs",
    params(("run" = String, Path, description = "Its id, or the beginning or end of it")),
    request_body = Option<Retry>,
    responses((status = 200, description = "The run that is queued", body = RunStanding))
)]
pub(crate) async fn retry(
    State(state): State<AppState>,
    Path(run): Path<String>,
    body: Option<Json<Retry>>,
) -> Result<Json<RunStanding>, ApiError> {
    let record = one(&state, &run).await?;
    let Json(Retry { from_scratch }) = body.unwrap_or_default();
    // What can't be executed any more isn't queued.
    let request = record.request_again()?;
    request.check(&state.pipeline)?;
    let run = if from_scratch {
        create(&state, request.retry_of(record.id)).await?
    } else {
        if !record.request.is_queued() {
            let hint = "`runs retry` goes on with it, or send `{\"from_scratch\": true}`";
            return Err(ApiError::invalid(Problem::new("the run was not left to a daemon").with_hint(hint)));
        }
        let fence = Fence { run: record.id, epoch: record.epoch };
        if !state.store.retry_run(fence, Duration::ZERO, state.clock.now()).await? {
            return Err(ApiError::invalid(format!(
                "the run is {}: there is nothing to retry",
                record.status
            )));
        }
        record.id
    };
    state.wake.notify_waiters();
    Ok(Json(RunStanding { run, status: RunStatus::Queued }))
}

#[utoipa::path(
    post, path = "/api/v1/runs/{run}/cancel", tag = "runs",
    params(("run" = String, Path, description = "Its id, or the beginning or end of it")),
    responses((status = 200, description = "The status that the run has now", body = RunStanding))
)]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    Path(run): Path<String>,
) -> Result<Json<RunStanding>, ApiError> {
    let run = one(&state, &run).await?.id;
    let status = state.store.request_cancel(run, state.clock.now()).await?;
    Ok(Json(RunStanding { run, status }))
}

/// Why a requested run hasn't started; `None` unless it is queued.
pub(crate) async fn waits(state: &AppState, record: &RunRecord) -> Result<Option<String>, ApiError> {
    if record.status != RunStatus::Queued {
        return Ok(None);
    }
    let waiting = waiting_runs(&*state.store, state.host.queue_limits().as_ref(), state.clock.now()).await?;
    Ok(millwork_api::waits(record, &waiting))
}

/// The run of this id, or of the beginning or end of it.
pub(crate) async fn one(state: &AppState, id: &str) -> Result<RunRecord, ApiError> {
    Ok(find_run(&*state.store, id).await?)
}
