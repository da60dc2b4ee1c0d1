//! Stores Polars data frames as Parquet.
