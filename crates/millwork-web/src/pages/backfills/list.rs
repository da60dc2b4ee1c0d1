//! The list of backfills.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_api::BackfillView;
use millwork_core::id::BackfillId;
use millwork_storage::BackfillQuery;
use serde::Deserialize;

use super::Counts;
use crate::error::ApiError;
use crate::pages::message::{page_error, rendered};
use crate::state::AppState;

/// The maximum number of backfills on a page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "backfills.html")]
struct Backfills {
    head: u64,
    /// Whether it is the page of the newest.
    is_first: bool,
    rows: Vec<Row>,
    next: Option<u64>,
}

struct Row {
    number: u64,
    status: String,
    selection: String,
    counts: Counts,
    created_at: String,
}

impl Backfills {
    fn current(&self) -> &'static str {
        "Backfills"
    }
}

#[derive(Deserialize)]
pub(crate) struct Page {
    before: Option<u64>,
}

pub(crate) async fn show(State(state): State<AppState>, Query(page): Query<Page>) -> Response {
    match load(&state, page).await {
        Ok(backfills) => rendered(StatusCode::OK, &backfills),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState, Page { before }: Page) -> Result<Backfills, ApiError> {
    let (is_first, before) = (before.is_none(), before.map(BackfillId::new));
    let head = state.store.head().await?;
    let found = state.store.backfills(BackfillQuery { open_only: false, before, limit: Some(PAGE) }).await?;
    let is_full = found.len() == PAGE as usize;
    let next = found.last().filter(|_| is_full).map(|last| last.id.number());
    let row = |record| {
        let BackfillView { backfill, status, selection, counts, tags: _, created_at, changed_at: _ } =
            BackfillView::from(record);
        let (status, created_at) = (status.to_string(), created_at.to_string());
        Row { number: backfill.number(), status, selection, counts: Counts::new(&counts), created_at }
    };
    Ok(Backfills { head, is_first, rows: found.into_iter().map(row).collect(), next })
}
