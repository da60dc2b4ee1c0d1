//! The search of the command palette: pages, assets and runs.

use axum::Json;
use axum::extract::{Query, State};
use millwork_storage::RunQuery;
use serde::{Deserialize, Serialize};

use super::navigation::{NavigationLink, navigation};
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum number of assets, and of runs, in the results.
const ASSETS: usize = 12;
const RUNS: u32 = 5;

/// A result: the page of an asset or run, or a page of the navigation.
#[derive(Serialize)]
pub(super) struct Found {
    title: String,
    kind: String,
    path: String,
}

#[derive(Deserialize)]
pub(super) struct PaletteQuery {
    #[serde(default)]
    q: String,
}

pub(super) async fn find(
    State(state): State<AppState>,
    Query(wanted): Query<PaletteQuery>,
) -> Result<Json<Vec<Found>>, ApiError> {
    let query = wanted.q.trim().to_lowercase();
    let page = |(path, name): NavigationLink| Found {
        title: name.to_owned(),
        kind: "page".to_owned(),
        path: path.to_owned(),
    };
    let pages = navigation().filter(|(_, name)| name.to_lowercase().contains(&query)).map(page);
    let mut found: Vec<Found> = pages.collect();
    found.extend(assets(&state, &query));
    // An id is written in hexadecimal digits and hyphens; a few letters could mean anything.
    let may_be_run = query.len() >= 4 && query.chars().all(|char| char.is_ascii_hexdigit() || char == '-');
    if query.is_empty() || may_be_run {
        let id_part = may_be_run.then_some(query);
        let runs = state.store.runs(RunQuery { id_part, limit: Some(RUNS), ..RunQuery::default() }).await?;
        found.extend(runs.into_iter().map(|run| Found {
            title: format!(
                "{} {}",
                run.id.short(),
                run.request.selection.chars().take(60).collect::<String>()
            ),
            kind: format!("run, {}", run.status),
            path: format!("/runs/{}", run.id),
        }));
    }
    Ok(Json(found))
}

/// Assets whose keys begin with the text come first, then those that contain it.
fn assets(state: &AppState, query: &str) -> Vec<Found> {
    let graph = state.pipeline.graph();
    let mut matching: Vec<(usize, usize, &str)> = graph
        .assets()
        .iter()
        .filter_map(|asset| {
            let key = asset.spec.key.as_str();
            let at = key.to_lowercase().find(query)?;
            Some((at, key.len(), key))
        })
        .collect();
    matching.sort_unstable();
    let found = matching.into_iter().take(ASSETS).map(|(.., key)| Found {
        title: key.to_owned(),
        kind: "asset".to_owned(),
        path: format!("/assets/{key}"),
    });
    found.collect()
}
