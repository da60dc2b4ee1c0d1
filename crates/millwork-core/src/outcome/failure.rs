//! Why a step failed, in a form that outlives the process.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::problem::with_hint;

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// The error and its causes, outermost first.
    pub chain: Vec<String>,
    /// What to do about it, if the error or one of its causes knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// For a panic, the place: file, line and column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The function returned an error.
    Error,
    /// The function panicked.
    Panic,
    /// The attempt took too long.
    Timeout,
    /// An input could not be loaded.
    Input,
    /// An output could not be stored.
    Output,
    /// A blocking check failed.
    Check,
}

impl Failure {
    /// A failure that is told in one sentence.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, chain: vec![message.into()], hint: None, location: None }
    }

    /// The failure with a remedy.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == FailureKind::Panic {
            f.write_str("panicked: ")?;
        }
        f.write_str(&with_hint(&self.chain.join(": "), self.hint.as_deref()))?;
        self.location.as_ref().map_or(Ok(()), |location| write!(f, " (at {location})"))
    }
}
