//! Why documents do not make a vocabulary.

use thiserror::Error;

/// Why a vectorizer could not be fitted or loaded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextError {
    /// Parameters lie outside their ranges.
    #[error("the vectorizer's parameters are invalid: {}", problems.join("; "))]
    Params {
        /// What is wrong with each.
        problems: Vec<String>,
    },
    /// There was nothing to fit on.
    #[error(
        "failed to fit a vocabulary on no documents; hint: check the upstream asset or the filter before it"
    )]
    NoDocuments,
    /// No document has a term.
    #[error(
        "failed to fit a vocabulary: none of the {documents} documents has a term; hint: by default a term is a run of at least two letters, digits or underscores, and no stop word"
    )]
    EmptyVocabulary {
        /// How many documents there were.
        documents: usize,
    },
    /// The bounds on a term's number of documents exclude each other.
    #[error(
        "failed to fit a vocabulary: of {documents} documents, `min_df` = {min_df} asks for more than `max_df` = {max_df} allows; hint: `1` is one document, `1.0` is every document"
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
    #[error(
        "failed to fit a vocabulary: `min_df` and `max_df` leave none of {terms} terms; hint: lower `min_df` or raise `max_df`"
    )]
    NothingLeft {
        /// How many terms there were.
        terms: usize,
    },
    /// A given term occurs in no document, so its weight would be infinite.
    #[error(
        "failed to weigh the term `{term}`, which is in no document; hint: set `smooth_idf` or leave the term out of `vocabulary`"
    )]
    InfiniteWeight {
        /// The term.
        term: String,
    },
    /// A stored vectorizer was written by a later version.
    #[error(
        "the stored vectorizer has version {version}, and this program reads version {supported}; hint: fit it again or update the program"
    )]
    Version {
        /// The version that was found.
        version: u32,
        /// The latest version that can be read.
        supported: u32,
    },
    /// A stored vectorizer contradicts itself.
    #[error("the stored vectorizer is damaged: {problem}; hint: fit it again")]
    Damaged {
        /// What is wrong with it.
        problem: &'static str,
    },
}
