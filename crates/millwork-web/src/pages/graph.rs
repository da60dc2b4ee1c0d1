//! The graph, drawn.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use millwork_core::graph::draw::Drawing;

use super::assets::{Wanted, selected};
use super::message::rendered;
use crate::error::ApiError;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "graph.html")]
struct Graph {
    query: String,
    problem: Option<String>,
    keys: Vec<String>,
}

impl Graph {
    fn current(&self) -> &'static str {
        "Graph"
    }
}

pub(super) async fn show(State(state): State<AppState>, Query(wanted): Query<Wanted>) -> Response {
    let graph = state.pipeline.graph();
    let (keys, problem) = match selected(graph, &wanted.q) {
        Ok(found) => (found.iter().map(|asset| graph.key(*asset).to_string()).collect(), None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    rendered(StatusCode::OK, &Graph { query: wanted.q, problem, keys })
}

/// The drawing alone. As a picture of a page it runs nothing and reaches nothing.
pub(super) async fn picture(State(state): State<AppState>, Query(wanted): Query<Wanted>) -> Response {
    let graph = state.pipeline.graph();
    match selected(graph, &wanted.q) {
        Ok(found) => {
            let svg = Drawing::of(graph, &found).to_svg();
            ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "private, max-age=60")], svg)
                .into_response()
        }
        Err(problem) => ApiError::invalid(problem).into_response(),
    }
}
