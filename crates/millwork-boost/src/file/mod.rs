//! XGBoost's model files: what its versions from 1.0 on write, and a form that those from 1.7 on read.
//!
//! A file is read into a document, and the document into a [`Model`](crate::model::Model). The versions differ in this
//! (<https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html>):
//!
//! | | old | new |
//! |---|---|---|
//! | the intercept | before 3.1 a number for all outputs, `5E-1` | a list, `[5E-1]`; a number is read as well |
//! | DART | before 3.4 a booster `dart` around `gbtree`, with the trees' weights beside it | `gbtree`, with the weights beside its trees |
//! | the side of missing values | before 1.4 truth values | 0 and 1 |
//! | rounds | before 2.0 as many trees as outputs × `num_parallel_tree` | `iteration_indptr` |
//! | leaves with a value for each output | before 3.1 in `base_weights` | in `leaf_weights`, at the place that `right_children` names |
//! | categories | | from 3.1 on `cats` may have the categories behind the numbers |
//!
//! Written files have the layout that the versions have in common. Outputs with intercepts of their own are written as a round of
//! trees that are one leaf each (`intercepts`).
//!
//! Whatever a file contains: reading it takes memory in proportion to its size, and ends with a model that can be asked or an error.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a document is read and written by its `serde_json::Value`s"
)]

mod error;
mod fields;
mod format;
mod intercepts;
mod json;
mod learner;
mod tree;
mod ubjson;
mod written;

pub use error::FileError;
pub(crate) use fields::text_of_numbers;
pub use format::{FileFormat, read, write};
