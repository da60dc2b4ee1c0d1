//! The bins that the values of each column fall in, bit for bit those of XGBoost from 3.3 on.
//!
//! A split is searched among the bounds of bins, so two boosters grow equal trees only if their bins are equal. A column with at most
//! `max_bin` different values has a bin for each. For others XGBoost keeps a summary of the values seen so far, in the order of rows,
//! and asks it for the quantiles in the end (Chen and Guestrin, "XGBoost: a scalable tree boosting system", KDD 2016, appendix; after
//! Greenwald and Khanna, "Space-efficient online computation of quantile summaries", SIGMOD 2001). What the summary forgets, and how
//! single precision rounds the ranks, decides about each bound. So the same summaries are kept here, step for step.
//!
//! Columns are independent of each other, so the bins don't depend on the number of threads, as in XGBoost.

mod cuts;
mod order;
mod sketch;
mod summary;
#[cfg(test)]
mod tests;

pub use cuts::BinError;
pub(crate) use cuts::{CategoryRange, Cuts};
