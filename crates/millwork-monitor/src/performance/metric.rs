//! The metrics that a performance can have.

use millwork_core::Better;
use millwork_ml::metrics::{self, Average, MetricError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A metric of `millwork_ml::metrics`.
///
/// Those of two classes need ground truth of `bool`, or of 0 and 1. A predicted number is then the probability of `true`; for accuracy and
/// F1, more than one half is `true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the function of the same name")]
pub enum Metric {
    MeanAbsoluteError,
    RootMeanSquaredError,
    MedianAbsoluteError,
    MeanPoissonDeviance,
    RSquared,
    SpearmanCorrelation,
    Accuracy,
    F1,
    LogLoss,
    BrierScore,
    RocAuc,
    AveragePrecision,
}

impl Metric {
    pub(super) const ALL: [Self; 12] = [
        Self::MeanAbsoluteError,
        Self::RootMeanSquaredError,
        Self::MedianAbsoluteError,
        Self::MeanPoissonDeviance,
        Self::RSquared,
        Self::SpearmanCorrelation,
        Self::Accuracy,
        Self::F1,
        Self::LogLoss,
        Self::BrierScore,
        Self::RocAuc,
        Self::AveragePrecision,
    ];

    /// The name for people, by which its numbers are labelled.
    pub fn name(self) -> &'static str {
        match self {
            Self::MeanAbsoluteError => "MAE",
            Self::RootMeanSquaredError => "RMSE",
            Self::MedianAbsoluteError => "median absolute error",
            Self::MeanPoissonDeviance => "Poisson deviance",
            Self::RSquared => "R²",
            Self::SpearmanCorrelation => "Spearman",
            Self::Accuracy => "accuracy",
            Self::F1 => "F1",
            Self::LogLoss => "log loss",
            Self::BrierScore => "Brier score",
            Self::RocAuc => "ROC AUC",
            Self::AveragePrecision => "average precision",
        }
    }

    /// Which of two values is better.
    pub fn better(self) -> Better {
        match self {
            Self::MeanAbsoluteError
            | Self::RootMeanSquaredError
            | Self::MedianAbsoluteError
            | Self::MeanPoissonDeviance
            | Self::LogLoss
            | Self::BrierScore => Better::Lower,
            Self::RSquared
            | Self::SpearmanCorrelation
            | Self::Accuracy
            | Self::F1
            | Self::RocAuc
            | Self::AveragePrecision => Better::Higher,
        }
    }

    /// The metric of joined rows. `is_class` is whether the targets are `bool`s.
    pub(super) fn of(self, targets: &[f64], predictions: &[f64], is_class: bool) -> Result<f64, MetricError> {
        match self {
            Self::MeanAbsoluteError => metrics::mean_absolute_error(targets, predictions),
            Self::RootMeanSquaredError => metrics::root_mean_squared_error(targets, predictions),
            Self::MedianAbsoluteError => metrics::median_absolute_error(targets, predictions),
            Self::MeanPoissonDeviance => metrics::mean_poisson_deviance(targets, predictions),
            Self::RSquared => metrics::r_squared(targets, predictions),
            Self::SpearmanCorrelation => metrics::spearman_correlation(targets, predictions),
            Self::Accuracy if is_class => metrics::accuracy(&*classes(targets), &classes(predictions)),
            Self::Accuracy => metrics::accuracy(&*labels(targets), &labels(predictions)),
            Self::F1 => metrics::f1(&*classes(targets), &classes(predictions), Average::Class(true)),
            Self::LogLoss => metrics::log_loss(targets, predictions),
            Self::BrierScore => metrics::brier_score(targets, predictions),
            Self::RocAuc => metrics::roc_auc(targets, predictions),
            Self::AveragePrecision => metrics::average_precision(targets, predictions),
        }
    }
}

/// Probabilities as classes.
fn classes(numbers: &[f64]) -> Vec<bool> {
    numbers.iter().map(|&number| number > 0.5).collect()
}

/// Numbers as labels, which have a total order. There is no negative zero among them.
fn labels(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}
