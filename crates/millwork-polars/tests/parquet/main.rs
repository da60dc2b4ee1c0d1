//! Data frames as Parquet: the tests of this crate, one binary for all, as linking Polars is most of what building them costs.
//!
//! Apart are `damaged`, which counts what every thread of the process allocates, and `silence`, which sets the process's panic hook.

mod frames;
#[path = "../handmade/mod.rs"]
mod handmade;
mod types;
