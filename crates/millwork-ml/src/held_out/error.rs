//! Errors of checking held-out rows.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

use crate::held_out::Overlap;

/// Why held-out rows can't judge a model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeldOutError {
    /// The model was fitted on some of the rows.
    #[error("the model was fitted on {0}")]
    Fitted(Overlap),
    /// The record of a model's rows can't be read.
    #[error("the attribute `{attribute}` is damaged: {problem}")]
    Damaged {
        /// The attribute of the model file.
        attribute: &'static str,
        /// The reason why it is invalid.
        problem: &'static str,
    },
}

impl Advice for HeldOutError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Fitted(_) => {
                "judge the model on rows that no training has used: split by key, or by time".into()
            }
            Self::Damaged { .. } => "train the model again, or remove the attribute from its file".into(),
        })
    }
}
