//! The event log, in pages and as a stream.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event as SseEvent, KeepAlive};
use futures::stream::{self, Stream};
use millwork_api::{ErrorBody, EventPage, EventView};
use millwork_core::run::RunId;
use millwork_storage::EventQuery;
use serde::Deserialize;
use utoipa::IntoParams;

use super::limit::Limit;
use super::runs::one;
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum number of events on a page.
const LARGEST_PAGE: u32 = 1_000;

/// The interval at which a stream polls for new events.
const BEAT: Duration = Duration::from_millis(100);

/// The events to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EventPageQuery {
    /// Only events after this sequence number.
    after: Option<u64>,
    /// Only events of this run: its id, or the beginning or end of it.
    run: Option<String>,
    /// Maximum number of events, 200 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit<200, LARGEST_PAGE>,
}

/// The events of a stream.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EventStreamQuery {
    /// Only events after this sequence number; `Last-Event-ID` takes precedence.
    after: Option<u64>,
    /// Only events of this run: its id, or the beginning or end of it.
    run: Option<String>,
}

/// Events, oldest first; `next` is the value of `after` for the next page.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events", params(EventPageQuery),
    responses(
        (status = 200, description = "Events, oldest first", body = EventPage),
        (status = 404, description = "No run has this id", body = ErrorBody),
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Query(wanted): Query<EventPageQuery>,
) -> Result<Json<EventPage>, ApiError> {
    let run = run(&state, wanted.run.as_deref()).await?;
    let limit = wanted.limit.rows();
    let query = EventQuery { run, after: wanted.after, limit: Some(limit), ..EventQuery::default() };
    let events = state.store.events(query).await?;
    let next = events.last().map_or(wanted.after, |event| Some(event.sequence));
    Ok(Json(EventPage { events: events.into_iter().map(Into::into).collect(), next }))
}

/// Events as they are committed, as server-sent events whose ids are sequence numbers: a client that reconnects with `Last-Event-ID`
/// misses none.
#[utoipa::path(
    get, path = "/api/v1/events/stream", tag = "events", params(EventStreamQuery),
    responses(
        (
            status = 200, description = "Events as they are committed, as server-sent events",
            body = String, content_type = "text/event-stream",
        ),
        (status = 404, description = "No run has this id", body = ErrorBody),
    )
)]
pub(super) async fn stream(
    State(state): State<AppState>,
    Query(wanted): Query<EventStreamQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, ApiError> {
    let run = run(&state, wanted.run.as_deref()).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let cursor = last.or(wanted.after).unwrap_or(0);
    let events = stream::unfold(
        (state, cursor, Vec::new().into_iter()),
        move |(state, mut cursor, mut page)| async move {
            loop {
                if let Some(event) = page.next() {
                    let event = EventView::from(event);
                    cursor = event.sequence;
                    return Some((Ok(sent(&event)), (state, cursor, page)));
                }
                let query = EventQuery {
                    run,
                    after: Some(cursor),
                    limit: Some(LARGEST_PAGE),
                    ..EventQuery::default()
                };
                // After a transient error the store is read again.
                page = state.store.events(query).await.unwrap_or_default().into_iter();
                if page.len() == 0 {
                    tokio::time::sleep(BEAT).await;
                }
            }
        },
    );
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

fn sent(event: &EventView) -> SseEvent {
    let data = serde_json::to_string(event).unwrap_or_default();
    SseEvent::default().id(event.sequence.to_string()).event(event.body.name()).data(data)
}

async fn run(state: &AppState, id: Option<&str>) -> Result<Option<RunId>, ApiError> {
    match id {
        Some(id) => Ok(Some(one(state, id).await?.id)),
        None => Ok(None),
    }
}
