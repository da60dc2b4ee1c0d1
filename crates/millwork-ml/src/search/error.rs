//! Errors of a search.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

/// Why a search cannot be made, or finds nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// There is no such parameter.
    #[error("there is no parameter `{parameter}`")]
    UnknownParameter {
        /// What was asked for.
        parameter: String,
        /// The parameters at that place.
        known: String,
    },
    /// A parameter is searched twice, or has nothing to choose from.
    #[error("the distribution of `{parameter}` is invalid: {reason}")]
    Distribution {
        /// The name of the parameter.
        parameter: String,
        /// The reason why it is invalid.
        reason: String,
    },
    /// A grid has to choose among values.
    #[error("`{parameter}` is a range, and a grid needs values")]
    NotAGrid {
        /// The name of the parameter.
        parameter: String,
    },
    /// Values do not make parameters.
    #[error("the parameters {values} are invalid")]
    Params {
        /// The values of the searched parameters, as JSON.
        values: String,
        /// The reason why they are invalid.
        source: serde_json::Error,
    },
    /// The search has no candidates.
    #[error("there are no candidates to try")]
    NoCandidates,
    /// The search has too many candidates.
    #[error("there are {count} combinations of parameters to try, and a search has {most} at most")]
    TooManyCandidates {
        /// How many there are; `usize::MAX` for more than that.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// The resources of a halving do not ascend.
    #[error("successive halving from {from} to {to} by {factor} is impossible")]
    Halving {
        /// The resource of the first round.
        from: usize,
        /// The resource of the last round.
        to: usize,
        /// What the resource is multiplied by.
        factor: usize,
    },
    /// No trial has a score.
    #[error("all {trials} trials failed; the first one: {first}")]
    AllFailed {
        /// How many there were.
        trials: usize,
        /// Why the first one failed.
        first: String,
    },
    /// The search was canceled before a trial had a score.
    #[error("the search was canceled before its first trial ended")]
    Canceled,
    /// Threads could not be started.
    #[error("failed to start the threads of the search")]
    Threads(#[from] std::io::Error),
}

impl Advice for SearchError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::UnknownParameter { known, .. } => format!("there are {known}").into(),
            Self::NotAGrid { .. } => "list them with `choices`, or search at random".into(),
            Self::NoCandidates => "ask for at least one trial, and give every parameter a value".into(),
            Self::TooManyCandidates { .. } => "search at random, or with fewer values".into(),
            Self::Halving { .. } => {
                "`from` is 1 or above, `to` at least that, and `factor` 2 or above".into()
            }
            Self::Distribution { .. }
            | Self::Params { .. }
            | Self::AllFailed { .. }
            | Self::Canceled
            | Self::Threads(..) => return None,
        })
    }
}
