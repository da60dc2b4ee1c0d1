//! The exact method: every threshold between two values of a column is tried.
//!
//! It follows XGBoost's `tree_method = "exact"`. A tree grows level by level. Each column, sorted once by value, is scanned for all
//! nodes of a level at the same time: from the largest value down with missing values on the left, and, where the column has
//! missing values, before that from the smallest one up with missing values on the right. The threshold is the middle of two
//! neighbouring values. A split has to gain more than 1e-6 at first; once the tree has grown, splits that gain less than `gamma` and
//! have no other split below them are taken back. `max_leaves` and `grow_policy` have no meaning here, as in XGBoost.
//!
//! In one thing XGBoost differs: with interaction constraints and more columns than rows, its root can't ask for the columns whose
//! numbers are the number of rows or above.

mod exact_grower;
mod prune;
mod scan;
mod sorted_columns;
mod unsupported;

pub(crate) use exact_grower::ExactGrower;
pub use unsupported::ExactUnsupported;
