//! Gradient-boosted trees by XGBoost's algorithm, names and model files.
//!
//! The crate knows matrices, labels, trees and models, and nothing of assets: `millwork-ml` gives it an interface, checks what comes
//! in and keeps what comes out.

mod bins;
pub mod data;
pub mod file;
pub mod grow;
pub mod metric;
pub mod model;
pub mod objective;
mod ordered;
mod params;
pub mod predict;
pub mod random;
pub mod tree;

pub use bins::BinError;
pub use params::{
    Backend, BoosterKind, BoosterParams, Dart, Device, EvalMetric, GrowPolicy, InteractionConstraints,
    InvalidParams, Monotone, Objective, Ranking, SamplingMethod, TreeMethod, UnknownMetric,
};

/// Polled during long computations; once it returns true, there is no result.
pub type Canceled<'a> = &'a (dyn Fn() -> bool + Sync);

/// Whether the kernels were compiled with optimization. In the dev profile they are only if the workspace of the binary sets it.
pub const IS_OPTIMIZED: bool = cfg!(not(unoptimized));
