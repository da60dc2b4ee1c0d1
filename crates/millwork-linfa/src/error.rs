//! Why features cannot be handed over.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

/// Why features cannot be handed over.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// The dense matrix would be too large.
    #[error("{rows} rows × {columns} columns are more than {most} numbers")]
    TooLarge {
        /// The number of rows.
        rows: usize,
        /// The number of columns.
        columns: usize,
        /// The most numbers that were allowed.
        most: usize,
    },
    /// An entry is absent, and may not be.
    #[error("row {row} has no entry in column {column}")]
    Absent {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
    },
}

impl Advice for AdapterError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::TooLarge { .. } => "select columns, hash terms to fewer, or raise `most_numbers`".into(),
            Self::Absent { .. } => "fill nulls before (`NumberParams::nulls`), or take absent entries as zeros with `Absent::Zero`".into(),
        })
    }
}
