//! Why documents do not make a vocabulary.

use thiserror::Error;

/// Why a vectorizer could not be fitted or loaded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextError {
    /// There was nothing to fit on.
    #[error(
        "failed to fit a vocabulary on no documents; hint: check the upstream asset or the filter before it"
    )]
    NoDocuments,
    /// No document has a term.
    #[error(
        "failed to fit a vocabulary: none of the {documents} documents has a term; hint: a term is a run of at least two letters, digits or underscores"
    )]
    EmptyVocabulary {
        /// How many documents there were.
        documents: usize,
    },
    /// A stored vectorizer was written by a later version.
    #[error(
        "the stored vectorizer has version {version}, and this program reads version {supported}; hint: fit it again or update the program"
    )]
    Version {
        /// The version that was found.
        version: u32,
        /// The version that can be read.
        supported: u32,
    },
    /// A stored vectorizer contradicts itself.
    #[error("the stored vectorizer is damaged: {problem}; hint: fit it again")]
    Damaged {
        /// What is wrong with it.
        problem: &'static str,
    },
}
