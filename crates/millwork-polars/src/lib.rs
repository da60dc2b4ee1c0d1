//! Stores Polars data frames as Parquet.
//!
//! This is a crate of its own so that nothing else waits for Polars to compile, and so that no other crate knows of it:
//! [`Parquet`] is a format of this crate, which lets it implement `AssetValue` for a type that isn't its own.

use std::io::Cursor;

use millwork_core::{AssetValue, BoxError, Table};
use polars::prelude::{AnyValue, DataFrame, ParquetReader, ParquetWriter, SerReader as _};

/// The format of data frames: Parquet, which Polars, pandas, DuckDB and Spark open.
#[derive(Debug)]
pub enum Parquet {}

impl AssetValue<Parquet> for DataFrame {
    const EXTENSION: &'static str = "parquet";
    const MEDIA_TYPE: &'static str = "application/vnd.apache.parquet";

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        // Writing wants a frame of one chunk, and changes it to that; a clone shares the columns.
        ParquetWriter::new(bytes).finish(&mut self.clone())?;
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        Ok(ParquetReader::new(Cursor::new(bytes)).finish()?)
    }

    fn preview(bytes: &[u8], rows: usize) -> Result<Option<Table>, BoxError> {
        let reader = ParquetReader::new(Cursor::new(bytes)).with_slice(Some((0, rows)));
        Ok(Some(preview(&reader.finish()?, rows)))
    }
}

/// The first rows of a frame, to show as metadata.
pub fn preview(frame: &DataFrame, rows: usize) -> Table {
    let head = frame.head(Some(rows));
    let columns = head.columns();
    let mut table = Table::default();
    for column in columns {
        let (name, data_type) = (column.name().to_string(), column.dtype().to_string());
        table.columns.push(millwork_core::Column { name, data_type });
    }
    for row in 0..head.height() {
        let cells = columns.iter().map(|column| column.get(row).map_or(serde_json::Value::Null, cell));
        table.rows.push(cells.collect());
    }
    table
}

fn cell(value: AnyValue<'_>) -> serde_json::Value {
    match value {
        AnyValue::Null => serde_json::Value::Null,
        AnyValue::Boolean(value) => value.into(),
        AnyValue::String(text) => text.into(),
        AnyValue::StringOwned(text) => text.as_str().into(),
        AnyValue::Float32(value) => f64::from(value).into(),
        AnyValue::Float64(value) => value.into(),
        other => match other.extract::<i64>() {
            Some(value) => value.into(),
            None => other.to_string().into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use super::*;

    fn check(frame: &DataFrame) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes).unwrap();
        let decoded = DataFrame::decode(&bytes).unwrap();
        assert!(decoded.equals_missing(frame), "{decoded:?} is not {frame:?}");
        let mut again = Vec::new();
        decoded.encode(&mut again).unwrap();
        assert_eq!(bytes, again, "equal frames have equal bytes");
    }

    #[test]
    fn comes_back_equal() {
        check(&df!("id" => [1_i64, 2], "title" => [Some("ß"), None], "score" => [0.5, f64::NAN]).unwrap());
        check(&df!("id" => Vec::<i64>::new(), "title" => Vec::<String>::new()).unwrap());
        check(&DataFrame::empty());
    }

    #[test]
    fn damaged_bytes_are_errors() {
        let mut bytes = Vec::new();
        df!("id" => [1_i64, 2, 3]).unwrap().encode(&mut bytes).unwrap();
        for length in 0..bytes.len() {
            assert!(DataFrame::decode(&bytes[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn previews() {
        let frame = df!("id" => [1_i64, 2], "title" => [Some("a"), None]).unwrap();
        let table = preview(&frame, 1);
        assert_eq!(table, Table::new([("id", "i64"), ("title", "str")]).row([1.into(), "a".into()]));
        let mut bytes = Vec::new();
        frame.encode(&mut bytes).unwrap();
        assert_eq!(DataFrame::preview(&bytes, 1).unwrap(), Some(table));
    }
}
