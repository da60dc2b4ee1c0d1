//! Features: the one matrix type that models are trained on and asked with.
//!
//! [`Features`] is sparse, and an entry that is not in it is *missing*, to training and to prediction alike. That has
//! to be said, because a boosted tree treats "missing" and "zero" differently: a missing value goes down the split's
//! default branch, a zero is compared with the threshold. A program that trains on a dense matrix (zeros are values)
//! and predicts on a sparse one (zeros are missing) gets no error and wrong predictions. With one type on both sides,
//! such a program cannot be written.
//!
//! An explicitly stored `0.0` is a value, not a missing entry.
//!
//! [`FeatureBlocks`] puts blocks of features side by side and gives every column a name, by which it shows that a
//! model is asked with other features than it was trained on ([`Features::check_columns_of`]).
//!
//! Rows may have keys ([`LabelledFeatures::with_row_keys`]), by which a model knows the rows again that it was fitted on
//! ([`held_out`](crate::held_out)).
//!
//! At rest the matrix is an [`Npz`] file in SciPy's layout, so that `scipy.sparse.load_npz` opens it.

mod blocks;
mod dense;
mod error;
mod keys;
pub(crate) mod labelled;
mod matrix;
mod names;
mod npz;

pub use blocks::FeatureBlocks;
pub use error::FeaturesError;
pub use keys::{RowKey, RowKeys};
pub use labelled::LabelledFeatures;
pub use matrix::Features;
pub use names::ColumnNames;
pub use npz::{Npz, NpzError};
