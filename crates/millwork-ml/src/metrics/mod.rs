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
//! - *Rankings* have one more slice, which has the query that each row belongs to.
//!
//! What scikit-learn answers with a warning and NaN is an error here: a metric is compared and gated on, and NaN passes or
//! fails every comparison silently. What it answers with a warning and the worst value (a precision of 0 where nothing
//! is predicted positive) is that value here. Negative weights are errors, and rows of weight 0 count as absent, except
//! that their classes appear in averages over classes, as there.
//!
//! Every metric is linear in the rows, or O(n log n) where it sorts.
//!
//! Curves and the confusion matrix are values to store, and become metadata: `output.metadata("ROC", &curve)`.

mod calibration;
mod classification;
mod confusion;
mod correlation;
mod curve;
mod error;
mod probability;
mod ranking;
mod regression;
mod rows;
mod targets;

pub use calibration::{
    Bins, CalibrationBin, CalibrationCurve, calibration_curve, expected_calibration_error,
};
pub use classification::{
    Average, accuracy, balanced_accuracy, cohen_kappa, f_beta, f1, matthews_correlation, precision, recall,
};
pub use confusion::{ClassNumbers, ConfusionMatrix};
pub use correlation::{kendall_tau, spearman_correlation};
pub use curve::{
    PrecisionRecallCurve, PrecisionRecallPoint, RocCurve, RocPoint, average_precision,
    average_precision_one_vs_rest, precision_recall_curve, roc_auc, roc_auc_one_vs_rest, roc_curve,
};
pub use error::MetricError;
pub use probability::{
    ClassProbabilities, Probability, brier_score, log_loss, multiclass_brier_score, multiclass_log_loss,
};
pub use ranking::{Gain, dcg, mean_average_precision, mean_reciprocal_rank, ndcg};
pub use regression::{
    explained_variance, max_error, mean_absolute_error, mean_absolute_percentage_error, mean_gamma_deviance,
    mean_pinball_loss, mean_poisson_deviance, mean_squared_error, mean_squared_log_error,
    mean_tweedie_deviance, median_absolute_error, r_squared, root_mean_squared_error,
    root_mean_squared_log_error,
};
pub(crate) use rows::compensated;
pub use targets::{Binary, Label, Number, Targets, Weighted};
