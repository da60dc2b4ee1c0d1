//! What can be wrong with a matrix of features or with its targets.

use thiserror::Error;

/// Why arrays do not form a matrix of features.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FeaturesError {
    /// The row offsets are not an ascending list from 0 to the number of entries.
    #[error(
        "the row offsets do not partition {entries} entries; hint: they start at 0, never fall and end at the number of entries"
    )]
    RowOffsets {
        /// How many entries there are.
        entries: usize,
    },
    /// There are not as many column indices as values.
    #[error("{indices} column indices were given for {values} values")]
    EntryCount {
        /// How many column indices there are.
        indices: usize,
        /// How many values there are.
        values: usize,
    },
    /// A matrix has at most 2³² columns, as a column index is a `u32`.
    #[error("a matrix of {columns} columns is too wide; hint: at most 4294967296 columns are supported")]
    TooManyColumns {
        /// The requested number of columns.
        columns: usize,
    },
    /// An entry lies outside the matrix.
    #[error("row {row} has an entry in column {column}, but the matrix has {columns} columns")]
    ColumnOutOfRange {
        /// The row of the entry.
        row: usize,
        /// The entry's column.
        column: u32,
        /// The width of the matrix.
        columns: usize,
    },
    /// The column indices of a row are not strictly ascending.
    #[error(
        "the column indices of row {row} are not strictly ascending; hint: sort each row and merge duplicate entries"
    )]
    ColumnOrder {
        /// The row.
        row: usize,
    },
    /// A value is infinite or not a number.
    #[error("the value in row {row}, column {column} is not finite; hint: leave a missing value out")]
    ValueNotFinite {
        /// The row of the entry.
        row: usize,
        /// The entry's column.
        column: u32,
    },
    /// A row was selected that the matrix does not have.
    #[error("row {row} was selected from a matrix of {rows} rows")]
    RowOutOfRange {
        /// The selected row.
        row: usize,
        /// The height of the matrix.
        rows: usize,
    },
    /// There are not as many targets as rows.
    #[error("{targets} targets were given for {rows} rows of features; hint: every row needs one target")]
    TargetCount {
        /// How many targets there are.
        targets: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// A target is infinite or not a number.
    #[error("the target of row {row} is not finite; hint: drop the rows whose target is unknown")]
    TargetNotFinite {
        /// The row.
        row: usize,
    },
}
