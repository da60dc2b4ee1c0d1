//! The routes of the pages, and the security headers of all of them.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{get, post};

use super::{
    asset, assets, automation, backfills, changes, deployment, files, forms, graph, launch, login, models,
    overview, palette, run, runs,
};
use crate::guard::Token;
use crate::state::AppState;

/// The content security policy: only content of this server; no inline script or style, no frame, no other site.
const POLICY: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// The pages.
pub(crate) fn pages() -> Router<AppState> {
    Router::new()
        .route("/", get(overview::show))
        .route("/assets", get(assets::show))
        .route("/assets/{*key}", get(asset::show))
        .route("/values/{sequence}", get(asset::download))
        .route("/images/{sequence}", get(asset::picture))
        .route("/models", get(models::show))
        .route("/models/{*key}", get(models::show_one).post(models::change))
        .route("/graph", get(graph::show))
        .route("/graph.svg", get(graph::picture))
        .route("/runs", get(runs::show).post(forms::launch))
        .route("/runs/{run}", get(run::show))
        .route("/runs/{run}/cancel", post(forms::cancel))
        .route("/runs/{run}/retry", post(forms::retry))
        .route("/runs/{run}/repeat", post(forms::repeat))
        .route("/runs/{run}/selected", post(forms::repeat_selected))
        .route("/launch", get(launch::show).post(launch::submit))
        .route("/backfills", get(backfills::show).post(backfills::submit))
        .route("/backfills/new", get(backfills::show_form))
        .route("/backfills/{backfill}", get(backfills::show_one).post(backfills::operate))
        .route("/automation", get(automation::show))
        .route("/automation/{*key}", get(automation::explained))
        .route("/automation/switch", post(forms::switch))
        .route("/automation/deliveries", post(forms::decide_delivery))
        .route("/automation/pending", post(forms::decide_pending))
        .route("/deployment", get(deployment::show))
        .route("/palette", get(palette::find))
        .route("/changes", get(changes::stream))
}

/// The form for the token and the files that it needs, which are served without a token.
pub(crate) fn login_routes(token: Token) -> Router<AppState> {
    Router::new()
        .route("/login", get(login::ask).post(login::answer))
        .with_state(token)
        .route("/static/{version}/{name}", get(files::file))
}

/// Adds the security headers to every answer.
pub(crate) async fn with_policy(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in POLICY {
        // Stored content has a stricter policy of its own.
        let entry = response.headers_mut().entry(HeaderName::from_static(name));
        entry.or_insert(HeaderValue::from_static(value));
    }
    response
}
