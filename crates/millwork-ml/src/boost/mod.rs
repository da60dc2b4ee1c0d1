//! Boosting: gradient-boosted trees by XGBoost's algorithm, names and model files.
//!
//! [`Booster::train`] is the short way; [`Training`] adds evaluation sets, early stopping, a callback per round and
//! cancellation. A trained [`Booster`] predicts on [`Features`](crate::features::Features) and is stored as XGBoost's
//! JSON model, which XGBoost opens from 1.7 on. An absent entry of the features is a missing value in training and in
//! prediction.
//!
//! Two backends train ([`Backend`]): `embedded`, a library's code and, on wide sparse data, that of `columns`; and
//! `native`, XGBoost's own library. No type of either appears in this interface.
//!
//! The same parameters, rounds, data and seed give the same model bytes at any number of threads (embedded). A training has
//! threads of its own (`nthread`).

mod booster;
mod columns;
mod contributions;
mod embedded;
mod error;
mod file;
mod history;
mod importance;
mod native;
mod params;
mod predictions;
mod stored;
mod training;

pub use booster::Booster;
pub use contributions::{Contributions, RowContributions};
pub use error::BoostError;
pub use history::{History, Score, Series};
pub use importance::Importance;
pub use native::NativeError;
pub use params::{
    Backend, BoosterKind, BoosterParams, Dart, Device, EvalMetric, GrowPolicy, InteractionConstraints,
    Monotone, Objective, Ranking, SamplingMethod, TreeMethod,
};
pub use predictions::Predictions;
pub use stored::XgboostJson;
pub use training::{Best, Derivatives, Ending, Round, Trained, Training};
