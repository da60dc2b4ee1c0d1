//! Requests for runs.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use millwork_api::{ErrorBody, RunStanding, UpToDate};
use millwork_core::definitions::RequestError;
use millwork_core::plan::Plan;
use millwork_core::run::{RunId, RunRequest, RunSpec, RunState, RunStatus};
use millwork_core::{PartitionKey, deserialize_config};
use millwork_storage::{LatestAsset, NewRun};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::Body;
use crate::error::ApiError;
use crate::state::AppState;

/// A request for a run. It has either `selection` or `job`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Launch {
    /// The assets to materialize, in the selection syntax.
    selection: Option<String>,
    /// The job whose selection, configuration and tags the run has.
    job: Option<String>,
    /// The partition to materialize; absent for a set of them, and for every one of a fixed list.
    partition: Option<String>,
    /// The set of partitions to materialize, such as `2024-01-01..2024-01-31` or `de,fr`.
    partitions: Option<String>,
    /// The configuration by step; it is merged over that of the job.
    #[serde(default, deserialize_with = "deserialize_config")]
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    /// The tags; they are merged over those of the job.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// Whether to materialize only what is stale or missing.
    #[serde(default)]
    stale_only: bool,
}

/// The result of a request for a run.
pub(super) enum Launched {
    Queued(RunStanding),
    UpToDate(UpToDate),
}

impl IntoResponse for Launched {
    fn into_response(self) -> Response {
        match self {
            Self::UpToDate(up_to_date) => Json(up_to_date).into_response(),
            Self::Queued(queued) => {
                let location = [(header::LOCATION, format!("/api/v1/runs/{}", queued.run))];
                (StatusCode::CREATED, location, Json(queued)).into_response()
            }
        }
    }
}

/// Queues a run, which a daemon launches. With `stale_only`, and all assets up to date, no run is created.
#[utoipa::path(
    post, path = "/api/v1/runs", tag = "launch", request_body = Launch,
    responses(
        (status = 201, description = "The run that is queued", body = RunStanding),
        (status = 200, description = "Everything is up to date", body = UpToDate),
        (status = 404, description = "No job has this name", body = ErrorBody),
    )
)]
pub(super) async fn launch(
    State(state): State<AppState>,
    Body(launch): Body<Launch>,
) -> Result<Launched, ApiError> {
    let request = launch.spec()?.resolve(&state.pipeline, &state.moment().await?)?;
    let assets = request.assets.len();
    Ok(match create_needed(&state, request).await? {
        Some(run) => Launched::Queued(RunStanding { run, status: RunStatus::Queued }),
        None => Launched::UpToDate(UpToDate::new(assets)),
    })
}

impl Launch {
    fn spec(self) -> Result<RunSpec, ApiError> {
        let run = match (self.selection, self.job) {
            (Some(selection), None) => RunSpec::of(selection),
            (None, Some(job)) => RunSpec::of_job(job),
            _ => return Err(selection_or_job()),
        };
        let mut run = run.config(self.config.unwrap_or_default()).tags(self.tags);
        run.partition = self.partition.map(PartitionKey::from);
        run.partitions = self.partitions;
        run.stale_only = self.stale_only;
        Ok(run)
    }
}

/// The error of a request that has both a selection and a job, or neither.
pub(crate) fn selection_or_job() -> ApiError {
    ApiError::invalid("a request has either `selection` or `job`")
}

/// Queues a run, unless it is limited to stale assets and all are up to date.
pub(crate) async fn create_needed(state: &AppState, request: RunRequest) -> Result<Option<RunId>, ApiError> {
    if request.stale_only && !is_anything_stale(state, &request).await? {
        return Ok(None);
    }
    create(state, request).await.map(Some)
}

async fn is_anything_stale(state: &AppState, request: &RunRequest) -> Result<bool, ApiError> {
    let graph = state.pipeline.graph();
    let plan = Plan::new(graph, &request.selected(graph)?, &request.partitions, &state.moment().await?)
        .map_err(RequestError::from)?;
    let latest = state.store.latest_of(&plan.compared(graph)).await?;
    let verdicts = latest.into_iter().map(LatestAsset::into_verdict).collect();
    Ok(!plan.stale_part(graph, &verdicts, &RunState::default()).steps.is_empty())
}

/// Queues a run for a daemon.
pub(crate) async fn create(state: &AppState, request: RunRequest) -> Result<RunId, ApiError> {
    let at = state.clock.now();
    let run = RunId::new(at);
    state.store.create_run(NewRun { id: run, request: request.queued(), at, lease: None }).await?;
    state.wake.notify_waiters();
    Ok(run)
}
