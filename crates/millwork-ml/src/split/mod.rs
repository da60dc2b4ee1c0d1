//! Splits: which rows a model learns from, and which it is judged by.
//!
//! A split gives row numbers and leaves the data where it is, so that titles, features and targets can be divided
//! alike. The parts are disjoint, not empty, and together every row (except that temporal folds leave out the future and,
//! if asked for, a gap).
//!
//! | rows | two parts | three parts | folds |
//! |---|---|---|---|
//! | whose order means nothing | [`random`] | [`random_in_three`] | [`k_fold`] |
//! | of classes, some of them rare | [`stratified`] | [`stratified_in_three`] | [`stratified_k_fold`] |
//! | that belong together: by user, site, story | [`grouped`] | [`grouped_in_three`] | [`group_k_fold`], [`group_k_fold_shuffled`] |
//! | with a time | [`temporal`] | [`temporal_in_three`] | [`temporal_k_fold`], [`temporal_k_fold_with_gap`] |
//!
//! The held-out parts have `ceil(share × rows)` rows, as in scikit-learn's `train_test_split`; training gets the rest. Where
//! that can't be met exactly, because of small classes, whole groups or equal keys, the function documents what it does.

mod error;
mod grouped;
mod parts;
mod random;
mod temporal;

pub use error::SplitError;
pub use grouped::{group_k_fold, group_k_fold_shuffled, grouped, grouped_in_three};
pub use parts::{Folds, FoldsIter, ThreeParts, TwoParts};
pub use random::{k_fold, random, random_in_three, stratified, stratified_in_three, stratified_k_fold};
pub use temporal::{temporal, temporal_in_three, temporal_k_fold, temporal_k_fold_with_gap};
