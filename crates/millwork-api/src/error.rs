//! What is wrong, in one shape.

use serde::Serialize;
use utoipa::ToSchema;

/// An answer that is an error.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What is wrong.
    pub error: ErrorView,
}

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorView {
    /// Which kind of error it is.
    pub code: ErrorCode,
    /// What is wrong.
    pub message: String,
    /// What caused it, the nearest cause first.
    pub causes: Vec<String>,
    /// What to do about it; `null` where that isn't known.
    #[schema(required)]
    pub hint: Option<String>,
}

/// Which kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Arguments, names, parameters or a configuration are wrong.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// The path doesn't take this method.
    MethodNotAllowed,
    /// The body is too large.
    TooLarge,
    /// The token is missing or wrong.
    Unauthorized,
    /// The server doesn't answer for the host that the request names.
    UnknownHost,
    /// The request names no host, or several.
    InvalidHost,
    /// The request comes from another web site.
    CrossSite,
    /// The request took too long.
    Timeout,
    /// The store can't be read or written.
    Store,
    /// Any other answer that is an error.
    Error,
    /// Work that was rightly asked for failed; of the command line.
    Failed,
    /// The definitions don't fit together; of the command line.
    Definitions,
    /// The home can't be read or written; of the command line.
    Home,
    /// The result can't be written; of the command line.
    NotWritten,
}

impl ErrorBody {
    /// An error whose message and causes stand in one list, outermost first.
    pub fn new(code: ErrorCode, chain: &[String], hint: Option<String>) -> Self {
        let (message, causes) = match chain {
            [message, causes @ ..] => (message.clone(), causes.to_vec()),
            [] => (String::new(), Vec::new()),
        };
        Self { error: ErrorView { code, message, causes, hint } }
    }
}
