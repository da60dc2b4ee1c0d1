//! The one form of an error in answers of the API and on the command line.

use serde::Serialize;
use utoipa::ToSchema;

/// The body of an error response.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorView,
}

/// An error with its causes and a hint.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorView {
    /// The kind of the error.
    pub code: ErrorCode,
    /// The error message.
    pub message: String,
    /// The causes of the error, the nearest first.
    pub causes: Vec<String>,
    /// The remedy; `null` if it isn't known.
    #[schema(required)]
    pub hint: Option<String>,
}

/// The kind of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Arguments, names, parameters or a configuration are invalid.
    Invalid,
    /// The path, asset, run, job or other object doesn't exist.
    NotFound,
    /// Somebody else was first: the version in use is another one by now.
    Conflict,
    /// The path doesn't take this method.
    MethodNotAllowed,
    /// The body is too large.
    TooLarge,
    /// The token is missing or wrong.
    Unauthorized,
    /// The request names a host that isn't allowed.
    UnknownHost,
    /// The request names no host, or several.
    InvalidHost,
    /// The request comes from another web site.
    CrossSite,
    /// The request took too long.
    Timeout,
    /// The store can't be read or written.
    Store,
    /// Any other error response.
    Error,
    /// The requested work failed; on the command line only.
    Failed,
    /// The definitions are invalid; on the command line only.
    Definitions,
    /// The home can't be read or written; on the command line only.
    Home,
    /// The result can't be written; on the command line only.
    NotWritten,
}

impl ErrorBody {
    /// An error from its message and causes in one list, outermost first.
    pub fn new(code: ErrorCode, chain: &[String], hint: Option<String>) -> Self {
        let (message, causes) = match chain {
            [message, causes @ ..] => (message.clone(), causes.to_vec()),
            [] => (String::new(), Vec::new()),
        };
        Self { error: ErrorView { code, message, causes, hint } }
    }
}
