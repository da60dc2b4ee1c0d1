//! Forms of our pages: each carries a token that other sites can't know.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_api::ErrorCode;
use millwork_core::Problem;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::message::page_error;
use crate::error::ApiError;

static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let mut random = [0; 32];
    getrandom::fill(&mut random).expect("the system has random numbers");
    blake3::hash(&random).to_hex().to_string()
});

/// The token that the forms of this process carry.
pub(crate) fn form_token() -> &'static str {
    &TOKEN
}

/// A form whose token is valid.
pub(super) struct OwnForm<T>(pub(super) T);

#[derive(Deserialize)]
struct Carried {
    #[serde(default)]
    form_token: String,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for OwnForm<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let invalid = |error: &dyn std::fmt::Display| page_error(&ApiError::invalid(error.to_string()));
        let body = Bytes::from_request(request, state);
        let body = body.await.map_err(|error: BytesRejection| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => page_error(&ApiError::too_large()),
            _ => invalid(&error),
        })?;
        let carried: Carried = serde_urlencoded::from_bytes(&body).map_err(|error| invalid(&error))?;
        if blake3::hash(carried.form_token.as_bytes()) != blake3::hash(TOKEN.as_bytes()) {
            let message = "the form is not from a page of this server, or from one that it showed before it was \
                           restarted";
            let problem = Problem::new(message).with_hint("go back, load the page again, and try once more");
            return Err(page_error(&ApiError::new(StatusCode::FORBIDDEN, ErrorCode::Invalid, problem)));
        }
        serde_urlencoded::from_bytes(&body).map(Self).map_err(|error| invalid(&error))
    }
}
