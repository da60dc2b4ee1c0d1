//! Splits: which rows a model learns from, and which it is judged by.
//!
//! A split gives row numbers and leaves the data where it is, so that titles, features and targets can be divided
//! alike. The parts are disjoint, not empty, and together every row.
//!
//! The held-out parts have `ceil(share × rows)` rows, as in scikit-learn's `train_test_split`; training gets the rest.

mod error;
mod generator;
mod parts;
mod random;
mod size;
mod temporal;

pub use error::SplitError;
pub(crate) use generator::SplitMix64;
pub use parts::{ThreeParts, TwoParts};
pub use random::{random, random_in_three};
pub use temporal::{temporal, temporal_in_three};
