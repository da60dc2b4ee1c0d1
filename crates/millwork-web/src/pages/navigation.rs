//! The navigation in the head of every page.
//!
//! It depends on the pipeline: the page of models is in it where there are models. Since every page shows it, errors included, it isn't
//! handed from page to page, but holds for all that is done for a request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::models::ModelCache;

/// A page of the navigation: its path and its name.
pub(crate) type NavigationLink = (&'static str, &'static str);

const MODELS: NavigationLink = ("/models", "Models");

/// The pages of every pipeline, and that of models.
const ALL: [NavigationLink; 8] = [
    ("/", "Overview"),
    ("/assets", "Assets"),
    MODELS,
    ("/graph", "Graph"),
    ("/runs", "Runs"),
    ("/launch", "Launch"),
    ("/automation", "Automation"),
    ("/deployment", "Deployment"),
];

tokio::task_local! {
    static HAS_MODELS: bool;
}

/// The pages of the navigation for the request that is answered now.
pub(crate) fn navigation() -> impl Iterator<Item = NavigationLink> {
    let has_models = HAS_MODELS.try_with(|has_models| *has_models).unwrap_or(false);
    ALL.into_iter().filter(move |link| has_models || *link != MODELS)
}

/// Answers a request with the navigation of the pipeline.
pub(crate) async fn with_navigation(
    State(models): State<Arc<ModelCache>>,
    request: Request,
    next: Next,
) -> Response {
    HAS_MODELS.scope(models.has_models(), next.run(request)).await
}
