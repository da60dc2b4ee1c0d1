//! What can go wrong between the pipeline and the API.

use std::borrow::Cow;
use std::time::Duration;

use millwork::Advice;
use reqwest::StatusCode;

/// Why the newest stories couldn't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HackerNewsError {
    /// The variable isn't an address.
    #[error("`HACKER_NEWS_URL` is `{value}`, but {problem}")]
    InvalidUrl {
        /// What the variable holds.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The HTTP client couldn't be built.
    #[error("failed to set up the HTTP client for `{url}`")]
    Client {
        /// The base address.
        url: String,
        /// What the client says.
        source: reqwest::Error,
    },
    /// The first request, for the newest item's id, failed.
    #[error("failed to fetch the newest item's id from `{url}`")]
    NoNewestItem {
        /// The address that was asked.
        url: String,
        /// How the last attempt failed.
        source: RequestError,
    },
    /// More items failed than may.
    #[error(
        "gave up on `{url}` when {failed} of {requested} items ({share:.1} %) had failed after all attempts, where {limit:.1} % may"
    )]
    TooManyFailed {
        /// The base address.
        url: String,
        /// Items that failed until then.
        failed: usize,
        /// Items asked for.
        requested: usize,
        /// What failed, in percent of the items asked for.
        share: f64,
        /// What may fail, in percent.
        limit: f64,
        /// How the last item failed.
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

/// Why one request failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No connection, or it broke.
    #[error("failed to get an answer")]
    Connection {
        /// What the client says.
        source: reqwest::Error,
    },
    /// The attempt took too long.
    #[error("got no answer within {after:?}")]
    TimedOut {
        /// The longest that an attempt may take.
        after: Duration,
    },
    /// The server answered something else than 200.
    #[error("the server answered {status}{}", asked_to_wait(*.retry_after))]
    Status {
        /// The answer's status.
        status: StatusCode,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// The answer is larger than any of the API's.
    #[error("the server's answer is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes that are read of an answer.
        limit: usize,
    },
    /// The answer isn't the JSON that the API promises.
    #[error("the server's answer isn't what the API promises")]
    Json {
        /// What the parser says.
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

    /// How long the server asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn asked_to_wait(retry_after: Option<Duration>) -> String {
    retry_after.map(|wait| format!(" and asked to wait {wait:?}")).unwrap_or_default()
}
