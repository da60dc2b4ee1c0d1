//! The assets and the asset graph.

use axum::Json;
use axum::extract::{Path, Query, State};
use millwork_api::{
    AssetDetails, AssetListing, AssetPage, KeyGraph, MainNumberView, MaterializationPage, find_asset,
    find_version_of,
};
use millwork_core::graph::AssetIndex;
use millwork_core::version::WhichVersion;
use millwork_core::{ConfigFilter, Problem};
use millwork_storage::{HistoryQuery, LatestAsset, LatestOrder, history};
use serde::Deserialize;
use utoipa::IntoParams;

use super::limit::Limit;
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum number of assets on a page.
const LARGEST_PAGE: u32 = 1_000;

/// The page of assets to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AssetPageQuery {
    /// Only assets whose keys come after this one.
    after: Option<String>,
    /// Maximum number of assets, 200 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<200, LARGEST_PAGE>,
}

/// The assets that are defined, by their keys, each with its status; `next` is the value of `after` for the next page.
#[utoipa::path(
    get, path = "/api/v1/assets", tag = "assets", params(AssetPageQuery),
    responses((status = 200, description = "The assets that are defined, by their keys", body = AssetPage))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Query(wanted): Query<AssetPageQuery>,
) -> Result<Json<AssetPage>, ApiError> {
    let (graph, statuses) = (state.pipeline.graph(), state.statuses().await?);
    let is_behind = |key: &str| wanted.after.as_deref().is_none_or(|after| key > after);
    let mut found: Vec<AssetIndex> =
        graph.assets().indices().filter(|asset| is_behind(graph.key(*asset).as_str())).collect();
    found.sort_by_key(|asset| graph.key(*asset));
    let limit = wanted.limit.rows() as usize;
    let next = found[..limit.min(found.len())].last().filter(|_| found.len() > limit);
    let next = next.map(|asset| graph.key(*asset).clone());
    let listing = |&asset: &AssetIndex| {
        let trend = statuses.trend(asset);
        let main_number =
            trend.and_then(|trend| Some(MainNumberView::new(trend.label(), trend.newest()?, trend.change())));
        AssetListing::new(graph, &graph.assets()[asset], statuses.of(asset), main_number)
    };
    Ok(Json(AssetPage { assets: found.iter().take(limit).map(listing).collect(), next }))
}

/// The version of an asset to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AssetQuery {
    /// The partition of the version, if the asset has partitions.
    partition: Option<String>,
}

/// An asset with its status and the latest events of it and its partitions, or with the materialization of one version.
#[utoipa::path(
    get, path = "/api/v1/assets/{*key}", tag = "assets",
    params(("key" = String, Path, description = "The asset's key; `KEY@3` and `KEY@champion` for one of its versions"), AssetQuery),
    responses((status = 200, description = "An asset with the latest events of it and its partitions", body = AssetDetails))
)]
pub(super) async fn show(
    State(state): State<AppState>,
    Path(written): Path<String>,
    Query(AssetQuery { partition }): Query<AssetQuery>,
) -> Result<Json<AssetDetails>, ApiError> {
    let graph = state.pipeline.graph();
    let (key, which) = WhichVersion::split(&written).map_err(|problem| ApiError::invalid(&problem))?;
    let index = find_asset(graph, key)?;
    let asset = &graph.assets()[index];
    let moment = state.moment().await?;
    let latest = match which {
        WhichVersion::Latest if partition.is_some() => {
            let problem = Problem::new("the parameter `partition` is for a version");
            return Err(ApiError::invalid(problem.with_hint(format!("write `{key}@VERSION`"))));
        }
        WhichVersion::Latest => {
            let (key, newest) = (&asset.spec.key, LatestOrder::NewestFirst);
            state.store.latest_page(key, newest, 0, AssetDetails::MOST_PARTITIONS).await?
        }
        WhichVersion::Number(_) | WhichVersion::Alias(_) => {
            let found =
                find_version_of(&*state.store, graph, &written, partition.as_deref(), &moment).await?;
            let (asset, event) = (asset.spec.key.clone(), found.event);
            let partition = event.partition.clone();
            vec![LatestAsset { asset, partition, materialization: Some(event.clone()), verdict: event }]
        }
    };
    let statuses = state.statuses().await?;
    Ok(Json(AssetDetails::new(graph, asset, statuses.of(index), latest, &moment)))
}

/// The materializations to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MaterializationPageQuery {
    /// Only of this partition.
    partition: Option<String>,
    /// Only those made with this value of a field of the configuration, as `rounds=40`; names of nested fields have dots between them.
    config: Option<String>,
    /// Only materializations before this sequence number.
    before: Option<u64>,
    /// Maximum number of materializations, 50 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<50, LARGEST_PAGE>,
}

/// The materializations of an asset, newest first; `next` is the value of `before` for the next page.
#[utoipa::path(
    get, path = "/api/v1/materializations/{*key}", tag = "assets",
    params(("key" = String, Path, description = "The asset's key"), MaterializationPageQuery),
    responses((status = 200, description = "The materializations of an asset, newest first", body = MaterializationPage))
)]
pub(super) async fn materializations(
    State(state): State<AppState>,
    Path(key): Path<String>,
    Query(wanted): Query<MaterializationPageQuery>,
) -> Result<Json<MaterializationPage>, ApiError> {
    let graph = state.pipeline.graph();
    let index = find_asset(graph, &key)?;
    let filter = wanted.config.as_deref().map(str::parse::<ConfigFilter>).transpose();
    let moment = state.moment().await?;
    let partition = wanted.partition.map(|partition| graph.past_partition(index, partition, &moment));
    let query = HistoryQuery {
        asset: graph.key(index).clone(),
        partition: partition.clone().map(Some),
        config: filter.map_err(|error| ApiError::invalid(&error))?.into_iter().collect(),
        before: wanted.before,
        limit: wanted.limit.rows(),
    };
    let found = history(&*state.store, &query).await?;
    if partition.is_some() && found.is_empty() {
        // A partition that isn't defined any more may have a history.
        graph
            .find_partition(index, partition.as_ref(), &moment)
            .map_err(|error| ApiError::invalid(&error))?;
    }
    let is_full = found.len() == query.limit as usize;
    let next = found.last().filter(|_| is_full).map(|event| event.sequence);
    Ok(Json(MaterializationPage { materializations: found.into_iter().map(Into::into).collect(), next }))
}

#[utoipa::path(
    get, path = "/api/v1/graph", tag = "assets",
    responses((status = 200, description = "The keys of all assets and the dependencies between them", body = KeyGraph))
)]
pub(super) async fn graph(State(state): State<AppState>) -> Json<KeyGraph> {
    Json(KeyGraph::new(state.pipeline.graph()))
}
