//! Models: their versions, what is in use, and what is done to them by hand.

use std::num::NonZeroUsize;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use millwork_api::{
    BacktestView, ErrorBody, FoundVersion, LineageView, ModelCard, ModelChange, ModelComparison,
    ModelDetails, ModelListing, ModelRepair, TrialView, VersionError, VersionHistory, VersionView,
    compare_versions, find_model, find_stored_version, list_models, model_author, model_card, model_details,
    plan_repair, version_history, version_lineage,
};
use millwork_core::event::Event;
use millwork_core::model::Author;
use millwork_core::version::{AliasName, VersionNumber, WhichVersion};
use millwork_core::{AssetKey, AssetPartition, PartitionKey, deserialize_config};
use millwork_storage::{Direction, LineageLimits, ModelAction, Seen, act_on_model, repairing_run};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

use super::body::Body;
use super::launch::create;
use super::limit::Limit;
use crate::error::ApiError;
use crate::state::AppState;

/// How long a request waits for a gate's verdicts.
const VERDICTS_WITHIN: Duration = Duration::from_secs(20);

/// Who acts by a request that doesn't name anybody.
const NOBODY_NAMED: &str = "api";

/// The page of versions to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionsQuery {
    /// The partition, if the model has partitions.
    partition: Option<String>,
    /// Maximum number of versions, 50 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<50, 1_000>,
}

/// The versions to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CompareQuery {
    /// The partition, if the model has partitions.
    partition: Option<String>,
    /// The first version: a number or an alias; the version in use by default.
    a: Option<String>,
    /// The second version: a number or an alias; the last one by default.
    b: Option<String>,
}

/// The version to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CardQuery {
    /// The partition, if the model has partitions.
    partition: Option<String>,
    /// The version: a number or an alias; the last one by default.
    version: Option<String>,
}

/// The lineage to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LineageQuery {
    /// The partition, if the model has partitions.
    partition: Option<String>,
    /// The version: a number or an alias; the last one by default.
    version: Option<String>,
    /// Whether to answer with what was made with it, instead of what it was made from.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    down: bool,
    /// Maximum number of steps from the version, 20 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    depth: Limit<20, 100>,
    /// Maximum number of versions, 200 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<200, 2_000>,
}

/// A decision about a version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionDecision {
    /// The version.
    #[schema(value_type = u32)]
    version: VersionNumber,
    /// The partition; absent if the model has none.
    partition: Option<String>,
    /// Why, in at most 10,000 characters.
    #[serde(default)]
    reason: String,
    /// Who decides, in at most 200 characters; `api` if absent or blank.
    by: Option<String>,
    /// The version in use that the decision is based on. If another one is in use by now, the answer is 409, and nothing is changed. Absent
    /// if any may be in use.
    #[schema(value_type = Option<u32>)]
    expect: Option<VersionNumber>,
}

/// A request to mark a version as unfit, or to keep the one in use.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionAnswer {
    /// The version.
    #[schema(value_type = u32)]
    version: VersionNumber,
    /// The partition; absent if the model has none.
    partition: Option<String>,
    /// Why, in at most 10,000 characters.
    #[serde(default)]
    reason: String,
    /// Who decides, in at most 200 characters; `api` if absent or blank.
    by: Option<String>,
    /// The version in use that the decision is based on. If another one is in use by now, the answer is 409, and nothing is changed. Absent
    /// if any may be in use.
    #[schema(value_type = Option<u32>)]
    expect: Option<VersionNumber>,
}

/// A request to go back to an earlier version.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rollback {
    /// The version to go back to; absent for the last that was in use and isn't rejected.
    #[schema(value_type = Option<u32>)]
    to: Option<VersionNumber>,
    /// The partition; absent if the model has none.
    partition: Option<String>,
    /// Why, in at most 10,000 characters.
    #[serde(default)]
    reason: String,
    /// Who goes back, in at most 200 characters; `api` if absent or blank.
    by: Option<String>,
    /// The version in use that the decision is based on. If another one is in use by now, the answer is 409, and nothing is changed. Absent
    /// if any may be in use.
    #[schema(value_type = Option<u32>)]
    expect: Option<VersionNumber>,
}

/// A request to set or remove an alias. It has either `version` or `remove`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AliasRequest {
    /// The name of the alias.
    #[schema(value_type = String)]
    alias: AliasName,
    /// The version that it is to point at.
    #[schema(value_type = Option<u32>)]
    version: Option<VersionNumber>,
    /// Whether to remove it.
    #[serde(default)]
    remove: bool,
    /// The partition; absent if the model has none.
    partition: Option<String>,
    /// Why, in at most 10,000 characters.
    #[serde(default)]
    reason: String,
    /// Who sets it, in at most 200 characters; `api` if absent or blank.
    by: Option<String>,
}

/// A request to make again what is made with a version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RepairRequest {
    /// The version.
    #[schema(value_type = u32)]
    version: VersionNumber,
    /// The partition; absent if the model has none.
    partition: Option<String>,
    /// Whether to answer with the runs without queueing them.
    #[serde(default)]
    dry_run: bool,
}

/// A request to judge stored versions.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BacktestRequest {
    /// The number of versions to judge, the newest first, at least 1; absent for all.
    #[schema(value_type = Option<u32>, minimum = 1)]
    last: Option<NonZeroUsize>,
    /// The partition; absent if the model has none.
    partition: Option<String>,
    /// Whether to answer at once, and not with the table.
    #[serde(default)]
    no_wait: bool,
    /// The configuration by step, for the gate.
    #[serde(default, deserialize_with = "deserialize_config")]
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
}

/// A backtest that takes longer than its request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BacktestRuns {
    /// The model.
    #[schema(value_type = String)]
    asset: AssetKey,
    /// Its partition.
    #[schema(required, value_type = Option<String>)]
    partition: Option<PartitionKey>,
}

/// A request to judge a version in shadow again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JudgeRequest {
    /// The version, which has to be in shadow; absent for the one that is.
    #[schema(value_type = Option<u32>, minimum = 1)]
    version: Option<VersionNumber>,
    /// The partition; absent if the model has none.
    partition: Option<String>,
    /// Whether to answer at once, and not with the verdict.
    #[serde(default)]
    no_wait: bool,
    /// The configuration by step, for the gate.
    #[serde(default, deserialize_with = "deserialize_config")]
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
}

/// A gate that takes longer than the request to judge.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JudgementRuns {
    /// The model.
    #[schema(value_type = String)]
    asset: AssetKey,
    /// Its partition.
    #[schema(required, value_type = Option<String>)]
    partition: Option<PartitionKey>,
}

#[utoipa::path(
    get, path = "/api/v1/models", tag = "models",
    responses((status = 200, description = "The models, each with the version in use", body = Vec<ModelListing>))
)]
pub(super) async fn list(State(state): State<AppState>) -> Result<Json<Vec<ModelListing>>, ApiError> {
    Ok(Json(list_models(&*state.store, state.pipeline.graph(), &state.moment().await?).await?))
}

/// A model with its newest versions, its aliases, and their moves.
#[utoipa::path(
    get, path = "/api/v1/models/show/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key"), VersionsQuery),
    responses((status = 200, description = "A model with its newest versions", body = ModelDetails))
)]
pub(super) async fn show(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Query(wanted): Query<VersionsQuery>,
) -> Result<Json<ModelDetails>, ApiError> {
    Ok(Json(details(&state, &key, &wanted).await?))
}

#[utoipa::path(
    get, path = "/api/v1/models/versions/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key"), VersionsQuery),
    responses((status = 200, description = "The versions of a model, newest first", body = Vec<VersionView>))
)]
pub(super) async fn versions(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Query(wanted): Query<VersionsQuery>,
) -> Result<Json<Vec<VersionView>>, ApiError> {
    Ok(Json(details(&state, &key, &wanted).await?.versions))
}

async fn details(state: &AppState, key: &str, wanted: &VersionsQuery) -> Result<ModelDetails, ApiError> {
    let (asset, of) =
        find_model(state.pipeline.graph(), key, wanted.partition.as_deref(), &state.moment().await?)?;
    let (limit, now) = (wanted.limit.rows() as usize, state.clock.now());
    Ok(model_details(&*state.store, &state.pipeline, (asset, &of), limit, now).await?)
}

/// Two versions of a model side by side.
#[utoipa::path(
    get, path = "/api/v1/models/compare/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key"), CompareQuery),
    responses((status = 200, description = "Two versions of a model, what differs first", body = ModelComparison))
)]
pub(super) async fn compare(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Query(wanted): Query<CompareQuery>,
) -> Result<Json<ModelComparison>, ApiError> {
    let graph = state.pipeline.graph();
    let (asset, of) = find_model(graph, &key, wanted.partition.as_deref(), &state.moment().await?)?;
    let in_use = || WhichVersion::Alias(graph.alias_in_use(asset));
    let a = find_stored_version(&*state.store, &of, &which(wanted.a.as_deref(), in_use)?).await?;
    let latest = || WhichVersion::Latest;
    let b = find_stored_version(&*state.store, &of, &which(wanted.b.as_deref(), latest)?).await?;
    let versions = (number(&of, &a)?, number(&of, &b)?);
    Ok(Json(compare_versions(&*state.store, graph, (asset, &of), versions).await?))
}

/// The card of a version: what is recorded of it.
#[utoipa::path(
    get, path = "/api/v1/models/card/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key"), CardQuery),
    responses((status = 200, description = "What is recorded of a version", body = ModelCard))
)]
pub(super) async fn card(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Query(wanted): Query<CardQuery>,
) -> Result<Json<ModelCard>, ApiError> {
    let found = find(&state, &key, wanted.partition.as_deref(), wanted.version.as_deref()).await?;
    Ok(Json(model_card(&*state.store, state.pipeline.graph(), &found).await?))
}

/// What happened to a version, and how good it was in use.
#[utoipa::path(
    get, path = "/api/v1/models/history/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key"), CardQuery),
    responses((status = 200, description = "The history of a version, oldest first", body = VersionHistory))
)]
pub(super) async fn history(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Query(wanted): Query<CardQuery>,
) -> Result<Json<VersionHistory>, ApiError> {
    let found = find(&state, &key, wanted.partition.as_deref(), wanted.version.as_deref()).await?;
    let (graph, version) = (state.pipeline.graph(), number(&found.of, &found.event)?);
    Ok(Json(version_history(&*state.store, graph, (found.asset, &found.of), version).await?))
}

/// What a version was made from, or what was made with it.
#[utoipa::path(
    get, path = "/api/v1/models/lineage/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key"), LineageQuery),
    responses((status = 200, description = "A version with those behind it, as a tree", body = LineageView))
)]
pub(super) async fn lineage(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Query(wanted): Query<LineageQuery>,
) -> Result<Json<LineageView>, ApiError> {
    let found = find(&state, &key, wanted.partition.as_deref(), wanted.version.as_deref()).await?;
    let direction = if wanted.down { Direction::Down } else { Direction::Up };
    let limits = LineageLimits { depth: wanted.depth.rows(), versions: wanted.limit.rows() as usize };
    let graph = state.pipeline.graph();
    Ok(Json(version_lineage(&*state.store, graph, &found.event, direction, limits).await?))
}

/// Brings a version into use; where people were asked about it, that approves it.
#[utoipa::path(
    post, path = "/api/v1/models/promote/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key")), request_body = VersionDecision,
    responses(
        (status = 200, description = "The version is in use", body = ModelChange),
        (status = 409, description = "Somebody else was first: another version is in use by now, or the question has another answer", body = ErrorBody),
    )
)]
pub(super) async fn promote(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Body(decision): Body<VersionDecision>,
) -> Result<Json<ModelChange>, ApiError> {
    let VersionDecision { version, partition, reason, by, expect } = decision;
    let action = ModelAction::Promote(version);
    act(&state, (&key, partition), &action, author(&reason, by.as_deref())?, seen(expect)).await
}

/// Marks a version as unfit for use; where people were asked about it, that refuses it.
#[utoipa::path(
    post, path = "/api/v1/models/reject/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key")), request_body = VersionAnswer,
    responses(
        (status = 200, description = "The version is rejected", body = ModelChange),
        (status = 409, description = "Somebody else was first: another version is in use by now, or the question has another answer", body = ErrorBody),
    )
)]
pub(super) async fn reject(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Body(answer): Body<VersionAnswer>,
) -> Result<Json<ModelChange>, ApiError> {
    answer_with(&state, &key, answer, ModelAction::Reject).await
}

/// Answers that the version in use stays; the other one may be promoted later.
#[utoipa::path(
    post, path = "/api/v1/models/keep/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key")), request_body = VersionAnswer,
    responses(
        (status = 200, description = "The version in use stays", body = ModelChange),
        (status = 409, description = "Somebody else was first: another version is in use by now, or the question has another answer", body = ErrorBody),
    )
)]
pub(super) async fn keep(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Body(answer): Body<VersionAnswer>,
) -> Result<Json<ModelChange>, ApiError> {
    answer_with(&state, &key, answer, ModelAction::Keep).await
}

/// Goes back to a version that was in use before.
#[utoipa::path(
    post, path = "/api/v1/models/rollback/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key")), request_body = Option<Rollback>,
    responses(
        (status = 200, description = "The earlier version is in use", body = ModelChange),
        (status = 409, description = "Another version is in use by now than was expected", body = ErrorBody),
    )
)]
pub(super) async fn rollback(
    State(state): State<AppState>,
    Path(key): Path<String>,
    body: Option<Body<Rollback>>,
) -> Result<Json<ModelChange>, ApiError> {
    let Body(Rollback { to, partition, reason, by, expect }) = body.unwrap_or_default();
    let action = ModelAction::RollBack(to);
    act(&state, (&key, partition), &action, author(&reason, by.as_deref())?, seen(expect)).await
}

/// Sets or removes an alias.
#[utoipa::path(
    post, path = "/api/v1/models/alias/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key")), request_body = AliasRequest,
    responses(
        (status = 200, description = "The alias is set or removed", body = ModelChange),
        (status = 409, description = "Somebody else has moved the alias first", body = ErrorBody),
    )
)]
pub(super) async fn alias(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Body(request): Body<AliasRequest>,
) -> Result<Json<ModelChange>, ApiError> {
    let AliasRequest { alias, version, remove, partition, reason, by } = request;
    let action = match (version, remove) {
        (Some(version), false) => ModelAction::SetAlias(alias, version),
        (None, true) => ModelAction::RemoveAlias(alias),
        _ => return Err(ApiError::invalid("a request has either `version` or `remove`")),
    };
    act(&state, (&key, partition), &action, author(&reason, by.as_deref())?, Seen::Now).await
}

/// Queues the runs that make again what is made with a version now, and nothing else.
#[utoipa::path(
    post, path = "/api/v1/models/repair/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key")), request_body = RepairRequest,
    responses((status = 200, description = "The runs that are queued", body = ModelRepair))
)]
pub(super) async fn repair(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Body(request): Body<RepairRequest>,
) -> Result<Json<ModelRepair>, ApiError> {
    let RepairRequest { version, partition, dry_run } = request;
    let graph = state.pipeline.graph();
    let moment = state.moment().await?;
    let (_, of) = find_model(graph, &key, partition.as_deref(), &moment)?;
    find_stored_version(&*state.store, &of, &WhichVersion::Number(version)).await?;
    let requests = plan_repair(&*state.store, graph, &of, version, &moment).await?;
    for request in &requests {
        request.check(&state.pipeline, &moment)?;
    }
    let mut repair = ModelRepair::new(of, version, &requests);
    if !dry_run {
        for (request, shown) in requests.into_iter().zip(&mut repair.runs) {
            let goes_on = repairing_run(&*state.store, &request).await?;
            shown.run = Some(match goes_on {
                Some(run) => run,
                None => create(&state, request).await?,
            });
        }
    }
    Ok(Json(repair))
}

/// Judges stored versions by the function of the model's gate, on the data that is stored now, and records the table.
#[utoipa::path(
    post, path = "/api/v1/models/backtest/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key")), request_body = Option<BacktestRequest>,
    responses(
        (status = 200, description = "What the gate decides about each version", body = BacktestView),
        (status = 202, description = "The backtest goes on. The model has the table once it is done", body = BacktestRuns),
    )
)]
pub(super) async fn backtest(
    State(state): State<AppState>,
    Path(key): Path<String>,
    body: Option<Body<BacktestRequest>>,
) -> Result<Response, ApiError> {
    let Body(BacktestRequest { last, partition, no_wait, config }) = body.unwrap_or_default();
    let (asset, of) = find_model(state.pipeline.graph(), &key, partition.as_deref(), &state.moment().await?)?;
    let of_index = AssetPartition::new(asset, of.partition.clone());
    let tested = state.host.backtest(of_index, last.map(NonZeroUsize::get), config.unwrap_or_default());
    let waits = if no_wait { Duration::ZERO } else { VERDICTS_WITHIN };
    Ok(match timeout(waits, tested).await {
        Ok(tested) => {
            let tested = tested?;
            Json(BacktestView::new(tested.at, &tested.what)).into_response()
        }
        Err(_) => (StatusCode::ACCEPTED, Json(BacktestRuns { asset: of.asset, partition: of.partition }))
            .into_response(),
    })
}

/// Has the gate of a model judge the version in shadow again, on the data that is stored now.
#[utoipa::path(
    post, path = "/api/v1/models/judge/{*key}", tag = "models",
    params(("key" = String, Path, description = "The asset's key")), request_body = Option<JudgeRequest>,
    responses(
        (status = 200, description = "What the gate decides, or that it asks for more outcomes", body = TrialView),
        (status = 202, description = "The gate goes on judging. The model has the verdict once it is done", body = JudgementRuns),
    )
)]
pub(super) async fn judge(
    State(state): State<AppState>,
    Path(key): Path<String>,
    body: Option<Body<JudgeRequest>>,
) -> Result<Response, ApiError> {
    let Body(JudgeRequest { version, partition, no_wait, config }) = body.unwrap_or_default();
    let (asset, of) = find_model(state.pipeline.graph(), &key, partition.as_deref(), &state.moment().await?)?;
    let of_index = AssetPartition::new(asset, of.partition.clone());
    let judged = state.host.judge_in_shadow(of_index, version, config.unwrap_or_default());
    let waits = if no_wait { Duration::ZERO } else { VERDICTS_WITHIN };
    Ok(match timeout(waits, judged).await {
        Ok(judged) => {
            let judged = judged?;
            state.wake.notify_waiters();
            Json(judged).into_response()
        }
        Err(_) => (StatusCode::ACCEPTED, Json(JudgementRuns { asset: of.asset, partition: of.partition }))
            .into_response(),
    })
}

/// Answers about a version with what `action` makes of its number.
async fn answer_with(
    state: &AppState,
    key: &str,
    answer: VersionAnswer,
    action: fn(VersionNumber) -> ModelAction,
) -> Result<Json<ModelChange>, ApiError> {
    let VersionAnswer { version, partition, reason, by, expect } = answer;
    act(state, (key, partition), &action(version), author(&reason, by.as_deref())?, seen(expect)).await
}

/// Does something to a model by hand, and wakes the daemon in this process.
async fn act(
    state: &AppState,
    (key, partition): (&str, Option<String>),
    action: &ModelAction,
    author: Author,
    seen: Seen,
) -> Result<Json<ModelChange>, ApiError> {
    let graph = state.pipeline.graph();
    let (asset, of) = find_model(graph, key, partition.as_deref(), &state.moment().await?)?;
    let in_use = graph.alias_in_use(asset);
    let at = state.clock.now();
    let events = act_on_model(&*state.store, (&of, &in_use), action, (&author, seen), at).await?;
    state.wake.notify_waiters();
    let aliases = state.store.aliases(std::slice::from_ref(&of.asset)).await?;
    let now = aliases.into_iter().find(|alias| alias.asset == of && alias.alias == in_use);
    Ok(Json(ModelChange::new(of, in_use, now.map(|alias| alias.version), events)))
}

fn author(reason: &str, by: Option<&str>) -> Result<Author, ApiError> {
    model_author(by, NOBODY_NAMED, reason).map_err(ApiError::invalid)
}

fn seen(expect: Option<VersionNumber>) -> Seen {
    expect.map_or(Seen::Now, |version| Seen::Version(Some(version)))
}

/// The version that a parameter names.
fn which(written: Option<&str>, absent: impl FnOnce() -> WhichVersion) -> Result<WhichVersion, VersionError> {
    match written {
        Some(written) => Ok(written.parse()?),
        None => Ok(absent()),
    }
}

async fn find(
    state: &AppState,
    key: &str,
    partition: Option<&str>,
    version: Option<&str>,
) -> Result<FoundVersion, ApiError> {
    let (asset, of) = find_model(state.pipeline.graph(), key, partition, &state.moment().await?)?;
    let which = which(version, || WhichVersion::Latest)?;
    let event = find_stored_version(&*state.store, &of, &which).await?;
    Ok(FoundVersion { asset, of, event })
}

fn number(of: &AssetPartition, event: &Event) -> Result<VersionNumber, VersionError> {
    event.body.version().ok_or_else(|| VersionError::NoVersions { of: of.clone() })
}
