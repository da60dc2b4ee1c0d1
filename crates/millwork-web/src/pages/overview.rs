//! The overview: what goes on, what failed, what is new.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use millwork_core::event::EventBody;
use millwork_core::run::RunStatus;
use millwork_storage::{EventQuery, Order, RunQuery};

use super::message::{page_error, rendered};
use super::runs::RunRow;
use crate::error::ApiError;
use crate::state::AppState;

/// So many runs are shown.
const RUNS: u32 = 15;
/// So many open runs are counted.
const MOST_OPEN: u32 = 1_000;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    head: u64,
    running: usize,
    queued: usize,
    failed: usize,
    looked_at: usize,
    assets: usize,
    runs: Vec<RunRow>,
    made: Vec<Made>,
}

struct Made {
    asset: String,
    partition: String,
    at: String,
    version: String,
}

impl Overview {
    fn current(&self) -> &'static str {
        "Overview"
    }
}

pub(super) async fn show(State(state): State<AppState>) -> Response {
    match load(&state).await {
        Ok(overview) => rendered(StatusCode::OK, &overview),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState) -> Result<Overview, ApiError> {
    let now = state.clock.now();
    let recent = state.store.runs(RunQuery { limit: Some(100), ..RunQuery::default() }).await?;
    let statuses = vec![RunStatus::Queued, RunStatus::Running, RunStatus::Canceling];
    let open = state.store.runs(RunQuery { statuses, limit: Some(MOST_OPEN), ..RunQuery::default() }).await?;
    let queued = open.iter().filter(|run| run.status == RunStatus::Queued).count();
    let kinds = vec!["materialized"];
    let made = EventQuery { kinds, order: Order::NewestFirst, limit: Some(10), ..EventQuery::default() };
    let made = state.store.events(made).await?.into_iter().filter_map(|event| {
        let EventBody::Materialized(materialization) = event.body else { return None };
        Some(Made {
            asset: event.asset?.to_string(),
            partition: event.partition.map(|partition| format!("({partition})")).unwrap_or_default(),
            at: event.at.to_string(),
            version: materialization.data_version.to_string().chars().take(12).collect(),
        })
    });
    let is_bad = |status: RunStatus| matches!(status, RunStatus::Failed | RunStatus::Lost);
    Ok(Overview {
        head: state.store.head().await?,
        running: open.len() - queued,
        queued,
        failed: recent.iter().filter(|run| is_bad(run.status)).count(),
        looked_at: recent.len(),
        assets: state.pipeline.graph().assets().len(),
        runs: recent.iter().take(RUNS as usize).map(|run| RunRow::of(run, now)).collect(),
        made: made.collect(),
    })
}
