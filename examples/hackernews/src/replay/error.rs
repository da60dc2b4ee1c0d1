//! Errors of a replay.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use millwork::Advice;

/// The reason why a file can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file can't be opened.
    #[error("failed to open `{}`", path.display()
    )]
    Open {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file isn't UTF-8 text.
    #[error("`{}`, line {line}: not UTF-8 text", path.display())]
    Encoding {
        /// The path of the file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
    },
    /// The file isn't CSV.
    #[error("failed to read `{}` as CSV", path.display())]
    Csv {
        /// The path of the file.
        path: PathBuf,
        /// The error of the CSV reader.
        source: csv::Error,
    },
    /// A row is longer or shorter than the header.
    #[error("`{}`, line {line}: found {found} fields, expected the header's {expected}", path.display())]
    FieldCount {
        /// The path of the file.
        path: PathBuf,
        /// The number of the line, from 1, the header included.
        line: usize,
        /// The number of the row's fields.
        found: usize,
        /// The number of the header's fields.
        expected: usize,
    },
    /// The header lacks a column.
    #[error("`{}` has no column `{column}`", path.display())]
    MissingColumn {
        /// The path of the file.
        path: PathBuf,
        /// The name of the missing column.
        column: &'static str,
        /// The columns of the file.
        found: String,
    },
    /// A field can't be parsed.
    #[error("`{}`, line {line}: column `{column}` is `{value}`, expected {expected}", path.display())]
    Field {
        /// The path of the file.
        path: PathBuf,
        /// The number of the line, from 1, the header included.
        line: usize,
        /// The name of the column.
        column: &'static str,
        /// The text of the field.
        value: String,
        /// The form that is expected.
        expected: &'static str,
    },
    /// An option is outside of its range.
    #[error("`{option}` is {value:?}, expected {expected}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// The value that was given.
        value: f64,
        /// The range of its values.
        expected: &'static str,
    },
    /// The port isn't available.
    #[error("failed to listen on 127.0.0.1:{port}")]
    Bind {
        /// The number of the port.
        port: u16,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl Advice for ReplayError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Open { .. } => "`--csv` names a CSV file of stories with the columns id, title, url, num_points, num_comments, author, created_at".into(),
            Self::MissingColumn { found, .. } => format!("its header names {found}").into(),
            Self::Bind { .. } => "another server may use it, `--port 0` picks a free one".into(),
            Self::Encoding { .. } | Self::Csv { .. } | Self::FieldCount { .. } | Self::Field { .. } | Self::Option { .. } => return None,
        })
    }
}
