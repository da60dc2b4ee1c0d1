//! Why a model file can't be read or written.

use thiserror::Error;

/// Why a model file can't be read or written.
#[derive(Debug, Error)]
pub enum FileError {
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// It isn't JSON.
    #[error("it is not XGBoost's JSON")]
    Json(#[from] serde_json::Error),
    /// It isn't UBJSON.
    #[error("it is not XGBoost's UBJSON: {reason} at byte {position}")]
    Ubjson {
        /// What is wrong.
        reason: &'static str,
        /// Where; the first byte is 0.
        position: usize,
    },
    /// Another format than the expected one.
    #[error("it is {found}, not {expected}")]
    OtherFormat {
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A model that XGBoost knows and this crate doesn't.
    #[error("it has {what}, which is not supported")]
    Unsupported {
        /// What it has.
        what: String,
    },
    /// Something of the model is missing or not as it must be.
    #[error("`{field}` {problem}")]
    Field {
        /// Where it stands, from the learner on.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A tree is none.
    #[error("tree {tree} is not valid: {problem}")]
    Tree {
        /// Which; the first is 0.
        tree: usize,
        /// What is wrong with it.
        problem: String,
    },
}

impl FileError {
    pub(super) fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { field, problem: problem.into() }
    }
}
