//! Boosting: gradient-boosted trees by XGBoost's algorithm, names and model files.
//!
//! [`Booster::train`] is the short way; [`Training`] adds evaluation sets, early stopping, a callback per round and
//! cancellation. A trained [`Booster`] predicts on [`Features`](crate::features::Features) and is stored as XGBoost's
//! JSON model, which XGBoost opens from 1.7 on. An absent entry of the features is a missing value in training and in
//! prediction.
//!
//! Two backends train ([`Backend`]): `embedded`, the kernels of `millwork-boost`, and `native`, XGBoost's own library.
//! Predictions, explanations and model files are the kernels' for both.
//!
//! The same parameters, rounds, data and seed give the same model bytes at any number of threads (embedded). A training has
//! threads of its own (`nthread`).

mod booster;
mod columns;
mod contributions;
mod embedded;
mod error;
mod history;
mod labels;
mod model;
mod native;
mod predictions;
mod stored;
mod training;

pub use booster::Booster;
pub use columns::ColumnKind;
pub use contributions::Contributions;
pub use error::BoostError;
pub use history::{History, Score, Series};
pub use millwork_boost::predict::{Importance, RowContributions};
pub use millwork_boost::{
    Backend, BoosterKind, BoosterParams, Dart, Device, EvalMetric, GrowPolicy, InteractionConstraints,
    InvalidParams, Monotone, Objective, Ranking, SamplingMethod, TreeMethod, UnknownMetric,
};
pub use native::NativeError;
pub use predictions::Predictions;
pub use stored::XgboostJson;
pub(crate) use training::sealed;
pub use training::{Best, Derivatives, Ending, Round, Trained, Training, TrainingData};
