//! Reasons why bytes can't be decoded to a data frame.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

/// The reason why bytes can't be decoded to a data frame.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParquetError {
    /// A column has a type that this program's Polars was built without.
    #[error(
        "the column `{column}` is of type {data_type}, which Polars reads with {}",
        if features.len() == 1 { "a feature that is off" } else { "features that are off" }
    )]
    Unsupported {
        /// The name of the column.
        column: String,
        /// The type of the column, as a name for people.
        data_type: String,
        /// The features of `polars` that the type needs.
        features: Vec<&'static str>,
    },
    /// A column is encoded in a way that Polars doesn't support.
    #[error(
        "the column `{column}` of type {data_type} is stored in a way that Polars does not read: {problem}"
    )]
    Unreadable {
        /// The name of the column.
        column: String,
        /// The type of the column, as a name for people.
        data_type: String,
        /// The message of Polars.
        problem: String,
    },
    /// The bytes are not a Parquet file, or a damaged one.
    #[error("the Parquet file is damaged: {problem}")]
    Damaged {
        /// What is damaged, in words.
        problem: String,
    },
    /// The file claims to contain far more data than its size allows.
    #[error(
        "the Parquet file of {bytes} bytes says that it holds {decoded} bytes of values, which no data frame is written as"
    )]
    TooLarge {
        /// The size of the file, in bytes.
        bytes: usize,
        /// The size of its decoded values, in bytes, by its own metadata.
        decoded: u64,
    },
}

impl Advice for ParquetError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unsupported { features, .. } => format!(
                "in the pipeline's Cargo.toml, write `polars = {{ version = \"…\", features = [{}] }}`",
                features.iter().map(|feature| format!("\"{feature}\"")).collect::<Vec<_>>().join(", ")
            )
            .into(),
            Self::Unreadable { .. } => "write it as another type, or with plain encoding".into(),
            Self::TooLarge { .. } => "it is damaged, or crafted to exhaust memory".into(),
            Self::Damaged { .. } => return None,
        })
    }
}
