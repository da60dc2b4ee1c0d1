//! The catalog of assets.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_core::AssetStatus;
use millwork_core::asset_status::AssetHealth;
use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet};
use serde::{Deserialize, Serialize};

use super::main_number::{self, spark};
use super::message::{page_error, rendered};
use super::search::find_assets;
use crate::asset_status::StatusSnapshot;
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum number of assets on a page.
const PAGE: usize = 60;

/// The values of the state filter beside the statuses.
const BESIDES: [&str; 2] = ["late", "failing check"];

#[derive(Template)]
#[template(path = "assets.html")]
struct Assets {
    head: u64,
    wanted: CatalogQuery,
    choices: [Choice; 5],
    problem: Option<String>,
    found: usize,
    of: usize,
    shown: Vec<Row>,
    first: usize,
    previous: Option<String>,
    next: Option<String>,
}

struct Choice {
    name: &'static str,
    chosen: String,
    options: Vec<String>,
}

struct Row {
    key: String,
    group: String,
    kinds: Vec<String>,
    state: &'static str,
    because: String,
    is_late: bool,
    failing_checks: Vec<String>,
    last: String,
    number: Option<main_number::Shown>,
    spark: String,
    description: String,
}

impl Assets {
    fn current(&self) -> &'static str {
        "Assets"
    }
}

/// The filter of the catalog; empty fields don't filter.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct CatalogQuery {
    q: String,
    state: String,
    group: String,
    kind: String,
    owner: String,
    tag: String,
    page: usize,
}

pub(super) async fn show(State(state): State<AppState>, Query(wanted): Query<CatalogQuery>) -> Response {
    match load(&state, wanted).await {
        Ok(assets) => rendered(StatusCode::OK, &assets),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState, wanted: CatalogQuery) -> Result<Assets, ApiError> {
    let graph = state.pipeline.graph();
    let statuses = state.statuses().await?;
    let (selected, problem) = match find_assets(graph, &wanted.q) {
        Ok(found) => (found, None),
        Err(problem) => (AssetSet::new(), Some(problem)),
    };
    let mut found: Vec<AssetIndex> =
        selected.into_iter().filter(|asset| wanted.admits(graph, *asset, statuses.of(*asset))).collect();
    found.sort_by_key(|asset| graph.key(*asset));
    let first = (wanted.page * PAGE).min(found.len());
    let shown: Vec<Row> =
        found.iter().skip(first).take(PAGE).map(|asset| row(graph, &statuses, *asset)).collect();
    Ok(Assets {
        head: statuses.head,
        choices: choices(graph, &wanted),
        problem,
        found: found.len(),
        of: graph.assets().len(),
        first,
        previous: wanted.page.checked_sub(1).map(|page| wanted.address(page)),
        next: (first + shown.len() < found.len()).then(|| wanted.address(wanted.page + 1)),
        shown,
        wanted,
    })
}

impl CatalogQuery {
    fn admits(&self, graph: &AssetGraph, asset: AssetIndex, health: &AssetHealth) -> bool {
        let spec = &graph.assets()[asset].spec;
        let is_in_state = match self.state.as_str() {
            "" => true,
            "late" => health.is_late(),
            "failing check" => !health.failing_checks().is_empty(),
            status => health.status.as_str() == status,
        };
        let is_free_or = |wanted: &String, holds: &dyn Fn() -> bool| wanted.is_empty() || holds();
        is_in_state
            && is_free_or(&self.group, &|| spec.group.as_ref() == Some(&self.group))
            && is_free_or(&self.kind, &|| spec.kinds.contains(&self.kind))
            && is_free_or(&self.owner, &|| spec.owners.contains(&self.owner))
            && is_free_or(&self.tag, &|| spec.tags.iter().any(|(key, value)| tag(key, value) == self.tag))
    }

    fn address(&self, page: usize) -> String {
        let query = serde_urlencoded::to_string(Self { page, ..self.clone() }).unwrap_or_default();
        format!("/assets?{query}")
    }
}

fn tag(key: &str, value: &str) -> String {
    if value.is_empty() { key.to_owned() } else { format!("{key}={value}") }
}

fn choices(graph: &AssetGraph, wanted: &CatalogQuery) -> [Choice; 5] {
    let specs = || graph.assets().iter().map(|asset| &asset.spec);
    let groups: BTreeSet<String> = specs().filter_map(|spec| spec.group.clone()).collect();
    let kinds: BTreeSet<String> = specs().flat_map(|spec| spec.kinds.clone()).collect();
    let owners: BTreeSet<String> = specs().flat_map(|spec| spec.owners.clone()).collect();
    let tags: BTreeSet<String> =
        specs().flat_map(|spec| spec.tags.iter().map(|(key, value)| tag(key, value))).collect();
    let choice = |name, chosen: &String, options: BTreeSet<String>| Choice {
        name,
        chosen: chosen.clone(),
        options: options.into_iter().collect(),
    };
    let states = AssetStatus::ALL.map(AssetStatus::as_str).into_iter().chain(BESIDES);
    let states = states.map(str::to_owned).collect();
    [
        Choice { name: "state", chosen: wanted.state.clone(), options: states },
        choice("group", &wanted.group, groups),
        choice("kind", &wanted.kind, kinds),
        choice("owner", &wanted.owner, owners),
        choice("tag", &wanted.tag, tags),
    ]
}

fn row(graph: &AssetGraph, statuses: &StatusSnapshot, asset: AssetIndex) -> Row {
    let (spec, health) = (&graph.assets()[asset].spec, statuses.of(asset));
    Row {
        key: spec.key.to_string(),
        group: spec.group.clone().unwrap_or_default(),
        kinds: spec.kinds.clone(),
        state: health.status.as_str(),
        because: health.reasons().join("; "),
        is_late: health.is_late(),
        failing_checks: health.failing_checks().iter().cloned().collect(),
        last: health.last_materialized_at.map(|at| at.to_string()).unwrap_or_default(),
        number: statuses.trend(asset).map(main_number::Shown::newest),
        spark: statuses.trend(asset).map(spark).unwrap_or_default(),
        description: spec.description.split("\n\n").next().unwrap_or_default().to_owned(),
    }
}
