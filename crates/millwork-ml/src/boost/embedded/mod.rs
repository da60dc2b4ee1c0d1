//! Boosting by the pure-Rust crate `hessboost`: XGBoost's algorithm without its C++ library.
//!
//! The rest of the crate sees [`Model`] and [`train`] only, and no type of the library.

mod lone_value;
mod matrix;
mod model;
mod parameters;
mod training;

pub(super) use model::Model;
pub(super) use training::train;
