//! Downloads of stored values, and images of metadata. Their headers keep a browser from running any of their content.

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use millwork_core::MetadataValue;
use millwork_core::event::{Event, EventBody};
use millwork_storage::EventQuery;
use serde::Deserialize;

use super::super::message::page_error;
use crate::error::ApiError;
use crate::state::AppState;

/// The policy of foreign content: it may be displayed, but run no script and load no resource.
const SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The media types that are shown as images.
const PICTURES: [&str; 6] =
    ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/svg+xml"];

/// The stored form of a value, by the number of its event.
pub(in super::super) async fn download(State(state): State<AppState>, Path(sequence): Path<u64>) -> Response {
    match stored(&state, sequence).await {
        Ok((event, bytes)) => {
            let (key, format) = name(&event);
            let file = format!("attachment; filename=\"{key}-{sequence}.{format}\"");
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
                (header::CONTENT_DISPOSITION, file),
                (header::CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
            ];
            (headers, bytes).into_response()
        }
        Err(error) => page_error(&error),
    }
}

async fn stored(state: &AppState, sequence: u64) -> Result<(Event, Vec<u8>), ApiError> {
    let event = event(state, sequence).await?;
    let bytes = state.host.stored_form(event.clone()).await;
    bytes.map(|bytes| (event, bytes)).map_err(|error| ApiError::not_found(error.to_string()))
}

/// A file name of characters that are valid on every system.
fn name(event: &Event) -> (String, String) {
    let plain = |text: &str| -> String {
        text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
    };
    let format = if let EventBody::Materialized(made) = &event.body {
        plain(&made.stored.format)
    } else {
        "bin".to_owned()
    };
    (plain(event.asset.as_ref().map_or("value", |asset| asset.as_str())), format)
}

#[derive(Deserialize)]
pub(in super::super) struct ImageQuery {
    label: String,
}

/// An image of an event's metadata.
pub(in super::super) async fn picture(
    State(state): State<AppState>,
    Path(sequence): Path<u64>,
    Query(wanted): Query<ImageQuery>,
) -> Response {
    let event = match event(&state, sequence).await {
        Ok(event) => event,
        Err(error) => return page_error(&error),
    };
    let value = event.body.metadata().and_then(|metadata| metadata.get(&wanted.label));
    let Some(MetadataValue::Image(image)) = value else {
        return page_error(&ApiError::not_found("the event has no such image"));
    };
    let Some(media_type) = PICTURES.iter().find(|known| **known == image.media_type) else {
        return page_error(&ApiError::invalid(format!("`{}` is not shown as an image", image.media_type)));
    };
    let headers = [
        (header::CONTENT_TYPE, *media_type),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ];
    (headers, image.bytes.clone()).into_response()
}

async fn event(state: &AppState, sequence: u64) -> Result<Event, ApiError> {
    let query = EventQuery {
        after: Some(sequence.saturating_sub(1)),
        before: Some(sequence.saturating_add(1)),
        limit: Some(1),
        ..EventQuery::default()
    };
    let event = state.store.events(query).await?.pop();
    event.ok_or_else(|| ApiError::not_found(format!("there is no event {sequence}")))
}
