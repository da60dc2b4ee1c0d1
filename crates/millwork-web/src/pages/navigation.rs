//! The navigation in the head of every page.
//!
//! It depends on the pipeline: the page of models is in it where there are models, that of backfills where assets have partitions. Since every page shows it, errors included, it isn't
//! handed from page to page, but holds for all that is done for a request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::models::ModelCache;

/// A page of the navigation: its path and its name.
pub(crate) type NavigationLink = (&'static str, &'static str);

const MODELS: NavigationLink = ("/models", "Models");
const BACKFILLS: NavigationLink = ("/backfills", "Backfills");

/// The pages of every pipeline, that of models and that of backfills.
const ALL: [NavigationLink; 9] = [
    ("/", "Overview"),
    ("/assets", "Assets"),
    MODELS,
    ("/graph", "Graph"),
    ("/runs", "Runs"),
    ("/launch", "Launch"),
    BACKFILLS,
    ("/automation", "Automation"),
    ("/deployment", "Deployment"),
];

/// What the pipeline has that not every one has.
#[derive(Clone, Debug)]
pub(crate) struct Navigation {
    pub(crate) models: Arc<ModelCache>,
    /// Whether some asset that is made here has partitions.
    pub(crate) has_partitions: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    models: bool,
    backfills: bool,
}

tokio::task_local! {
    static SHOWN: Shown;
}

/// The pages of the navigation for the request that is answered now.
pub(crate) fn navigation() -> impl Iterator<Item = NavigationLink> {
    let shown = SHOWN.try_with(|shown| *shown).unwrap_or_default();
    ALL.into_iter()
        .filter(move |link| (shown.models || *link != MODELS) && (shown.backfills || *link != BACKFILLS))
}

/// Answers a request with the navigation of the pipeline.
pub(crate) async fn with_navigation(
    State(navigation): State<Navigation>,
    request: Request,
    next: Next,
) -> Response {
    let Navigation { models, has_partitions } = navigation;
    let shown = Shown { models: models.has_models(), backfills: has_partitions };
    SHOWN.scope(shown, next.run(request)).await
}
