//! Graphs of trivial assets, made by a loop, and a past for them, for benchmarks, crash tests and the tests of pages.

mod catalog;
mod life;
mod past;
mod shape;

pub use life::write_life;
pub use past::{FillError, Filled, Past};
pub use shape::{InvalidShape, Shape};
