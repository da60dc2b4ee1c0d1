//! The catalog of assets.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_core::AssetKey;
use millwork_core::graph::{AssetGraph, AssetSet, Selection};
use serde::Deserialize;

use super::message::{page_error, rendered};
use crate::error::ApiError;
use crate::state::AppState;

/// So many assets are on a page.
const MOST: usize = 200;

#[derive(Template)]
#[template(path = "assets.html")]
struct Assets {
    head: u64,
    query: String,
    problem: Option<String>,
    found: usize,
    shown: Vec<Shown>,
}

struct Shown {
    key: String,
    group: String,
    kinds: String,
    last: String,
    description: String,
}

impl Assets {
    fn current(&self) -> &'static str {
        "Assets"
    }
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    pub(super) q: String,
}

pub(super) async fn show(State(state): State<AppState>, Query(wanted): Query<Wanted>) -> Response {
    match load(&state, wanted.q).await {
        Ok(assets) => rendered(StatusCode::OK, &assets),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState, query: String) -> Result<Assets, ApiError> {
    let graph = state.pipeline.graph();
    let (found, problem) = match selected(graph, &query) {
        Ok(found) => (found, None),
        Err(problem) => (AssetSet::new(), Some(problem)),
    };
    let keys: Vec<AssetKey> = found.iter().take(MOST).map(|asset| graph.key(*asset).clone()).collect();
    let mut last = BTreeMap::new();
    for latest in state.store.latest(&keys).await? {
        if let Some(event) = latest.materialization {
            let newest = last.entry(latest.asset).or_insert(event.at);
            *newest = event.at.max(*newest);
        }
    }
    let row = |asset: &usize| {
        let spec = &graph.assets()[*asset].spec;
        Shown {
            key: spec.key.to_string(),
            group: spec.group.clone().unwrap_or_default(),
            kinds: spec.kinds.join(", "),
            last: last.get(&spec.key).map(ToString::to_string).unwrap_or_default(),
            description: spec.description.lines().next().unwrap_or_default().to_owned(),
        }
    };
    let shown = found.iter().take(MOST).map(row).collect();
    Ok(Assets { head: state.store.head().await?, query, problem, found: found.len(), shown })
}

/// The assets that a selection selects, or whose keys contain the text.
pub(super) fn selected(graph: &AssetGraph, query: &str) -> Result<AssetSet, String> {
    let query = query.trim();
    let containing: AssetSet =
        (0..graph.assets().len()).filter(|asset| graph.key(*asset).as_str().contains(query)).collect();
    if !containing.is_empty() && !query.contains(['+', ':', ' ', '(']) {
        return Ok(containing);
    }
    Selection::parse(query).and_then(|selection| selection.select(graph)).map_err(|error| error.to_string())
}
