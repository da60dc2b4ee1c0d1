//! Metrics: how far predictions are from their targets.
//!
//! Each takes targets and predictions of the same length, in the targets' unit, as any numbers that convert to `f64`
//! without loss (targets may be `u32` counts and predictions `f32`), and follows scikit-learn's conventions. What
//! scikit-learn answers with a warning and NaN is an error here: a metric is compared and gated on, and NaN passes or
//! fails every comparison silently.

mod error;
mod regression;

pub use error::MetricError;
pub use regression::{mean_absolute_error, r_squared, root_mean_squared_error};
