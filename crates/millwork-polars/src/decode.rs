//! Decodes Parquet to a data frame, safely for any bytes.
//!
//! The file is checked before Polars sees it ([`layout`]), and a panic of Polars is an error ([`contained`]). So that a panic stays on a
//! thread where it is caught, columns are read in parallel by threads of this crate, not by those of Polars.

use std::io::Cursor;
use std::sync::Arc;
use std::thread;

use polars::prelude::{ArrowField, ArrowSchema, DataFrame, ParallelStrategy, ParquetReader, SerReader as _};

use crate::contained::{Failure, contained};
use crate::{ParquetError, data_type, layout};

/// The number of bytes that justifies one more thread.
const BYTES_PER_THREAD: usize = 1 << 20;

/// Reads all rows.
pub(crate) fn decode(bytes: &[u8]) -> Result<DataFrame, ParquetError> {
    let file = File::open(bytes)?;
    let processors = thread::available_parallelism().map_or(1, usize::from);
    file.read((0, usize::MAX), processors.min(1 + bytes.len() / BYTES_PER_THREAD))
}

/// Reads the first rows.
pub(crate) fn decode_head(bytes: &[u8], rows: usize) -> Result<DataFrame, ParquetError> {
    File::open(bytes)?.read((0, rows), 1)
}

/// A file whose layout is valid.
struct File<'a> {
    bytes: &'a [u8],
    metadata: Metadata,
    schema: Arc<ArrowSchema>,
}

type Metadata = Arc<polars::io::parquet::read::FileMetadata>;

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, ParquetError> {
        layout::check(bytes)?;
        let opened = contained(|| {
            let mut reader = ParquetReader::new(Cursor::new(bytes));
            Ok((Arc::clone(reader.get_metadata()?), reader.schema()?))
        });
        let (metadata, schema) = opened.map_err(damaged)?;
        Ok(Self { bytes, metadata, schema })
    }

    /// Reads a number of rows from a position on, with the columns divided among threads.
    fn read(&self, slice: (usize, usize), threads: usize) -> Result<DataFrame, ParquetError> {
        let columns: Vec<usize> = (0..self.schema.len()).collect();
        let share = columns.len().div_ceil(threads.max(1)).max(1);
        let mut parts = thread::scope(|scope| {
            let mut shares = columns.chunks(share);
            let first = shares.next().unwrap_or_default();
            let others: Vec<_> = shares.map(|columns| scope.spawn(|| self.columns(columns, slice))).collect();
            let mut parts = vec![self.columns(first, slice)];
            let died = || Failure { message: "a thread that read it panicked".to_owned() };
            parts.extend(others.into_iter().map(|part| part.join().unwrap_or_else(|_| Err(died()))));
            parts.into_iter()
        });
        let whole = parts.next().unwrap_or_else(|| Ok(DataFrame::empty()));
        parts.try_fold(whole.map_err(|failure| self.explain(failure))?, |whole, part| {
            let part = part.map_err(|failure| self.explain(failure))?;
            contained(|| whole.hstack(part.columns())).map_err(damaged)
        })
    }

    fn columns(&self, columns: &[usize], slice: (usize, usize)) -> Result<DataFrame, Failure> {
        let frame = contained(|| {
            let mut reader = ParquetReader::new(Cursor::new(self.bytes))
                .read_parallel(ParallelStrategy::None)
                .with_projection(Some(columns.to_vec()))
                .with_slice(Some(slice));
            reader.set_metadata(Arc::clone(&self.metadata));
            reader.finish()
        })?;
        // Polars takes the number of rows from the footer.
        match frame.columns().iter().find(|column| column.len() != frame.height()) {
            Some(column) => {
                let message = format!("`{}` has {} rows of {}", column.name(), column.len(), frame.height());
                Err(Failure { message })
            }
            None => Ok(frame),
        }
    }

    /// The reason why a file could not be read: the first column whose type this program's Polars doesn't support, or damage.
    fn explain(&self, failure: Failure) -> ParquetError {
        let of_column = |(column, field): (usize, &ArrowField)| {
            let failure = self.columns(&[column], (0, 1)).err()?;
            let (column, data_type) = (field.name.to_string(), data_type::name(&field.dtype));
            let features = data_type::features(&field.dtype);
            if !features.is_empty() && says_any_of(&failure, &NEEDS_A_FEATURE) {
                return Some(ParquetError::Unsupported { column, data_type, features });
            }
            let problem = failure.message.clone();
            says_any_of(&failure, &CAN_NOT).then_some(ParquetError::Unreadable { column, data_type, problem })
        };
        self.schema.iter_values().enumerate().find_map(of_column).unwrap_or_else(|| damaged(failure))
    }
}

/// Parts of the messages of Polars where it lacks a type because a feature is off. It has no kind of error for that, so the text is
/// matched; it depends on the version of Polars.
const NEEDS_A_FEATURE: [&str; 5] =
    ["cannot create series from", "activate", "feature", "entered unreachable code", "data-type"];

/// Parts of the messages of Polars where it doesn't support something with any feature.
const CAN_NOT: [&str; 5] = [
    "not implemented",
    "Not yet supported",
    "not supported",
    "cannot create series from",
    "does not match the ArrayRef",
];

fn says_any_of(failure: &Failure, words: &[&str]) -> bool {
    words.iter().any(|word| failure.message.contains(word))
}

fn damaged(failure: Failure) -> ParquetError {
    ParquetError::Damaged { problem: failure.message }
}
