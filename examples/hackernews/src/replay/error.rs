//! What can go wrong with a replay.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use millwork::Advice;

/// Why a file can't be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The file can't be opened.
    #[error("failed to open `{}`", path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file isn't UTF-8 text.
    #[error("`{}`, line {line}: not UTF-8 text", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The file isn't CSV.
    #[error("failed to read `{}` as CSV", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: csv::Error,
    },
    /// A row is longer or shorter than the header.
    #[error("`{}`, line {line}: found {found} fields, expected the header's {expected}", path.display())]
    FieldCount {
        /// The file.
        path: PathBuf,
        /// The line, from 1, the header included.
        line: usize,
        /// The row's fields.
        found: usize,
        /// The header's fields.
        expected: usize,
    },
    /// The header lacks a column.
    #[error("`{}` has no column `{column}`", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// The columns that it has.
        found: String,
    },
    /// A field can't be read.
    #[error("`{}`, line {line}: column `{column}` is `{value}`, expected {expected}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The line, from 1, the header included.
        line: usize,
        /// The column.
        column: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// An option is outside of its range.
    #[error("`{option}` is {value}, expected {expected}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: f64,
        /// Its range.
        expected: &'static str,
    },
    /// The port can't be had.
    #[error("failed to listen on 127.0.0.1:{port}")]
    Bind {
        /// The port.
        port: u16,
        /// What the system says.
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
