//! Graphs of trivial assets, made by a loop: what a factory looks like, and what benchmarks and crash tests run.

mod shape;

pub use shape::{InvalidShape, Shape};
