//! The parameters of boosting, by XGBoost's names and with XGBoost's defaults.
//!
//! Values are checked when a training starts, all at once. Both backends get them as XGBoost's flat list of names and
//! values, which is spelled in one place.

mod booster_params;
mod choices;
mod metric;
mod objective;
mod problems;
mod settings;

pub use booster_params::BoosterParams;
pub use choices::{
    Backend, BoosterKind, Dart, Device, GrowPolicy, InteractionConstraints, Monotone, SamplingMethod,
    TreeMethod,
};
pub use metric::{EvalMetric, UnknownMetric};
pub(crate) use objective::Outputs;
pub use objective::{Objective, Ranking};
pub use problems::InvalidParams;
