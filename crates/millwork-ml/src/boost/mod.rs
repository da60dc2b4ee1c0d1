//! Boosting: gradient-boosted trees by XGBoost's algorithm, names and model files.
//!
//! [`Booster::train`] is the short way; [`Training`] adds evaluation sets, early stopping, a callback per round and
//! cancellation. A trained [`Booster`] predicts on [`Features`](crate::features::Features) and is stored as XGBoost's
//! JSON model, which every XGBoost opens. An absent entry of the features is a missing value in training and in
//! prediction.
//!
//! Training is the module `embedded`'s: a library's, or on wide sparse data that of `columns`, as the parameters and the
//! data decide. No type of the library appears in this interface, so that another implementation of the algorithm can
//! stand beside it.
//!
//! The same parameters, rounds, data and seed give the same model bytes at any number of threads. A training has
//! threads of its own (`nthread`).

mod booster;
mod columns;
mod contributions;
mod embedded;
mod error;
mod history;
mod importance;
mod params;
mod predictions;
mod stored;
mod training;

pub use booster::Booster;
pub use contributions::{Contributions, RowContributions};
pub use error::BoostError;
pub use history::{History, Score, Series};
pub use importance::Importance;
pub use params::{
    Backend, BoosterKind, BoosterParams, Dart, Device, EvalMetric, GrowPolicy, InteractionConstraints,
    Monotone, Objective, Ranking, SamplingMethod, TreeMethod,
};
pub use predictions::Predictions;
pub use stored::XgboostJson;
pub use training::{Best, Ending, Round, Trained, Training};
