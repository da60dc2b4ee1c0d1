//! Runs: listing, showing, retrying and canceling them.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use millwork_api::{
    ErrorBody, RunDetails, RunPage, RunStanding, RunStatusName, find_run, parse_tag, run_status,
};
use millwork_core::Problem;
use millwork_core::run::RunStatus;
use millwork_storage::{EventQuery, Fence, RunQuery, RunRecord, StorageError, moment_of_run, waiting_runs};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::body::Body;
use super::launch::create;
use super::limit::Limit;
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum number of runs on a page.
const LARGEST_PAGE: u32 = 500;

/// The runs to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RunPageQuery {
    /// Only runs with this status.
    #[param(inline, value_type = Option<RunStatusName>)]
    status: Option<String>,
    /// Only runs with this tag, as `key=value`.
    tag: Option<String>,
    /// The maximum number of runs, 50 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<50, LARGEST_PAGE>,
    /// Only runs older than this one: the last of the previous page.
    before: Option<String>,
}

/// Runs, newest first; `next` is the value of `before` for the next page.
#[utoipa::path(
    get, path = "/api/v1/runs", tag = "runs", params(RunPageQuery),
    responses(
        (status = 200, description = "Runs, newest first", body = RunPage),
        (status = 404, description = "No run has the id of `before`", body = ErrorBody),
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Query(wanted): Query<RunPageQuery>,
) -> Result<Json<RunPage>, ApiError> {
    let before = match &wanted.before {
        Some(run) => Some(one(&state, run).await?.id),
        None => None,
    };
    let limit = wanted.limit.rows();
    let query = RunQuery {
        statuses: wanted.status.iter().map(|name| run_status(name)).collect::<Result<_, _>>()?,
        tag: wanted.tag.as_deref().map(parse_tag).transpose()?,
        before,
        limit: Some(limit),
        ..RunQuery::default()
    };
    let runs = state.store.runs(query).await?;
    let next = (runs.len() == limit as usize).then(|| runs.last().map(|run| run.id)).flatten();
    Ok(Json(RunPage { runs: runs.iter().map(Into::into).collect(), next }))
}

/// A run with its steps, and what it was executed with.
#[utoipa::path(
    get, path = "/api/v1/runs/{run}", tag = "runs",
    params(("run" = String, Path, description = "The run's id, or the beginning or end of it")),
    responses((status = 200, description = "A run with its steps", body = RunDetails))
)]
pub(super) async fn show(
    State(state): State<AppState>,
    Path(run): Path<String>,
) -> Result<Json<RunDetails>, ApiError> {
    let record = one(&state, &run).await?;
    let kinds = Some(RunDetails::KINDS);
    let query = EventQuery { run: Some(record.id), kinds, ..EventQuery::default() };
    let events = state.store.events(query).await?;
    Ok(Json(RunDetails::new(&record, &events, waits(&state, &record).await?)))
}

/// Options of a retry.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    /// Whether to request a new run of all steps, instead of the steps that didn't succeed.
    #[serde(default)]
    pub(crate) from_scratch: bool,
}

/// Queues a run that failed, was canceled or was lost again.
#[utoipa::path(
    post, path = "/api/v1/runs/{run}/retry", tag = "runs",
    params(("run" = String, Path, description = "The run's id, or the beginning or end of it")),
    request_body = Option<Retry>,
    responses((status = 200, description = "The run that is queued", body = RunStanding))
)]
pub(crate) async fn retry(
    State(state): State<AppState>,
    Path(run): Path<String>,
    body: Option<Body<Retry>>,
) -> Result<Json<RunStanding>, ApiError> {
    let record = one(&state, &run).await?;
    let Body(Retry { from_scratch }) = body.unwrap_or_default();
    // A request that doesn't fit the definitions any more isn't queued.
    let request = record.request_again()?;
    let moment = match from_scratch {
        true => state.moment().await?,
        false => moment_of_run(&*state.store, state.pipeline.graph(), &record).await?,
    };
    request.check(&state.pipeline, &moment)?;
    let run = if from_scratch {
        create(&state, request.retry_of(record.id)).await?
    } else {
        if !record.request.is_queued() {
            let hint = "`runs retry` goes on with it, or send `{\"from_scratch\": true}`";
            return Err(ApiError::invalid(
                Problem::new("the run was not queued for a daemon").with_hint(hint),
            ));
        }
        let fence = Fence { run: record.id, epoch: record.epoch };
        if !state.store.retry_run(fence, Duration::ZERO, state.clock.now()).await? {
            return Err(StorageError::NotClaimable { run: record.id, status: record.status }.into());
        }
        record.id
    };
    state.wake.notify_waiters();
    Ok(Json(RunStanding { run, status: RunStatus::Queued }))
}

#[utoipa::path(
    post, path = "/api/v1/runs/{run}/cancel", tag = "runs",
    params(("run" = String, Path, description = "The run's id, or the beginning or end of it")),
    responses((status = 200, description = "The current status of the run", body = RunStanding))
)]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    Path(run): Path<String>,
) -> Result<Json<RunStanding>, ApiError> {
    let run = one(&state, &run).await?.id;
    let status = state.store.request_cancel(run, state.clock.now()).await?;
    Ok(Json(RunStanding { run, status }))
}

/// Why a requested run hasn't started; `None` if it isn't queued.
pub(crate) async fn waits(state: &AppState, record: &RunRecord) -> Result<Option<String>, ApiError> {
    if record.status != RunStatus::Queued {
        return Ok(None);
    }
    let (limits, launch_error) = (state.host.queue_limits(), state.host.launch_error());
    let waiting =
        waiting_runs(&*state.store, limits.as_ref(), launch_error.as_deref(), state.clock.now()).await?;
    Ok(millwork_api::waits(record, &waiting))
}

/// The run whose id this is, or begins or ends with it.
pub(crate) async fn one(state: &AppState, id: &str) -> Result<RunRecord, ApiError> {
    Ok(find_run(&*state.store, id).await?)
}
