//! Which path leads where.

use axum::Router;
use axum::http::Uri;
use axum::routing::{get, post};

use super::{assets, automation, events, health, launch, runs, schedules};
use crate::error::ApiError;
use crate::state::AppState;

/// What anybody may ask.
pub(crate) fn open() -> Router<AppState> {
    Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready))
}

/// What only those may ask who have the token.
pub(crate) fn protected() -> Router<AppState> {
    Router::new()
        .route("/metrics", get(health::metrics))
        .route("/api/v1/assets", get(assets::list))
        .route("/api/v1/assets/{*key}", get(assets::show))
        .route("/api/v1/graph", get(assets::graph))
        .route("/api/v1/runs", get(runs::list).post(launch::launch))
        .route("/api/v1/runs/{run}", get(runs::show))
        .route("/api/v1/runs/{run}/cancel", post(runs::cancel))
        .route("/api/v1/events", get(events::list))
        .route("/api/v1/events/stream", get(events::stream))
        .route("/api/v1/schedules", get(schedules::list))
        .route("/api/v1/schedules/{name}", post(schedules::switch))
        .route("/api/v1/schedules/{name}/ticks", get(schedules::ticks))
        .route("/api/v1/automation", get(automation::list).post(automation::switch))
        .route("/api/v1/automation/{*key}", get(automation::show).post(automation::switch_asset))
        .fallback(async |uri: Uri| ApiError::not_found(format!("there is nothing at `{}`", uri.path())))
}
