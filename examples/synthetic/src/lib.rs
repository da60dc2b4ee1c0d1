//! Graphs of trivial assets, made by a loop, and a past for them: what a factory looks like, and what benchmarks, crash tests
//! and the tests of pages run.

mod catalog;
mod past;
mod shape;

pub use past::{FillError, Filled, Past};
pub use shape::{InvalidShape, Shape};
