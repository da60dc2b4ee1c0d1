//! Errors of fitting a vocabulary and of stored vectorizers.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

/// Why a vectorizer could not be fitted or loaded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextError {
    /// Parameters lie outside their ranges.
    #[error("the vectorizer's parameters are invalid: {}", problems.join("; "))]
    Params {
        /// One reason for each.
        problems: Vec<String>,
    },
    /// There was nothing to fit on.
    #[error("failed to fit a vocabulary on no documents")]
    NoDocuments,
    /// No document has a term.
    #[error("failed to fit a vocabulary: none of the {documents} documents has a term")]
    EmptyVocabulary {
        /// How many documents there were.
        documents: usize,
    },
    /// The bounds on a term's number of documents exclude each other.
    #[error(
        "failed to fit a vocabulary: of {documents} documents, `min_df` = {min_df} asks for more than `max_df` = {max_df} allows"
    )]
    DocumentFrequencyRange {
        /// How many documents there were.
        documents: u64,
        /// The lower bound, as given.
        min_df: String,
        /// The upper bound, as given.
        max_df: String,
    },
    /// Every term is too rare or too frequent.
    #[error("failed to fit a vocabulary: `min_df` and `max_df` leave none of {terms} terms")]
    NothingLeft {
        /// How many terms there were.
        terms: usize,
    },
    /// A given term occurs in no document, so its weight would be infinite.
    #[error("failed to weigh the term `{term}`, which is in no document")]
    InfiniteWeight {
        /// The term that is in no document.
        term: String,
    },
    /// A stored vectorizer was written by a later version.
    #[error("the stored vectorizer has version {version}, and this program reads version {supported}")]
    Version {
        /// The version that was found.
        version: u32,
        /// The latest version that can be read.
        supported: u32,
    },
    /// A stored vectorizer has a token pattern whose meaning has changed since.
    #[error(
        "the stored vectorizer has the token pattern `{pattern}`, which an earlier version read as Python's `re` does"
    )]
    EarlierPattern {
        /// The regular expression.
        pattern: String,
    },
    /// A stored vectorizer contradicts itself.
    #[error("the stored vectorizer is damaged: {problem}")]
    Damaged {
        /// The reason why it is invalid.
        problem: &'static str,
    },
}

impl Advice for TextError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NoDocuments => "check the upstream asset or the filter before it".into(),
            Self::EmptyVocabulary { .. } => {
                "by default a term is a run of at least two letters, digits or underscores, and no stop word"
                    .into()
            }
            Self::DocumentFrequencyRange { .. } => "`1` is one document, `1.0` is every document".into(),
            Self::NothingLeft { .. } => "lower `min_df` or raise `max_df`".into(),
            Self::InfiniteWeight { .. } => "set `smooth_idf` or leave the term out of `vocabulary`".into(),
            Self::Version { .. } => "fit it again or update the program".into(),
            Self::EarlierPattern { .. } => {
                "fit it again: but for runs of word characters, a token pattern is one of the `regex` crate now".into()
            }
            Self::Damaged { .. } => "fit it again".into(),
            Self::Params { .. } => return None,
        })
    }
}
