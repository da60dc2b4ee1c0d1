//! Errors of encoding values.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

use crate::features::FeaturesError;
use crate::split::SplitError;

/// Why values cannot be encoded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// Parameters lie outside their ranges.
    #[error("the encoder's parameters are invalid: {}", problems.join("; "))]
    Params {
        /// One reason for each.
        problems: Vec<String>,
    },
    /// There is nothing to learn from.
    #[error("the column `{column}` has no rows to fit on")]
    NoRows {
        /// The name of the column.
        column: String,
    },
    /// A column has nothing but nulls, so that it has neither a mean nor a range.
    #[error("the column `{column}` has only nulls")]
    OnlyNulls {
        /// The name of the column.
        column: String,
    },
    /// A null is not allowed.
    #[error("row {row} of the column `{column}` is null")]
    Null {
        /// The name of the column.
        column: String,
        /// The row, from 0.
        row: usize,
    },
    /// A category was not seen when the encoder was fitted.
    #[error(
        "row {row} of the column `{column}` is `{category}`, which is not among the categories that the encoder was fitted on"
    )]
    UnknownCategory {
        /// The name of the column.
        column: String,
        /// The row, from 0.
        row: usize,
        /// The unknown category.
        category: String,
    },
    /// A number is infinite.
    #[error("row {row} of the column `{column}` is infinite")]
    Infinite {
        /// The name of the column.
        column: String,
        /// The row, from 0.
        row: usize,
    },
    /// Numbers are so large that their sum or the square of their distance is none.
    #[error("the numbers of the column `{column}` are too large to be scaled or filled")]
    TooLarge {
        /// The name of the column.
        column: String,
    },
    /// Columns are other ones than those that the encoder was fitted on.
    #[error("the columns are {}, but the encoder was fitted on {}", listed(found), listed(expected))]
    Columns {
        /// The columns that were given.
        found: Vec<String>,
        /// The columns that it was fitted on.
        expected: Vec<String>,
    },
    /// Columns, or a column and its targets, have different numbers of rows.
    #[error("the column `{column}` has {rows} rows, and {expected} are expected")]
    Rows {
        /// The name of the column.
        column: String,
        /// How many it has.
        rows: usize,
        /// How many there should be.
        expected: usize,
    },
    /// The rows cannot be split into folds.
    #[error("failed to encode out of fold")]
    Split(#[from] SplitError),
    /// The encoded values don't form a matrix.
    #[error(transparent)]
    Features(#[from] FeaturesError),
}

impl Advice for EncodingError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NoRows { .. } => "check the upstream asset or the split".into(),
            Self::OnlyNulls { .. } => {
                "leave it out, or set `nulls` to `missing` and `scaling` to `none`".into()
            }
            Self::Null { .. } => "set `nulls` to `category` or `ignore`".into(),
            Self::UnknownCategory { .. } => "set `unknown` to `ignore`".into(),
            Self::Infinite { .. } => "make it null, or cap it".into(),
            Self::TooLarge { .. } => "cap them, or take their logarithms".into(),
            Self::Features(error) => return error.hint(),
            Self::Params { .. } | Self::Columns { .. } | Self::Rows { .. } | Self::Split(..) => return None,
        })
    }
}

fn listed(columns: &[String]) -> String {
    columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")
}

impl EncodingError {
    pub(super) fn params(problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self::Params { problems }) }
    }
}
