//! Reasons why predictions, ground truth or a performance can't be made or read.

use std::borrow::Cow;

use jiff::Timestamp;
use millwork_core::Advice;
use millwork_core::version::VersionNumber;
use thiserror::Error;

/// The reason why predictions, ground truth or a performance can't be made or read. Rows are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MonitorError {
    /// A column has not as many rows as there are keys.
    #[error("{keys} keys were given for {rows} rows of `{column}`")]
    LengthMismatch {
        /// The number of keys.
        keys: usize,
        /// The name of the column.
        column: String,
        /// The number of its rows.
        rows: usize,
    },
    /// There are more rows than one value can have.
    #[error("{rows} rows are more than one materialization can have")]
    TooManyRows {
        /// The number of rows.
        rows: usize,
    },
    /// Two rows of one materialization have the same key.
    #[error("the key `{key}` is in the rows {first} and {second}")]
    DuplicateKey {
        /// The key, as text.
        key: String,
        /// The first row that has it.
        first: usize,
        /// Another row that has it.
        second: usize,
    },
    /// A value is infinite or not a number.
    #[error("the value of the key `{key}` in row {row} is not finite")]
    NotFinite {
        /// The key, as text.
        key: String,
        /// The row.
        row: usize,
    },
    /// A whole number can't be computed with exactly.
    #[error("the value of the key `{key}` in row {row} is a whole number beyond 2^53")]
    TooLarge {
        /// The key, as text.
        key: String,
        /// The row.
        row: usize,
    },
    /// A time is so near to the end of the calendar that it has no window.
    #[error("the time of the key `{key}` in row {row} is {time}, at the end of the calendar")]
    TimeAtEnd {
        /// The key, as text.
        key: String,
        /// The row.
        row: usize,
        /// The time.
        time: Timestamp,
    },
    /// The version of a model has no number.
    #[error("the version of the model has no number")]
    NoVersion,
    /// A column of slices has the name of another column.
    #[error("there is a column `{column}` already")]
    ColumnTwice {
        /// The name of the column.
        column: String,
    },
    /// Predictions that are put together have different columns of slices.
    #[error("only one of the predictions has the column `{column}`")]
    OtherSlices {
        /// The name of the column.
        column: String,
    },
    /// A data frame isn't one of predictions or of ground truth.
    #[error("the column `{column}` {problem}")]
    Column {
        /// The name of the column.
        column: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A slice that is configured is a column of no predictions.
    #[error("no predictions have a column `{column}`, which is configured as a slice")]
    MissingSlice {
        /// The name of the column.
        column: String,
    },
    /// Some ground truth is of two classes, some of numbers.
    #[error("ground truth of `bool` and of numbers can't be measured together")]
    MixedTruth,
    /// What was predicted in shadow can't be loaded.
    #[error("failed to load what version {version} has predicted in shadow: {problem}")]
    Shadow {
        /// The version in shadow.
        version: VersionNumber,
        /// The reason, with its causes.
        problem: String,
    },
    /// A setting has an invalid value.
    #[error("the setting `{setting}` is invalid: {problem}")]
    Setting {
        /// The name of the setting.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A setting that open rows are kept by isn't what it was.
    #[error("the setting `{setting}` differs from that of the previous performance")]
    SettingChanged {
        /// The name of the setting.
        setting: &'static str,
    },
    /// A time is outside of the calendar.
    #[error("the time {microseconds} µs after 1970 is outside of the calendar")]
    Time {
        /// The time in microseconds since 1970.
        microseconds: i64,
    },
    /// The stored form of a performance is damaged, or of something else.
    #[error("the stored performance is damaged: {problem}")]
    Damaged {
        /// What is damaged.
        problem: &'static str,
    },
    /// The stored form of a performance was written by a newer version of this crate.
    #[error("the stored performance has format {format}, and this program reads up to {newest}")]
    Newer {
        /// The format of the stored form.
        format: u8,
        /// The newest format that is read.
        newest: u8,
    },
    /// The keys of a stored performance have another type.
    #[error("the keys of the stored performance are `{stored}`, not `{expected}`")]
    KeyType {
        /// The type of the stored keys.
        stored: String,
        /// The type that is expected.
        expected: &'static str,
    },
}

impl Advice for MonitorError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::LengthMismatch { .. } => "all columns must come from the same rows".into(),
            Self::TooManyRows { .. } => "divide it into partitions".into(),
            Self::DuplicateKey { .. } => {
                "a key names one occasion: if it recurs, put its date into the key".into()
            }
            Self::NotFinite { .. } => "leave out rows that have no value".into(),
            Self::TooLarge { .. } => "use `f64`, or a larger unit".into(),
            Self::TimeAtEnd { .. } => {
                "leave out rows whose time isn't known, where another system writes the year 9999 or 1".into()
            }
            Self::NoVersion => {
                "only a materialization of this home is a version; materialize the model again".into()
            }
            Self::ColumnTwice { .. } => {
                "`key`, `value`, `predicted_at`, `version` and `role` are taken; use another name".into()
            }
            Self::OtherSlices { .. } => "call `slice` on both, then put them together".into(),
            Self::MissingSlice { column } => format!("call `predictions.slice(\"{column}\", …)`").into(),
            Self::MixedTruth => "use one type of value for all ground truth".into(),
            Self::SettingChanged { .. } => {
                "a new performance begins with the tag `millwork/previous=none`, or under another name".into()
            }
            Self::Newer { .. } => "update the pipeline's `millwork`".into(),
            Self::Shadow { .. } => "`store check` lists what can't be read".into(),
            Self::Column { .. }
            | Self::Setting { .. }
            | Self::Time { .. }
            | Self::Damaged { .. }
            | Self::KeyType { .. } => return None,
        })
    }
}
