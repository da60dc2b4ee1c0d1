//! What is wrong with a request, in one shape; and why the server can't start.

use std::io;
use std::net::SocketAddr;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use millwork_storage::StorageError;
use serde_json::json;
use thiserror::Error;

/// Why the API can't be served.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Anybody could reach it.
    #[error(
        "`{address}` can be reached from other machines, and there is no token; hint: set MILLWORK_TOKEN, or bind to 127.0.0.1"
    )]
    NoToken {
        /// The address.
        address: SocketAddr,
    },
    /// The token is too easy to guess.
    #[error(
        "the token has {length} characters and must have 16 or more; hint: `openssl rand -hex 16` makes one"
    )]
    ShortToken {
        /// How many it has.
        length: usize,
    },
    /// The address can't be had.
    #[error(
        "failed to listen on `{address}`; hint: choose another with `--address`, port 0 for any that is free"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// What is wrong with a request: `{"error": {"code": …, "message": …, "hint": …}}`.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// The status that says it.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// There is no such thing.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// The request makes no sense.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::UnknownRun { .. } => Self::not_found(error.to_string()),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store", error.to_string()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (message, hint) = match self.message.split_once("; hint: ") {
            Some((message, hint)) => (message, Some(hint)),
            None => (self.message.as_str(), None),
        };
        let body = json!({ "error": { "code": self.code, "message": message, "hint": hint } });
        (self.status, Json(body)).into_response()
    }
}
