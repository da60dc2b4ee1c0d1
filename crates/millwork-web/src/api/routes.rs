//! The routes of the API, and the OpenAPI document made from them.

use std::sync::LazyLock;

use axum::Router;
use axum::http::{Uri, header};
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use millwork_api::ErrorBody;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::as_document;
use super::parameters::known_parameters;
use super::{
    alerts, assets, automation, backfills, etag, events, health, launch, models, partitions, pending, queue,
    reports, runs, schedules, sensors,
};
use crate::error::ApiError;
use crate::state::AppState;

/// The OpenAPI document of all routes, as JSON.
pub(super) static DOCUMENT: LazyLock<String> = LazyLock::new(whole_document);

/// The HTTP API of a pipeline: its definitions, its history, and requests for runs.
#[derive(OpenApi)]
#[openapi(info(title = "Millwork"), components(schemas(ErrorBody)))]
struct Document;

/// The routes that need no token.
pub(crate) fn open() -> Router<AppState> {
    open_described().into()
}

/// The routes that need the token.
pub(crate) fn protected() -> Router<AppState> {
    let router: Router<AppState> = described().into();
    router
        .layer(from_fn(known_parameters))
        .layer(from_fn(etag::etag))
        .fallback(async |uri: Uri| ApiError::not_found(format!("the path `{}` does not exist", uri.path())))
}

/// This document.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "health",
    responses((status = 200, description = "The API as an OpenAPI document", body = BTreeMap<String, Value>))
)]
async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

fn whole_document() -> String {
    as_document(described().into_openapi(), open_described().into_openapi())
}

fn open_described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(health::alive)).routes(routes!(health::ready))
}

fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(document))
        .routes(routes!(health::metrics))
        .routes(routes!(assets::list))
        .routes(routes!(assets::show))
        .routes(routes!(assets::materializations))
        .routes(routes!(assets::graph))
        .routes(routes!(partitions::list))
        .routes(routes!(partitions::change))
        .routes(routes!(backfills::list, backfills::start))
        .routes(routes!(backfills::plan))
        .routes(routes!(backfills::show))
        .routes(routes!(backfills::operate))
        .routes(routes!(models::list))
        .routes(routes!(models::show))
        .routes(routes!(models::versions))
        .routes(routes!(models::compare))
        .routes(routes!(models::card))
        .routes(routes!(models::history))
        .routes(routes!(models::lineage))
        .routes(routes!(models::promote))
        .routes(routes!(models::reject))
        .routes(routes!(models::keep))
        .routes(routes!(models::rollback))
        .routes(routes!(models::alias))
        .routes(routes!(models::repair))
        .routes(routes!(models::backtest))
        .routes(routes!(models::judge))
        .routes(routes!(runs::list, launch::launch))
        .routes(routes!(runs::show))
        .routes(routes!(runs::cancel))
        .routes(routes!(runs::retry))
        .routes(routes!(events::list))
        .routes(routes!(events::stream))
        .routes(routes!(schedules::list))
        .routes(routes!(schedules::switch))
        .routes(routes!(schedules::ticks))
        .routes(routes!(sensors::list))
        .routes(routes!(sensors::switch))
        .routes(routes!(sensors::ticks))
        .routes(routes!(pending::list))
        .routes(routes!(pending::retry))
        .routes(routes!(pending::drop))
        .routes(routes!(automation::list, automation::switch))
        .routes(routes!(automation::show, automation::switch_asset))
        .routes(routes!(queue::waiting))
        .routes(routes!(queue::pools))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::deliveries))
        .routes(routes!(alerts::retry))
        .routes(routes!(alerts::drop_delivery))
        .routes(routes!(reports::materialization))
        .routes(routes!(reports::observation))
        .routes(routes!(reports::check))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// The paths of a router, which only its debug form shows: `RouteId(3): "/healthz"`. It has two of axum's own, for paths without a
    /// route.
    fn paths(router: &Router<AppState>) -> BTreeSet<String> {
        let shown = format!("{router:?}");
        let paths = shown.split('"').skip(1).step_by(2).filter(|text| text.starts_with('/'));
        let ours = paths.filter(|path| *path != "/" && !path.contains("axum_fallback"));
        ours.map(|path| path.replace("{*", "{")).collect()
    }

    #[test]
    fn every_route_is_in_the_document() {
        let document: Value = serde_json::from_str(&whole_document()).expect("JSON");
        let documented: BTreeSet<String> =
            document["paths"].as_object().into_iter().flatten().map(|(path, _)| path.clone()).collect();
        let mut routed = paths(&open_described().into());
        routed.extend(paths(&described().into()));
        assert!(routed.contains("/healthz") && routed.contains("/api/v1/assets/{key}"), "{routed:?}");
        assert_eq!(routed, documented);
    }
}
