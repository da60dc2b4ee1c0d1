//! Errors of reading or writing a model file.

use thiserror::Error;

/// Why a model file can't be read or written.
#[derive(Debug, Error)]
pub enum FileError {
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// The file is not valid JSON.
    #[error("it is not XGBoost's JSON")]
    Json(#[from] serde_json::Error),
    /// The file is not valid UBJSON.
    #[error("it is not XGBoost's UBJSON: {reason} at byte {position}")]
    Ubjson {
        /// The reason.
        reason: &'static str,
        /// Where; the first byte is 0.
        position: usize,
    },
    /// Another format than the expected one.
    #[error("it is {found}, not {expected}")]
    OtherFormat {
        /// The format of the file.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A model that XGBoost knows and this crate doesn't.
    #[error("it has {what}, which is not supported")]
    Unsupported {
        /// The unsupported feature of the model.
        what: String,
    },
    /// Something of the model is missing or not as it must be.
    #[error("`{field}` {problem}")]
    Field {
        /// Its path in the file, from the learner on.
        field: &'static str,
        /// The reason why it is invalid.
        problem: String,
    },
    /// A tree is none.
    #[error("tree {tree} is not valid: {problem}")]
    Tree {
        /// Which; the first is 0.
        tree: usize,
        /// The reason why it is invalid.
        problem: String,
    },
}

impl FileError {
    pub(super) fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { field, problem: problem.into() }
    }
}
