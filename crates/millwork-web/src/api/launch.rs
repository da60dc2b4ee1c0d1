//! Asking for a run.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use millwork_core::graph::Selection;
use millwork_core::plan::Plan;
use millwork_core::run::{QUEUE_TAG, RunId, RunRequest, RunStatus};
use millwork_storage::NewRun;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::state::AppState;

/// What to run.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Launch {
    /// Which assets, in the selection syntax.
    pub(crate) selection: Option<String>,
    /// What a job selects, with its configuration and tags.
    pub(crate) job: Option<String>,
    /// The partition to make.
    pub(crate) partition: Option<String>,
    /// Its configuration, by step.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) config: Option<Value>,
    /// Its tags.
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Only what is stale or missing.
    #[serde(default)]
    pub(crate) stale_only: bool,
}

/// Writes down that a run is asked for; a daemon launches it.
#[utoipa::path(post, path = "/api/v1/runs", tag = "launch", request_body = Launch, responses((status = 201, description = "The run that is queued", body = Object)))]
pub(super) async fn launch(
    State(state): State<AppState>,
    body: Result<Json<Launch>, JsonRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Json(launch) = body.map_err(|error| ApiError::invalid(error.body_text()))?;
    let run = requested(&state, launch).await?;
    let location = [(header::LOCATION, format!("/api/v1/runs/{run}"))];
    Ok((StatusCode::CREATED, location, Json(json!({ "run": run, "status": RunStatus::Queued }))))
}

/// The same for a page.
pub(crate) async fn requested(state: &AppState, launch: Launch) -> Result<RunId, ApiError> {
    let request = request(state, launch)?;
    let at = state.clock.now();
    let run = RunId::new(at);
    state.store.create_run(NewRun { id: run, request, at }).await?;
    state.wake.notify_waiters();
    Ok(run)
}

/// The run that a launch asks for, if it makes sense.
pub(crate) fn request(state: &AppState, launch: Launch) -> Result<RunRequest, ApiError> {
    let (pipeline, graph) = (&state.pipeline, state.pipeline.graph());
    let job = match &launch.job {
        Some(name) => Some(
            pipeline.job(name).ok_or_else(|| ApiError::not_found(format!("no job is called `{name}`")))?,
        ),
        None => None,
    };
    let selection = match (launch.selection, job) {
        (Some(selection), None) => selection,
        (None, Some(job)) => job.selection.clone(),
        _ => return Err(ApiError::invalid("either `selection` or `job` says what to run")),
    };
    let selected = Selection::parse(&selection)
        .and_then(|parsed| parsed.select(graph))
        .map_err(|error| ApiError::invalid(&error))?;
    let partition = launch.partition.as_deref().map(Into::into);
    let plan = Plan::new(graph, &selected, partition.as_ref()).map_err(|error| ApiError::invalid(&error))?;
    let config = launch.config.or_else(|| job.map(|job| job.config.clone())).unwrap_or_else(|| json!({}));
    let steps = plan.steps.iter().map(|step| graph.steps()[step.step].key.as_str());
    if let Some(error) = pipeline.config_errors(&config, steps).first() {
        return Err(ApiError::invalid(error));
    }
    let mut tags = job.map(|job| job.tags.clone()).unwrap_or_default();
    tags.extend(job.map(|job| ("millwork/job".to_owned(), job.name.clone())));
    tags.extend(launch.tags);
    tags.insert(QUEUE_TAG.0.to_owned(), QUEUE_TAG.1.to_owned());
    let assets = selected.into_iter().map(|asset| graph.key(asset).clone()).collect();
    Ok(RunRequest { selection, assets, partition, config, tags, stale_only: launch.stale_only })
}
