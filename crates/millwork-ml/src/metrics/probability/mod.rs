//! Metrics of predicted probabilities.

mod brier;
mod calibration;
mod classes;
mod log_loss;
mod quantile;
mod rows;

pub use brier::{brier_score, multiclass_brier_score};
pub use calibration::{
    Bins, CalibrationBin, CalibrationCurve, calibration_curve, expected_calibration_error,
};
pub use classes::{ClassProbabilities, Probability};
pub use log_loss::{log_loss, multiclass_log_loss};
pub(super) use rows::{BinaryRow, BinaryRows};
