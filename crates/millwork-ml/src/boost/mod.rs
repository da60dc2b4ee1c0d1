//! Boosting: gradient-boosted regression trees by XGBoost's algorithm, names and model files.
//!
//! [`Booster::train`] is the short way; [`Training`] adds evaluation sets, early stopping and a callback per round. A
//! trained [`Booster`] predicts on [`Features`](crate::features::Features) and is stored as XGBoost's JSON model, which
//! every XGBoost opens. An absent entry of the features is a missing value in training and in prediction.
//!
//! What computes is the private module `embedded`, the only one that knows the library behind it. No type of it
//! appears in this interface, so that another implementation of the algorithm can stand beside it.
//!
//! The same parameters, rounds, data and seed give the same model bytes at any number of threads. Training runs in the
//! rayon pool that it is called in.

mod booster;
mod embedded;
mod error;
mod history;
mod importance;
mod params;
mod training;

pub use booster::{Booster, XgboostJson};
pub use error::BoostError;
pub use history::{History, Score, Series};
pub use importance::Importance;
pub use params::{BoosterParams, EvalMetric, GrowPolicy, TreeMethod};
pub use training::{Best, Ending, Round, Trained, Training};
