//! Categories and numbers as features.
//!
//! Each encoder is fitted on a column of the training rows and then transforms any rows into
//! [`Features`](crate::features::Features) whose columns
//! have names such as `domain=github.com`, ready to be put beside others by
//! [`FeatureBlocks`](crate::features::FeatureBlocks). A null is `None`. Encoders are `serde` types, so that they are asset
//! values and an encoder that is stored with its model encodes the same for ever.
//!
//! | encoder | for |
//! |---|---|
//! | [`OneHotEncoder`] | a category with few or some frequent values: a column for each |
//! | [`TargetEncoder`] | a category with many values: the mean target of each, shrunk |
//! | [`OrdinalEncoder`] | a category with an order: its place |
//! | [`NumberEncoder`] | numbers: scaled, with a rule for nulls |
//!
//! Parameters, and what comes out, are those of scikit-learn's classes of these names (`StandardScaler` and others for
//! numbers), with which `tests/ml/encoders.rs` compares.

mod categories;
mod error;
mod number;
mod one_hot;
mod ordinal;
mod scaling;
mod target;

pub use error::EncodingError;
pub use number::{NullNumber, NumberEncoder, NumberParams};
pub use one_hot::{Drop, Frequency, Nulls, OneHotEncoder, OneHotParams, Unknown};
pub use ordinal::{OrdinalEncoder, OrdinalParams, UnknownOrdinal};
pub use scaling::Scaling;
pub use target::{Smoothing, TargetEncoder, TargetParams};
