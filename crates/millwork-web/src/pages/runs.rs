//! The list of runs.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use millwork_core::run::{RunId, RunStatus};
use millwork_storage::{RunQuery, RunRecord};
use serde::Deserialize;

use super::message::{page_error, rendered};
use super::words;
use crate::error::ApiError;
use crate::state::AppState;

/// So many runs are on a page.
const PAGE: u32 = 50;
const STATUSES: &[&str] = &["queued", "running", "canceling", "succeeded", "failed", "canceled", "lost"];

/// A run in a table.
pub(super) struct RunRow {
    pub(super) id: String,
    pub(super) short: String,
    pub(super) status: &'static str,
    pub(super) selection: String,
    pub(super) created_at: String,
    pub(super) took: String,
    pub(super) reason: String,
}

impl RunRow {
    pub(super) fn of(run: &RunRecord, now: Timestamp) -> Self {
        let took = run.started_at.map(|from| words::between(from, run.finished_at.unwrap_or(now)));
        Self {
            id: run.id.to_string(),
            short: run.id.short(),
            status: run.status.as_str(),
            selection: run.request.selection.clone(),
            created_at: run.created_at.to_string(),
            took: took.unwrap_or_default(),
            reason: run.reason.clone().unwrap_or_default(),
        }
    }
}

#[derive(Template)]
#[template(path = "runs.html")]
struct Runs {
    head: u64,
    statuses: &'static [&'static str],
    status: String,
    tag: String,
    runs: Vec<RunRow>,
    next: Option<String>,
}

impl Runs {
    fn current(&self) -> &'static str {
        "Runs"
    }
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    status: String,
    #[serde(default)]
    tag: String,
    before: Option<RunId>,
}

pub(super) async fn show(State(state): State<AppState>, Query(wanted): Query<Wanted>) -> Response {
    match load(&state, wanted).await {
        Ok(runs) => rendered(StatusCode::OK, &runs),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState, Wanted { status, tag, before }: Wanted) -> Result<Runs, ApiError> {
    let statuses = RunStatus::from_name(&status).into_iter().collect();
    let wanted = tag.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    let query = RunQuery { statuses, tag: wanted, before, limit: Some(PAGE), ..RunQuery::default() };
    let (found, now) = (state.store.runs(query).await?, state.clock.now());
    let is_full = found.len() == PAGE as usize;
    Ok(Runs {
        head: state.store.head().await?,
        statuses: STATUSES,
        status,
        tag,
        next: found.last().filter(|_| is_full).map(|run| run.id.to_string()),
        runs: found.iter().map(|run| RunRow::of(run, now)).collect(),
    })
}
