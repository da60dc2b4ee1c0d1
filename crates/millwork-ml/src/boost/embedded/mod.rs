//! Boosting within this program: by the pure-Rust crate `hessboost`, XGBoost's algorithm without its C++ library.
//!
//! Where the data is wide and sparse, trees are grown by [`columns`](crate::boost::columns) instead, on the library's
//! gradients. The rest of the crate sees [`Model`] and [`rounds`], and no type of the library.

mod custom;
mod forest;
mod library;
mod lone_value;
mod matrix;
mod model;
mod parameters;
mod rounds;
mod wide;

pub(super) use model::Model;
pub(super) use rounds::rounds;
