//! Errors of fitting and storing pipelines.

use std::borrow::Cow;

use millwork_core::BoxError;
use millwork_core::advice::Advice;
use thiserror::Error;

use crate::boost::BoostError;
use crate::features::FeaturesError;
use crate::text::TextError;

/// Why a pipeline can't be fitted, put together or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The vocabulary can't be fitted.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Targets, weights or keys don't fit the texts.
    #[error(transparent)]
    Features(#[from] FeaturesError),
    /// The booster can't be trained.
    #[error(transparent)]
    Boost(#[from] BoostError),
    /// A training continues from a pipeline whose vectorizer has other parameters.
    #[error("the pipeline to continue from has other parameters of its vectorizer")]
    OtherVectorizer,
    /// A booster wasn't trained on the features of the vectorizer: there are not as many columns as terms.
    #[error("the vectorizer has {terms} terms, but the booster was trained on {columns} columns")]
    ColumnCount {
        /// The number of terms.
        terms: usize,
        /// The number of columns.
        columns: usize,
    },
    /// A booster wasn't trained on the features of the vectorizer: a column has another name than the term.
    #[error("column {column} is the term `{term}`, but the booster was trained on `{name}` there")]
    ColumnName {
        /// The number of the column, from 0.
        column: usize,
        /// The vectorizer's term.
        term: String,
        /// The booster's name of the column.
        name: String,
    },
    /// The bytes are not a zip archive, or a damaged one.
    #[error("failed to read or write the archive of the pipeline")]
    Archive(#[source] BoxError),
    /// The archive has not an entry that a pipeline has.
    #[error("the archive has no `{entry}`")]
    Missing {
        /// The name of the archive's entry.
        entry: &'static str,
    },
    /// An entry of the archive is compressed, as no entry of a stored pipeline is.
    #[error("the entry `{entry}` of the archive is compressed")]
    Compressed {
        /// The name of the archive's entry.
        entry: &'static str,
    },
    /// A stored pipeline was written by a later version.
    #[error("the stored pipeline has version {version}, and this program reads version {supported}")]
    Version {
        /// The version that was found.
        version: u32,
        /// The latest version that can be read.
        supported: u32,
    },
    /// A part of a stored pipeline can't be read or written.
    #[error("failed to {action} the part `{entry}` of the pipeline")]
    Part {
        /// What was being done.
        action: &'static str,
        /// The name of the archive's entry.
        entry: &'static str,
        /// The reason.
        source: BoxError,
    },
}

impl Advice for PipelineError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Text(error) => return error.hint(),
            Self::Features(error) => return error.hint(),
            Self::Boost(error) => return error.hint(),
            Self::OtherVectorizer => {
                "a continued training keeps the vocabulary: set the pipeline's parameters, or fit a new one"
                    .into()
            }
            Self::ColumnCount { .. } | Self::ColumnName { .. } => {
                "a pipeline is a booster with the vectorizer whose features it was trained on".into()
            }
            Self::Missing { .. } => {
                "a stored pipeline has `pipeline.json`, `vectorizer.json` and `booster.json`".into()
            }
            Self::Compressed { .. } => "store the entries without compression, `zip -0`".into(),
            Self::Version { .. } => "fit it again or update the program".into(),
            Self::Archive(_) | Self::Part { .. } => return None,
        })
    }
}
