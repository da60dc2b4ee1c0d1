//! The graph, drawn.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use millwork_core::graph::draw::{Drawing, DrawingNode};
use millwork_core::graph::{AssetGraph, AssetSet};

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
            let svg = drawing(graph, &found).to_svg();
            ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "private, max-age=60")], svg)
                .into_response()
        }
        Err(problem) => ApiError::invalid(problem).into_response(),
    }
}

fn drawing(graph: &AssetGraph, selected: &AssetSet) -> Drawing {
    let position: HashMap<usize, usize> =
        selected.iter().enumerate().map(|(position, asset)| (*asset, position)).collect();
    let node = |asset: &usize| {
        let node = &graph.assets()[*asset];
        DrawingNode {
            label: node.spec.key.to_string(),
            description: node.spec.description.lines().next().map(str::to_owned),
            group: node.spec.group.clone(),
            kinds: node.spec.kinds.clone(),
            external: node.step.is_none(),
            ..DrawingNode::default()
        }
    };
    let edges = selected.iter().flat_map(|asset| {
        let upstream = graph.assets()[*asset].upstream.iter();
        upstream.filter_map(|upstream| Some((*position.get(upstream)?, position[asset])))
    });
    Drawing { nodes: selected.iter().map(node).collect(), edges: edges.collect() }
}
