//! Adapters to the ecosystem: features as [`linfa`](https://docs.rs/linfa)'s data sets (feature `linfa`).
//!
//! A model of `linfa` needs no adapter to be an asset value: with its crate's feature `serde` it is stored as JSON like any
//! `serde` type. `examples/linfa` has two of them.

mod dense;
mod error;

pub use dense::{Absent, Dense};
pub use error::AdapterError;
