//! Which path shows which page, and what browsers are told about all of them.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{get, post};

use super::{asset, assets, automation, files, forms, graph, login, overview, run, runs};
use crate::guard::Token;
use crate::state::AppState;

/// Nothing but what this server sends itself: no inline script or style, no frame, no other site.
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
        .route("/graph", get(graph::show))
        .route("/graph.svg", get(graph::picture))
        .route("/runs", get(runs::show).post(forms::launch))
        .route("/runs/{run}", get(run::show))
        .route("/runs/{run}/cancel", post(forms::cancel))
        .route("/runs/{run}/retry", post(forms::retry))
        .route("/runs/{run}/repeat", post(forms::repeat))
        .route("/automation", get(automation::show))
        .route("/automation/switch", post(forms::switch))
}

/// The page that asks for the token, and what it needs: for everybody.
pub(crate) fn login_routes(token: Token) -> Router<AppState> {
    Router::new()
        .route("/login", get(login::ask).post(login::answer))
        .with_state(token)
        .route("/static/style.css", get(files::style))
        .route("/static/page.js", get(files::script))
}

/// Adds what browsers are told to every answer.
pub(crate) async fn with_policy(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in POLICY {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
