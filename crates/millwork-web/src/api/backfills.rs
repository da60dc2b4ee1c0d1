//! Backfills: planning, starting, listing, showing and operating them.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use millwork_api::{BackfillDetails, BackfillPage, BackfillPlanView, BackfillView, ErrorBody, find_asset};
use millwork_core::backfill::{BackfillOptions, Operation, RunOrder, StopRule};
use millwork_core::definitions::BackfillSpec;
use millwork_core::id::BackfillId;
use millwork_core::run::RunSpec;
use millwork_core::{AssetKey, Problem, deserialize_config};
use millwork_storage::{
    BackfillOperationError, BackfillQuery, NewBackfill, backfill_failures, operate_backfill,
    overlapping_backfills, plan_backfill, typical_durations,
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::body::Body;
use super::launch::selection_or_job;
use super::limit::Limit;
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum number of backfills on a page.
const LARGEST_PAGE: u32 = 500;
/// The number of runs at the same time unless another one is given.
pub(crate) const RUNS_AT_A_TIME: u32 = 4;

/// A request for a backfill. It has either `selection` or `job`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartBackfill {
    /// The assets to make, in the selection syntax.
    pub(crate) selection: Option<String>,
    /// The job whose selection, configuration and tags the runs have.
    pub(crate) job: Option<String>,
    /// The set of partitions of one of the assets, such as `2024-01-01..2024-03-31`; those of the others follow from it.
    pub(crate) partitions: String,
    /// The asset whose partitions are named, where several could be meant.
    pub(crate) of: Option<String>,
    /// Whether partitions are made that are up to date already.
    #[serde(default)]
    pub(crate) all: bool,
    /// Which partitions are made first: `oldest_first` or `newest_first`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) order: RunOrder,
    /// The maximum number of runs at the same time, 4 by default.
    #[schema(value_type = Option<u32>, minimum = 1)]
    pub(crate) runs_at_a_time: Option<NonZeroU32>,
    /// The maximum number of partitions of a run, where the asset allows several.
    #[schema(value_type = Option<u64>, minimum = 1)]
    pub(crate) partitions_per_run: Option<NonZeroU64>,
    /// The share of failures, from 0 to 1, above which nothing new is started.
    pub(crate) stop_at_share: Option<f64>,
    /// The configuration by step; it is merged over that of the job.
    #[serde(default, deserialize_with = "deserialize_config")]
    #[schema(value_type = Option<Object>)]
    pub(crate) config: Option<Value>,
    /// The tags of the runs; they are merged over those of the job.
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// The backfills to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BackfillPageQuery {
    /// Only backfills that haven't ended.
    #[serde(default)]
    open: bool,
    /// The maximum number of backfills, 50 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<50, LARGEST_PAGE>,
    /// Only backfills with a smaller number: that of the last of the previous page.
    before: Option<u64>,
}

/// Backfills, newest first; `next` is the value of `before` for the next page.
#[utoipa::path(
    get, path = "/api/v1/backfills", tag = "backfills", params(BackfillPageQuery),
    responses((status = 200, description = "Backfills, newest first", body = BackfillPage))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Query(wanted): Query<BackfillPageQuery>,
) -> Result<Json<BackfillPage>, ApiError> {
    let limit = wanted.limit.rows();
    let query = BackfillQuery {
        open_only: wanted.open,
        before: wanted.before.map(BackfillId::new),
        limit: Some(limit),
    };
    let backfills = state.store.backfills(query).await?;
    let next = backfills.last().filter(|_| backfills.len() == limit as usize).map(|last| last.id);
    Ok(Json(BackfillPage { backfills: backfills.into_iter().map(BackfillView::from).collect(), next }))
}

/// A backfill that was started.
pub(super) struct Started(Box<BackfillDetails>);

impl IntoResponse for Started {
    fn into_response(self) -> Response {
        let location = [(header::LOCATION, format!("/api/v1/backfills/{}", self.0.backfill.backfill))];
        (StatusCode::CREATED, location, Json(self.0)).into_response()
    }
}

/// Plans a backfill and starts it; a daemon launches its runs.
#[utoipa::path(
    post, path = "/api/v1/backfills", tag = "backfills", request_body = StartBackfill,
    responses(
        (status = 201, description = "The backfill that is requested", body = BackfillDetails),
        (status = 404, description = "No job has this name, or no asset this key", body = ErrorBody),
    )
)]
pub(super) async fn start(
    State(state): State<AppState>,
    Body(start): Body<StartBackfill>,
) -> Result<Started, ApiError> {
    let id = create(&state, start).await?;
    Ok(Started(Box::new(details(&state, id).await?)))
}

/// The plan of a backfill that isn't started.
#[utoipa::path(
    post, path = "/api/v1/backfills/plan", tag = "backfills", request_body = StartBackfill,
    responses(
        (status = 200, description = "What it would make", body = BackfillPlanView),
        (status = 404, description = "No job has this name, or no asset this key", body = ErrorBody),
    )
)]
pub(super) async fn plan(
    State(state): State<AppState>,
    Body(start): Body<StartBackfill>,
) -> Result<Json<BackfillPlanView>, ApiError> {
    Ok(Json(planned(&state, start).await?))
}

/// A backfill with its plan and what has become of it.
#[utoipa::path(
    get, path = "/api/v1/backfills/{backfill}", tag = "backfills",
    params(("backfill" = u64, Path, description = "The number of the backfill")),
    responses((status = 200, description = "A backfill", body = BackfillDetails))
)]
pub(super) async fn show(
    State(state): State<AppState>,
    Path(backfill): Path<String>,
) -> Result<Json<BackfillDetails>, ApiError> {
    Ok(Json(details(&state, number(&backfill)?).await?))
}

/// Pauses, resumes, cancels or retries a backfill.
#[utoipa::path(
    post, path = "/api/v1/backfills/{backfill}/{operation}", tag = "backfills",
    params(
        ("backfill" = u64, Path, description = "The number of the backfill"),
        ("operation" = String, Path, description = "`pause`, `resume`, `cancel` or `retry`"),
    ),
    responses(
        (status = 200, description = "The backfill as it is then", body = BackfillView),
        (status = 409, description = "Its status doesn't allow that", body = ErrorBody),
    )
)]
pub(super) async fn operate(
    State(state): State<AppState>,
    Path((backfill, operation)): Path<(String, String)>,
) -> Result<Json<BackfillView>, ApiError> {
    Ok(Json(operated(&state, &backfill, &operation).await?))
}

/// Carries out an operation on a backfill, and returns it as it is then.
pub(crate) async fn operated(
    state: &AppState,
    backfill: &str,
    operation: &str,
) -> Result<BackfillView, ApiError> {
    let operation = match operation {
        "pause" => Operation::Pause,
        "resume" => Operation::Resume,
        "cancel" => Operation::Cancel,
        "retry" => Operation::Retry,
        other => {
            let problem = Problem::new(format!("a backfill has no operation `{other}`"));
            let hint = "there are `pause`, `resume`, `cancel` and `retry`";
            return Err(ApiError::not_found(problem.with_hint(hint)));
        }
    };
    let now = state.clock.now();
    let stored = operate_backfill(&*state.store, number(backfill)?, operation, now).await??;
    state.wake.notify_waiters();
    Ok(stored.record.into())
}

/// The number of a backfill, as a path has it.
fn number(text: &str) -> Result<BackfillId, ApiError> {
    text.parse().map_err(|_| {
        let problem = Problem::new(format!("`{text}` is no number of a backfill"));
        ApiError::not_found(problem.with_hint("backfills have the numbers 1, 2 and so on"))
    })
}

/// The plan of a request.
pub(crate) async fn planned(state: &AppState, start: StartBackfill) -> Result<BackfillPlanView, ApiError> {
    let (pipeline, now) = (&state.pipeline, state.clock.now());
    let planned = plan_backfill(&*state.store, pipeline, start.spec(state)?, now).await??;
    let durations = typical_durations(&*state.store, pipeline.graph()).await?;
    let overlapping = overlapping_backfills(&*state.store, &planned.plan).await?;
    Ok(BackfillPlanView::new(&planned.plan, &durations).overlapping(overlapping))
}

/// Plans a request and starts it.
pub(crate) async fn create(state: &AppState, start: StartBackfill) -> Result<BackfillId, ApiError> {
    let at = state.clock.now();
    let planned = plan_backfill(&*state.store, &state.pipeline, start.spec(state)?, at).await??;
    let id =
        state.store.create_backfill(NewBackfill { request: planned.request, plan: planned.plan, at }).await?;
    state.wake.notify_waiters();
    Ok(id)
}

/// A backfill by its number in a path, as a page shows it: without an estimate, for which many events are read.
pub(crate) async fn shown(state: &AppState, backfill: &str) -> Result<BackfillDetails, ApiError> {
    details_with(state, number(backfill)?, &BTreeMap::new()).await
}

/// A backfill with all that is shown of it.
async fn details(state: &AppState, id: BackfillId) -> Result<BackfillDetails, ApiError> {
    let durations = typical_durations(&*state.store, state.pipeline.graph()).await?;
    details_with(state, id, &durations).await
}

async fn details_with(
    state: &AppState,
    id: BackfillId,
    durations: &BTreeMap<AssetKey, SignedDuration>,
) -> Result<BackfillDetails, ApiError> {
    let (store, graph) = (&*state.store, state.pipeline.graph());
    let stored = store.backfill(id).await?.ok_or(BackfillOperationError::Unknown { id })?;
    let failures = backfill_failures(store, graph, &stored, BackfillDetails::FAILURES).await?;
    Ok(BackfillDetails::new(stored, durations, failures))
}

impl StartBackfill {
    fn spec(self, state: &AppState) -> Result<BackfillSpec, ApiError> {
        let run = match (self.selection, self.job) {
            (Some(selection), None) => RunSpec::of(selection),
            (None, Some(job)) => RunSpec::of_job(job),
            _ => return Err(selection_or_job()),
        };
        let graph = state.pipeline.graph();
        let of = self.of.as_deref().map(|of| find_asset(graph, of)).transpose()?;
        let default = NonZeroU32::MIN.saturating_add(RUNS_AT_A_TIME - 1);
        let options = BackfillOptions {
            all: self.all,
            order: self.order,
            runs_at_a_time: self.runs_at_a_time.unwrap_or(default),
            partitions_per_run: self.partitions_per_run,
            stop: self.stop_at_share.map_or(StopRule::Never, StopRule::at_share),
            ..BackfillOptions::default()
        };
        Ok(BackfillSpec {
            run: run.config(self.config.unwrap_or_default()).tags(self.tags),
            partitions: self.partitions,
            of: of.map(|of| graph.key(of).clone()),
            options,
        })
    }
}
