//! Partitions that are added and removed at run time.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use millwork_api::{ChangedPartitionsView, DynamicPartitionsView};
use millwork_storage::{change_partitions, dynamic_texts};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Body;
use crate::error::ApiError;
use crate::state::AppState;

/// Texts to add and to remove.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PartitionsChange {
    /// The texts to add; those that are there already stay.
    #[serde(default)]
    add: Vec<String>,
    /// The texts to remove. What was made of them stays.
    #[serde(default)]
    remove: Vec<String>,
}

/// The dimensions of assets whose texts are added and removed at run time, by name.
#[utoipa::path(
    get, path = "/api/v1/partitions", tag = "assets",
    responses((status = 200, description = "The dimensions with their texts", body = Vec<DynamicPartitionsView>))
)]
pub(super) async fn list(
    State(state): State<AppState>,
) -> Result<Json<Vec<DynamicPartitionsView>>, ApiError> {
    let names: BTreeSet<&str> = state.pipeline.graph().dynamic_partitions().collect();
    let texts = dynamic_texts(&*state.store).await?;
    Ok(Json(names.into_iter().map(|name| DynamicPartitionsView::new(name, texts.get(name))).collect()))
}

/// Adds texts to a dimension and removes others.
#[utoipa::path(
    post, path = "/api/v1/partitions/{name}", tag = "assets",
    params(("name" = String, Path, description = "The name of the dimension")), request_body = PartitionsChange,
    responses((status = 200, description = "What has changed", body = ChangedPartitionsView))
)]
pub(super) async fn change(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Body(PartitionsChange { add, remove }): Body<PartitionsChange>,
) -> Result<Json<ChangedPartitionsView>, ApiError> {
    state.pipeline.graph().check_dynamic(&name).map_err(|error| ApiError::not_found(&error))?;
    let changed = change_partitions(&*state.store, &name, (&add, &remove), state.clock.now()).await?;
    state.wake.notify_waiters();
    Ok(Json(changed.map_err(ApiError::invalid)?.into()))
}
