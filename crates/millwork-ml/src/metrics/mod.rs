//! Metrics: how far predictions are from their targets.
//!
//! Each is a function of targets, predictions of the same length, and its parameters, and follows scikit-learn's
//! conventions, to 10⁻¹². Targets come first, by reference; with weights, as [`Weighted`] targets. That is the same
//! for every metric; those that take no weights (rank correlations) take slices.
//!
//! - *Quantities* are any [`Number`]s that convert to `f64` without loss: targets may be `u32` counts and predictions
//!   `f32`. All sums are taken in double precision.
//! - *Two classes* are [`Binary`]: `bool`s, or numbers that are 0 or 1.
//! - *Several classes* have [`Label`]s: anything with a total order. Their probabilities are [`ClassProbabilities`].
//! - *Rankings* have one more slice, which says of each row what query it belongs to.
//!
//! What scikit-learn answers with a warning and NaN is an error here: a metric is compared and gated on, and NaN passes or
//! fails every comparison silently. What it answers with a warning and the worst value (a precision of 0 where nothing
//! is predicted positive) is that value here. Negative weights are errors, and rows of weight 0 count as absent, except
//! that their classes appear in averages over classes, as there.
//!
//! Every metric is linear in the rows, or O(n log n) where it sorts.
//!
//! Curves and the confusion matrix are values to store, and become metadata: `output.metadata("ROC", &curve)`.

mod classification;
mod correlation;
mod curve;
mod error;
mod probability;
mod ranking;
mod regression;
mod rows;
mod sum;
mod targets;

pub use classification::*;
pub use correlation::{kendall_tau, spearman_correlation};
pub use curve::*;
pub use error::MetricError;
pub use probability::{
    Bins, CalibrationBin, CalibrationCurve, ClassProbabilities, Probability, brier_score, calibration_curve,
    expected_calibration_error, log_loss, multiclass_brier_score, multiclass_log_loss,
};
pub use ranking::*;
pub use regression::*;
pub use targets::{Binary, Label, Number, Targets, Weighted};
