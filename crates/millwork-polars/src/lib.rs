//! Polars data frames as values: stored as Parquet, and checked.
//!
//! This is a crate of its own so that no other crate waits for Polars to compile or depends on it: [`Parquet`] is a format of this crate,
//! which lets it implement `AssetValue` for a type that isn't its own.
//!
//! Any bytes can be decoded, and any valid Parquet: to a frame or to a [`ParquetError`], never to a panic, and without
//! taking more memory than the size of the bytes allows. Polars is used with few features; a type of column that needs
//! another one is an error that names it, and the pipeline switches it on for its own dependency on `polars`.

mod contained;
mod data_type;
mod decode;
mod error;
mod frame_check;
mod layout;
mod preview;
mod thrift;

use millwork_core::{AssetValue, BoxError, Table};
use polars::prelude::{DataFrame, ParquetWriter};

pub use error::ParquetError;
pub use frame_check::FrameCheck;
pub use preview::preview;

/// Registers the errors of this crate, so that their hints are found where a step returns them as a `BoxError`.
pub fn register_errors() {
    millwork_core::advice::register::<ParquetError>();
}

/// The format of data frames: Parquet, which Polars, pandas, DuckDB and Spark open.
#[derive(Debug)]
pub enum Parquet {}

impl AssetValue<Parquet> for DataFrame {
    const EXTENSION: &'static str = "parquet";
    const MEDIA_TYPE: &'static str = "application/vnd.apache.parquet";

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        // Writing needs a frame of one chunk, and changes it to that; a clone shares the columns.
        ParquetWriter::new(bytes).finish(&mut self.clone())?;
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        Ok(decode::decode(bytes)?)
    }

    fn preview(bytes: &[u8], rows: usize) -> Result<Option<Table>, BoxError> {
        Ok(Some(preview(&decode::decode_head(bytes, rows)?, rows)))
    }
}
