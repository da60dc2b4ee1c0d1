//! Features as data sets of [`linfa`](https://docs.rs/linfa).
//!
//! A model of `linfa` needs no adapter to be an asset value: with its crate's feature `serde` it is stored as JSON like any
//! `serde` type. The repository's `examples/linfa` has two of them.
//!
//! This is a crate, and not a feature of `millwork-ml`, so that the kernels are compiled once for pipelines with and without it.

mod dense;
mod error;

pub use dense::{Absent, Dense};
pub use error::AdapterError;

/// Makes the errors of this crate known, so that their hints are found where a step returns them as a `BoxError`.
pub fn register_errors() {
    millwork_core::advice::register::<AdapterError>();
}
