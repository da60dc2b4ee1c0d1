//! Errors between the pipeline and the API.

use std::borrow::Cow;
use std::time::Duration;

use millwork::Advice;
use reqwest::StatusCode;

/// The reason why the newest stories couldn't be fetched.
#[derive(Debug, thiserror::Error)]
pub enum HackerNewsError {
    /// The variable isn't an address.
    #[error("`HACKER_NEWS_URL` is `{value}`, but {problem}")]
    InvalidUrl {
        /// The value of the variable.
        value: String,
        /// What is wrong with the value.
        problem: String,
    },
    /// The HTTP client couldn't be built.
    #[error("failed to set up the HTTP client for `{url}`")]
    Client {
        /// The base address.
        url: String,
        /// The error of the client.
        source: reqwest::Error,
    },
    /// The first request, for the newest item's id, failed.
    #[error("failed to fetch the newest item's id from `{url}`")]
    NoNewestItem {
        /// The address of the request.
        url: String,
        /// The error of the last attempt.
        source: RequestError,
    },
    /// More items failed than the limit allows.
    #[error(
        "gave up on `{url}` when {failed} of {requested} items ({share:.1} %) had failed after all attempts, where {limit:.1} % may"
    )]
    TooManyFailed {
        /// The base address.
        url: String,
        /// The number of items that failed until then.
        failed: usize,
        /// The number of requested items.
        requested: usize,
        /// The share that failed, in percent of the requested items.
        share: f64,
        /// The share that may fail, in percent.
        limit: f64,
        /// The error of the last item that failed.
        source: RequestError,
    },
}

impl Advice for HackerNewsError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::InvalidUrl { .. } => "use `live`, an address like `http://127.0.0.1:8765/v0`, or unset it to use the embedded sample".into(),
            Self::NoNewestItem { .. } => "check that the server runs and that `HACKER_NEWS_URL` is right (it ends in `/v0`), or unset it to use the embedded sample".into(),
            Self::TooManyFailed { .. } => "try again later, or raise the limit if gaps are acceptable".into(),
            Self::Client { .. } => return None,
        })
    }
}

/// The reason why one request failed.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The connection failed or was closed.
    #[error("failed to get an answer")]
    Connection {
        /// The error of the client.
        source: reqwest::Error,
    },
    /// The attempt exceeded its time limit.
    #[error("got no answer within {after:?}")]
    TimedOut {
        /// The time limit of an attempt.
        after: Duration,
    },
    /// The server answered with another status than 200.
    #[error("the server answered {status}{}", asked_to_wait(*.retry_after))]
    Status {
        /// The status of the answer.
        status: StatusCode,
        /// How long the server asks to wait; `None` if it doesn't.
        retry_after: Option<Duration>,
    },
    /// The answer is larger than any answer of the API.
    #[error("the server's answer is larger than {limit} bytes")]
    TooLarge {
        /// The maximum size of an answer, in bytes.
        limit: usize,
    },
    /// The answer isn't the JSON that the API documents.
    #[error("the server's answer isn't what the API promises")]
    Json {
        /// The error of the parser.
        source: serde_json::Error,
    },
}

impl RequestError {
    /// Whether the same request may succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Connection { .. } | Self::TimedOut { .. } | Self::Json { .. } => true,
            Self::TooLarge { .. } => false,
            Self::Status { status, .. } => {
                status.is_server_error()
                    || matches!(*status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
            }
        }
    }

    /// How long the server asks to wait; `None` if it doesn't.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Connection { .. } | Self::TimedOut { .. } | Self::TooLarge { .. } | Self::Json { .. } => {
                None
            }
        }
    }
}

fn asked_to_wait(retry_after: Option<Duration>) -> String {
    retry_after.map(|wait| format!(" and asked to wait {wait:?}")).unwrap_or_default()
}
