//! Predictions, what came later, and the live performance of models.
//!
//! [`Predictions`] and [`GroundTruth`] are asset values with a row for each key, stored as Parquet. [`Performance`] joins them by key: an
//! asset value that is continued from its previous one by what is new, so that a step never reads history again.
//!
//! This is a crate of its own, because it needs both the metrics of `millwork-ml` and the Parquet of `millwork-polars`, neither of which
//! has to be compiled for the other.

mod bytes;
mod column;
mod error;
mod frame;
mod ground_truth;
mod key;
mod order;
mod performance;
mod predictions;
mod rows;
mod source;
mod value;

pub use error::MonitorError;
pub use ground_truth::GroundTruth;
pub use key::RowKey;
pub use performance::{
    Baseline, Coverage, IncrementError, Metric, PairedOutcomes, Performance, PerformanceConfig,
    PerformanceFormat, PredictionCounts, SliceMeasures, TruthCounts, Undefined, WindowLength, WindowMeasures,
};
pub use predictions::Predictions;
pub use source::{MakePredictions, ModelVersion, PredictionSource, Role};
pub use value::RowValue;

/// Registers the errors of this crate, so that their hints are found where a step returns them as a `BoxError`.
pub fn register_errors() {
    millwork_core::advice::register::<MonitorError>();
    millwork_core::advice::register::<IncrementError>();
}
