//! Objectives: gradients of the loss, intercepts, and the links from sums of leaves to predictions.
//!
//! A [`Loss`] is one of XGBoost's objectives with its parameters. Trees add up to *margins*, rows × outputs; the loss turns
//! margins and labels into gradients for the next trees, and margins into predictions. It computes in single precision and in the
//! order of operations of XGBoost 3.4, so that gradients and predictions have the same bits as its own.
//!
//! `reg:absoluteerror` and `reg:quantileerror` are learned from smooth surrogates, and the predicted quantiles of a row are in ascending
//! order, which is new in 3.4.

mod classes;
mod cox;
mod intercept;
mod labels;
mod link;
mod loss;
mod parameters;
mod quantile;
mod rank;
mod rowwise;
mod smooth;

pub(crate) use classes::first_largest;
pub(crate) use cox::by_time;
pub use intercept::InterceptError;
pub use labels::LabelError;
pub(crate) use labels::{is_binary, is_grade};
pub(crate) use link::Link;
pub use loss::Loss;
pub(crate) use rank::{PAIRS, discount, gain, group_weights, ranking};
