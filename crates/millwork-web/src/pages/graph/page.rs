//! The page and the picture of the graph.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use millwork_core::AssetStatus;
use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet};
use millwork_draw::graph::Drawing;
use serde::{Deserialize, Serialize};

use super::super::graph_view::status_drawing;
use super::super::message::{page_error, rendered};
use super::super::search::find_assets;
use super::fold::{Unfolded, folded, groups};
use super::panel::{Panel, panel};
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum number of drawn assets that are listed below the picture.
const LISTED: usize = 200;

#[derive(Template)]
#[template(path = "graph.html")]
struct Graph {
    head: u64,
    wanted: GraphQuery,
    problem: Option<String>,
    of: usize,
    found: usize,
    to_do: usize,
    selection: String,
    svg: String,
    groups: Vec<(String, String, bool)>,
    unfold_all: String,
    fold_all: String,
    states: Vec<(&'static str, usize)>,
    panel: Option<Panel>,
    listed: Vec<(String, &'static str)>,
}

impl Graph {
    fn current(&self) -> &'static str {
        "Graph"
    }
}

/// The parameters of the page: the assets that are drawn, and the one beside the graph.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in super::super) struct GraphQuery {
    q: String,
    /// Whether assets that don't match are left out rather than dimmed.
    #[serde(skip_serializing_if = "String::is_empty")]
    only: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    asset: String,
}

impl GraphQuery {
    fn address(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut changed = self.clone();
        change(&mut changed);
        format!("/graph?{}", serde_urlencoded::to_string(changed).unwrap_or_default())
    }
}

pub(in super::super) async fn show(
    State(state): State<AppState>,
    Query(wanted): Query<GraphQuery>,
) -> Response {
    match load(&state, wanted).await {
        Ok(graph) => rendered(StatusCode::OK, &graph),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState, wanted: GraphQuery) -> Result<Graph, ApiError> {
    let graph = state.pipeline.graph();
    let statuses = state.statuses().await?;
    let (found, problem) = match find_assets(graph, &wanted.q) {
        Ok(found) => (found, None),
        Err(problem) => (AssetSet::new(), Some(problem)),
    };
    let everything: AssetSet = graph.assets().indices().collect();
    let shown = if wanted.only.is_empty() { &everything } else { &found };
    let beside = |key: &str| wanted.address(|wanted| wanted.asset = key.to_owned());
    let mut drawing = status_drawing(graph, &statuses, shown, beside);
    for (node, asset) in drawing.nodes.iter_mut().zip(shown) {
        node.dimmed = problem.is_none() && !found.contains(asset);
    }
    let mut states: BTreeMap<&'static str, usize> = BTreeMap::new();
    for asset in &found {
        *states.entry(statuses.of(*asset).status.as_str()).or_default() += 1;
    }
    let (names, unfolded) = (groups(&drawing), Unfolded::new(wanted.open.as_deref(), shown.len()));
    let toggled =
        |group: &str| wanted.address(|wanted| wanted.open = Some(unfolded.with_changed(group, &names)));
    let drawing = folded(drawing, &unfolded, toggled);
    let is_to_do = |asset: &&AssetIndex| match statuses.of(**asset).status {
        AssetStatus::Missing | AssetStatus::Stale | AssetStatus::Failed => true,
        AssetStatus::External | AssetStatus::Fresh | AssetStatus::Running => false,
    };
    Ok(Graph {
        head: statuses.head,
        problem,
        of: graph.assets().len(),
        found: found.len(),
        to_do: found.iter().filter(is_to_do).count(),
        selection: if wanted.q.trim().is_empty() {
            "*".to_owned()
        } else {
            selection(graph, &wanted.q, &found)
        },
        svg: state.layouts.element(&drawing),
        groups: names.iter().map(|name| (name.clone(), toggled(name), unfolded.holds(name))).collect(),
        unfold_all: wanted.address(|wanted| wanted.open = Some("*".to_owned())),
        fold_all: wanted.address(|wanted| wanted.open = Some(String::new())),
        states: states.into_iter().collect(),
        panel: panel(graph, &statuses, &wanted.asset, beside),
        listed: found
            .iter()
            .take(LISTED)
            .map(|asset| (graph.key(*asset).to_string(), statuses.of(*asset).status.as_str()))
            .collect(),
        wanted,
    })
}

/// The search as a selection: part of a name becomes the assets that were found.
fn selection(graph: &AssetGraph, query: &str, found: &AssetSet) -> String {
    let means_them = millwork_core::graph::Selection::parse(query)
        .and_then(|parsed| parsed.select(graph))
        .is_ok_and(|selected| selected == *found);
    if means_them {
        return query.to_owned();
    }
    found.iter().map(|asset| format!("\"{}\"", graph.key(*asset))).collect::<Vec<_>>().join(" or ")
}

/// The drawing alone. Its content security policy lets it run no script and load no resource.
pub(in super::super) async fn picture(
    State(state): State<AppState>,
    Query(wanted): Query<GraphQuery>,
) -> Response {
    let graph = state.pipeline.graph();
    let statuses = match state.statuses().await {
        Ok(statuses) => statuses,
        Err(error) => return ApiError::from(error).into_response(),
    };
    match find_assets(graph, &wanted.q) {
        Ok(found) => {
            let mut drawing: Drawing = status_drawing(graph, &statuses, &found, |_| String::new());
            drawing.nodes.iter_mut().for_each(|node| node.link = None);
            let headers =
                [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "private, no-cache")];
            (headers, state.layouts.picture(&drawing)).into_response()
        }
        Err(problem) => ApiError::invalid(problem).into_response(),
    }
}
