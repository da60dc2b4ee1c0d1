//! The tests of this crate, one binary for all: linking them is most of what building them costs.
//!
//! Apart is `damaged`, which counts what is allocated. A part of them alone: `cargo test -p millwork-ml --test ml -- splits::`.

mod backends;
mod boosting;
mod comparison;
mod drift;
mod encoders;
mod exchange;
mod held_out;
mod metrics;
mod pipeline;
mod python;
mod reference_job;
mod search;
mod splits;
mod support;
mod text_grid;
mod text_properties;
