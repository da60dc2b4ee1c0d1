//! Errors of requests, and errors of starting the server.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use millwork_api::{ErrorBody, ErrorCode, ErrorView, LookupError, NameError, VersionError};
use millwork_core::advice::{chain_of, hint_of};
use millwork_core::definitions::RequestError;
use millwork_core::model::OperationError;
use millwork_core::{Advice, ErrorClass, Problem};
use millwork_storage::{BackfillOperationError, ModelError, StorageError};
use thiserror::Error;

use crate::allowed_hosts::InvalidHost;
use crate::host::HostError;
use crate::server::LARGEST_BODY;

/// An error of starting the server.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address can be reached from other machines, and there is no token.
    #[error("`{address}` can be reached from other machines, and there is no token")]
    NoToken {
        /// The address to listen on.
        address: SocketAddr,
    },
    /// The token is too short.
    #[error("the token has {length} characters and must have 16 or more")]
    ShortToken {
        /// The number of its characters.
        length: usize,
    },
    /// The token can't be sent in a header.
    #[error("the token can't be sent in a header: it has {has}")]
    UnsendableToken {
        /// The part of it that can't be sent.
        has: &'static str,
    },
    /// An allowed host is invalid.
    #[error(transparent)]
    InvalidHost(#[from] InvalidHost),
    /// The address can't be bound.
    #[error("failed to listen on `{address}`")]
    Bind {
        /// The address to listen on.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
}

/// What to do about an address that can't be listened on; `None` if another port is the remedy.
pub fn listen_hint(kind: io::ErrorKind) -> Option<&'static str> {
    if kind == io::ErrorKind::AddrNotAvailable {
        Some("give an address of this machine; 0.0.0.0 is all of them")
    } else if kind == io::ErrorKind::PermissionDenied {
        Some("ports below 1024 need a privilege; choose another with `--port`")
    } else {
        None
    }
}

impl Advice for ServeError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NoToken { .. } => "set MILLWORK_TOKEN, or bind to 127.0.0.1".into(),
            Self::ShortToken { .. } | Self::UnsendableToken { .. } => {
                "generate one with `openssl rand -hex 16`".into()
            }
            Self::InvalidHost(error) => return error.hint(),
            Self::Bind { source, .. } => {
                let hint = listen_hint(source.kind());
                hint.unwrap_or("choose another with `--port`, or 0 for any free port").into()
            }
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

/// An error of a request, answered as an [`ErrorBody`]. It goes with the answer as an
/// extension, so that [`one_shape`](crate::one_shape::one_shape) can show it as a page.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: ErrorCode,
    problem: Problem,
    causes: Vec<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: ErrorCode, problem: impl Into<Problem>) -> Self {
        Self { status, code, problem: problem.into(), causes: Vec::new() }
    }

    /// An error with its causes and the hint that the command line has for it: its own, or that of the nearest cause.
    fn of<E: Advice + 'static>(status: StatusCode, code: ErrorCode, error: &E) -> Self {
        let mut chain = chain_of(error).into_iter();
        let mut problem = Problem::new(chain.next().unwrap_or_default());
        if let Some(hint) = error.hint().map(Cow::into_owned).or_else(|| hint_of(error)) {
            problem = problem.with_hint(hint);
        }
        Self { causes: chain.collect(), ..Self::new(status, code, problem) }
    }

    /// The HTTP status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The message and the hint as sentences of a page.
    pub(crate) fn sentences(&self) -> String {
        let hint = self.problem.hint().map_or(String::new(), |hint| format!(". {hint}"));
        format!("{}{hint}", self.problem)
    }

    /// A path or object that doesn't exist.
    pub(crate) fn not_found(problem: impl Into<Problem>) -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, problem)
    }

    /// An invalid request.
    pub(crate) fn invalid(problem: impl Into<Problem>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::Invalid, problem)
    }

    /// A body that is too large.
    pub(crate) fn too_large() -> Self {
        let message = format!("the body is larger than {} KiB", LARGEST_BODY / 1024);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, message)
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            _ => Self::invalid(as_fragment(&rejection.body_text())),
        }
    }
}

/// The error text of a library in the form of ours: a lowercase fragment without a full stop.
pub(crate) fn as_fragment(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        let (status, code) = match error {
            StorageError::UnknownRun { .. } | StorageError::UnknownVersion { .. } => {
                (StatusCode::NOT_FOUND, ErrorCode::NotFound)
            }
            StorageError::AliasElsewhere { .. }
            | StorageError::AlreadyDecided { .. }
            | StorageError::NameTaken { .. }
            | StorageError::WorksWithOldName { .. } => (StatusCode::CONFLICT, ErrorCode::Conflict),
            StorageError::Unstorable { .. } | StorageError::NotClaimable { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::Invalid)
            }
            StorageError::Fenced { .. }
            | StorageError::AlreadySucceeded { .. }
            | StorageError::DuplicateRun { .. }
            | StorageError::VersionTaken { .. }
            | StorageError::Home { .. }
            | StorageError::Database { .. }
            | StorageError::FullDisk { .. }
            | StorageError::ReadOnly { .. }
            | StorageError::UnknownStore { .. }
            | StorageError::HomeIsUrl { .. }
            | StorageError::UnusableHome { .. }
            | StorageError::OfOthers { .. }
            | StorageError::Unreadable { .. }
            | StorageError::TooNew { .. } => (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Store),
        };
        Self::of(status, code, &error)
    }
}

impl From<BackfillOperationError> for ApiError {
    fn from(error: BackfillOperationError) -> Self {
        let (status, code) = match error {
            BackfillOperationError::Unknown { .. } => (StatusCode::NOT_FOUND, ErrorCode::NotFound),
            BackfillOperationError::Refused(_) => (StatusCode::CONFLICT, ErrorCode::Conflict),
        };
        Self::of(status, code, &error)
    }
}

impl From<VersionError> for ApiError {
    fn from(error: VersionError) -> Self {
        if let VersionError::Store(error) = error {
            return error.into();
        }
        if let VersionError::Unreadable { .. } = error {
            return Self::of(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Store, &error);
        }
        match error.is_missing() {
            true => Self::of(StatusCode::NOT_FOUND, ErrorCode::NotFound, &error),
            false => Self::of(StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::Invalid, &error),
        }
    }
}

impl From<ModelError> for ApiError {
    fn from(error: ModelError) -> Self {
        let (status, code) = match error {
            ModelError::Store(error) => return error.into(),
            ModelError::Overtaken { .. } | ModelError::Answered { .. } => {
                (StatusCode::CONFLICT, ErrorCode::Conflict)
            }
            ModelError::Operation(OperationError::NoVersion { .. } | OperationError::NoAlias { .. }) => {
                (StatusCode::NOT_FOUND, ErrorCode::NotFound)
            }
            ModelError::Operation(
                OperationError::AlreadyThere { .. }
                | OperationError::InUse { .. }
                | OperationError::AlreadyRejected { .. }
                | OperationError::Reserved { .. }
                | OperationError::NothingBefore { .. }
                | OperationError::NotStored { .. }
                | OperationError::NotAsked { .. }
                | OperationError::NotInShadow { .. }
                | OperationError::NoneInShadow { .. }
                | OperationError::NeverThere { .. }
                | OperationError::ValueRemoved { .. },
            ) => (StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::Invalid),
        };
        Self::of(status, code, &error)
    }
}

impl From<HostError> for ApiError {
    fn from(HostError { class, problem }: HostError) -> Self {
        match class {
            ErrorClass::Usage | ErrorClass::Definitions => Self::invalid(problem),
            ErrorClass::Failed | ErrorClass::Home => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Store, problem)
            }
        }
    }
}

impl From<LookupError> for ApiError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Unknown { .. } => Self::not_found(&error),
            LookupError::Ambiguous { .. } => Self::invalid(&error),
            LookupError::Store(error) => error.into(),
        }
    }
}

impl From<NameError> for ApiError {
    fn from(error: NameError) -> Self {
        if error.is_missing() { Self::not_found(&error) } else { Self::invalid(&error) }
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        let (status, code) = match error {
            RequestError::UnknownJob { .. } => (StatusCode::NOT_FOUND, ErrorCode::NotFound),
            RequestError::Selection(_)
            | RequestError::AssetIsGone { .. }
            | RequestError::Partitions { .. }
            | RequestError::TwicePartitioned { .. }
            | RequestError::Plan(_)
            | RequestError::Config(_)
            | RequestError::Tag(_) => (StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::Invalid),
        };
        Self::of(status, code, &error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let message = self.problem.to_string();
        let hint = self.problem.hint().map(Cow::into_owned);
        let error = ErrorView { code: self.code, message, causes: self.causes.clone(), hint };
        let mut response = (self.status, Json(ErrorBody { error })).into_response();
        response.extensions_mut().insert(self);
        response
    }
}
