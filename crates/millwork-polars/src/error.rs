//! Why bytes are not a data frame.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

/// Why bytes are not a data frame.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParquetError {
    /// A column has a type that this program's Polars was built without.
    #[error(
        "the column `{column}` is of type {data_type}, which Polars reads with {}",
        if features.len() == 1 { "a feature that is off" } else { "features that are off" }
    )]
    Unsupported {
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
        /// The features of `polars` that the type needs.
        features: Vec<&'static str>,
    },
    /// A column is stored in a way that Polars cannot read.
    #[error(
        "the column `{column}` of type {data_type} is stored in a way that Polars does not read: {problem}"
    )]
    Unreadable {
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
        /// What Polars says.
        problem: String,
    },
    /// The bytes are no Parquet file, or a damaged one.
    #[error("the Parquet file is damaged: {problem}")]
    Damaged {
        /// What is wrong with it.
        problem: String,
    },
    /// The file says of itself that far more comes out of it than there is in it.
    #[error(
        "the Parquet file of {bytes} bytes says that it holds {decoded} bytes of values, which no data frame is written as"
    )]
    TooLarge {
        /// How large the file is.
        bytes: usize,
        /// How large its values would be.
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
            Self::TooLarge { .. } => "it is damaged, or made to fill the memory".into(),
            Self::Damaged { .. } => return None,
        })
    }
}
