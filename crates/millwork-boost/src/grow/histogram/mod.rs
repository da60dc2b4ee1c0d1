//! Trees from histograms: XGBoost's `hist`.
//!
//! Values are put in bins once. A node is then described by the sums of the gradients of each bin, its histogram, and splits are
//! searched between bins. The trees are XGBoost's: equal bins, equal sums (as with one thread there), equal arithmetic, equal order
//! of nodes. What differs is how the work is laid out, see `plan`, `cells`, `build` and `rows`.

mod build;
mod candidate;
mod cells;
mod groups;
mod grower;
mod growth;
mod plan;
mod prefetch;
mod queue;
mod rows;
mod scan;

#[cfg(test)]
mod tests;

pub(crate) use grower::HistogramGrower;
pub(in crate::grow) use grower::MOST_HISTOGRAM_BYTES;
pub use grower::TooLarge;
pub(in crate::grow) use plan::bytes;
