//! Errors of a matrix of features or its targets.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

/// Why arrays do not form a matrix of features.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FeaturesError {
    /// The row offsets are not an ascending list from 0 to the number of entries.
    #[error("the row offsets do not partition {entries} entries")]
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
    #[error("a matrix of {columns} columns is too wide")]
    TooManyColumns {
        /// The requested number of columns.
        columns: usize,
    },
    /// An entry lies outside the matrix.
    #[error("row {row} has an entry in column {column}, but the matrix has {columns} columns")]
    ColumnOutOfRange {
        /// The row of the entry.
        row: usize,
        /// The column of the entry, from 0.
        column: u32,
        /// The width of the matrix.
        columns: usize,
    },
    /// The column indices of a row are not strictly ascending.
    #[error("the column indices of row {row} are not strictly ascending")]
    ColumnOrder {
        /// The row, from 0.
        row: usize,
    },
    /// A value is infinite or not a number.
    #[error("the value in row {row}, column {column} is not finite")]
    ValueNotFinite {
        /// The row of the entry.
        row: usize,
        /// The column of the entry, from 0.
        column: u32,
    },
    /// A column was named that the matrix does not have.
    #[error("there is no column {column} in a matrix of {columns} columns")]
    NoSuchColumn {
        /// The number of the column, from 0.
        column: u32,
        /// The width of the matrix.
        columns: usize,
    },
    /// A value in a column of categories is not the number of a category.
    #[error("the value {value} in row {row}, column {column} is not a category")]
    NotACategory {
        /// The row of the entry.
        row: usize,
        /// The column of the entry, from 0.
        column: u32,
        /// The value of the entry.
        value: f64,
    },
    /// A row was selected that the matrix does not have.
    #[error("row {row} was selected from a matrix of {rows} rows")]
    RowOutOfRange {
        /// The selected row, from 0.
        row: usize,
        /// The height of the matrix.
        rows: usize,
    },
    /// There are not as many targets as rows.
    #[error("{targets} targets were given for {rows} rows")]
    TargetCount {
        /// How many targets there are.
        targets: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// A target is infinite or not a number.
    #[error("the target of row {row} is not finite")]
    TargetNotFinite {
        /// The row, from 0.
        row: usize,
    },
    /// There are not as many names as columns.
    #[error("{names} names were given for {columns} columns")]
    NameCount {
        /// How many names there are.
        names: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// Two columns have the same name.
    #[error("the columns {first} and {second} are both called `{name}`")]
    NameTwice {
        /// The first of the columns.
        first: usize,
        /// The second of the two columns, from 0.
        second: usize,
        /// The name of both columns.
        name: String,
    },
    /// A matrix has not as many columns as another one that it has to agree with.
    #[error("there are {found} columns, and {expected} are expected")]
    OtherColumnCount {
        /// How many there are.
        found: usize,
        /// How many there have to be.
        expected: usize,
    },
    /// A column is another one than in the matrix that it has to agree with.
    #[error("column {column} is `{found}`, and `{expected}` is expected there")]
    OtherColumn {
        /// The index of the column.
        column: usize,
        /// The name of the column that was found.
        found: String,
        /// The name that it has to have.
        expected: String,
    },
    /// Dense values do not fill rows.
    #[error("{values} values do not fill rows of {columns} columns")]
    DenseLength {
        /// How many values there are.
        values: usize,
        /// The width of a row.
        columns: usize,
    },
    /// A dense column has another length than the first one.
    #[error("column {column} has {values} values, but the first column has {rows}")]
    ColumnLength {
        /// The index of the column.
        column: usize,
        /// Its number of values.
        values: usize,
        /// The number of values of the first column.
        rows: usize,
    },
    /// Blocks that are to stand side by side have different heights.
    #[error("the block `{block}` has {found} rows, but the first block has {expected}")]
    BlockRows {
        /// The name of the block, or its position.
        block: String,
        /// Its number of rows.
        found: usize,
        /// The number of rows of the first block.
        expected: usize,
    },
    /// Some blocks that are to stand side by side have named columns, and one has not.
    #[error("the block `{block}` has no column names, but others have")]
    BlockWithoutNames {
        /// The position of the block.
        block: String,
    },
    /// There are not as many weights as rows.
    #[error("{weights} weights were given for {rows} rows")]
    WeightCount {
        /// How many weights there are.
        weights: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// There are not as many keys as rows.
    #[error("{keys} keys were given for {rows} rows")]
    KeyCount {
        /// How many keys there are.
        keys: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// A weight is negative, infinite or not a number.
    #[error("the weight of row {row} is {weight}")]
    Weight {
        /// The row, from 0.
        row: usize,
        /// The weight of the row.
        weight: f64,
    },
    /// The groups do not add up to the rows, or one is empty.
    #[error("the groups do not partition {rows} rows")]
    Groups {
        /// How many rows there are.
        rows: usize,
    },
    /// The rows of a group do not follow each other.
    #[error("row {row} belongs to a group that ended before")]
    GroupApart {
        /// The row, from 0.
        row: usize,
    },
}

impl Advice for FeaturesError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::RowOffsets { .. } => "they start at 0, never fall and end at the number of entries".into(),
            Self::TooManyColumns { .. } => "at most 4294967296 columns are supported".into(),
            Self::ColumnOrder { .. } => "sort each row and merge duplicate entries".into(),
            Self::ValueNotFinite { .. } => "leave a missing value out".into(),
            Self::NotACategory { .. } => "number the categories from 0 on, below 16777216".into(),
            Self::TargetCount { .. } => "every row needs one target".into(),
            Self::TargetNotFinite { .. } => "drop the rows whose target is unknown".into(),
            Self::NameTwice { .. } => "every column needs a name of its own".into(),
            Self::OtherColumnCount { .. } => {
                "make the features as for training, by the same fitted encoders".into()
            }
            Self::OtherColumn { .. } => {
                "make the features as for training, by the same fitted encoders".into()
            }
            Self::BlockRows { .. } => "make all blocks from the same rows".into(),
            Self::BlockWithoutNames { .. } => "name its columns, or join by `FeatureBlocks`".into(),
            Self::WeightCount { .. } => "every row needs one weight".into(),
            Self::KeyCount { .. } => "every row needs one key; several may have the same".into(),
            Self::Weight { .. } => "a weight is a finite number, 0 or above".into(),
            Self::Groups { .. } => "a group is a number of rows above 0, and they add up to all rows".into(),
            Self::GroupApart { .. } => "the rows of a group must follow each other".into(),
            Self::EntryCount { .. }
            | Self::ColumnOutOfRange { .. }
            | Self::NoSuchColumn { .. }
            | Self::RowOutOfRange { .. }
            | Self::NameCount { .. }
            | Self::DenseLength { .. }
            | Self::ColumnLength { .. } => return None,
        })
    }
}
