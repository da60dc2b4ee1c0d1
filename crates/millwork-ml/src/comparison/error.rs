//! Errors of comparing two models.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

use crate::metrics::MetricError;

/// Why two models can't be compared. Rows are counted from 0.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ComparisonError {
    /// Two lists of the same rows have different lengths.
    #[error("there are {rows} rows to compare and {count} {values}")]
    LengthMismatch {
        /// The number of rows: that of the targets, or of the champion's losses.
        rows: usize,
        /// What is of another length, such as `losses of the challenger`.
        values: String,
        /// The number of those.
        count: usize,
    },
    /// The held-out rows are too few to vary.
    #[error("two models are compared on 2 {units} or more, and there are {count}")]
    TooFewRows {
        /// What is drawn: `rows`, or `clusters` of them.
        units: &'static str,
        /// The number of those, without rows of weight 0.
        count: usize,
    },
    /// A loss or a weight is infinite or not a number.
    #[error("the {value} of row {row} is not finite")]
    NotFinite {
        /// Which of them: `champion's loss`, `challenger's loss` or `weight`.
        value: &'static str,
        /// The row.
        row: usize,
    },
    /// A weight is below 0.
    #[error("the weight of row {row} is {weight}")]
    NegativeWeight {
        /// The row.
        row: usize,
        /// The weight of the row.
        weight: f64,
    },
    /// The sum of finite losses is infinite.
    #[error("the losses are too large to be added")]
    Overflow,
    /// The metric has no value on the held-out rows.
    #[error("the {model}'s `{metric}` has no value on the held-out rows")]
    NoValue {
        /// Which model: `champion` or `challenger`.
        model: &'static str,
        /// The name of the metric.
        metric: String,
        /// The metric's own error.
        source: MetricError,
    },
    /// The metric is infinite or not a number.
    #[error("the {model}'s `{metric}` is {value}")]
    MetricNotFinite {
        /// Which model: `champion` or `challenger`.
        model: &'static str,
        /// The name of the metric.
        metric: String,
        /// Its value.
        value: f64,
    },
    /// The metric has no value on too many of the resamples.
    #[error("`{metric}` has no value on {undefined} of {resamples} resamples of the held-out rows")]
    Undefined {
        /// The name of the metric.
        metric: String,
        /// The number of resamples without a value.
        undefined: usize,
        /// The number of resamples.
        resamples: usize,
        /// The error of the first.
        source: Box<ComparisonError>,
    },
    /// The confidence level is not a share.
    #[error("the confidence level is {level} and must be above 0 and below 1")]
    Level {
        /// The level that was asked for.
        level: f64,
    },
    /// There are too few resamples for an interval.
    #[error(
        "{resamples} resamples are too few for an interval at the confidence level {level}, which needs {needed}"
    )]
    TooFewResamples {
        /// The number of resamples that was asked for.
        resamples: usize,
        /// The confidence level.
        level: f64,
        /// The least number for it.
        needed: usize,
    },
    /// A given resample is not one of these rows.
    #[error("resample {resample} is not a list of {units} numbers below {units}")]
    Resample {
        /// The number of the resample, from 0.
        resample: usize,
        /// The number of rows, or of clusters, that it is to draw from.
        units: usize,
    },
    /// A metric of rows was asked for with weights.
    #[error("`{metric}` is computed of rows and can't be weighted")]
    Unweighted {
        /// The name of the metric.
        metric: String,
    },
}

impl Advice for ComparisonError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::LengthMismatch { .. } => {
                "all must come from the same held-out rows, in the same order".into()
            }
            Self::TooFewRows { .. } => "check the split or the upstream asset".into(),
            Self::NotFinite { .. } => "check the predictions of that row".into(),
            Self::NegativeWeight { .. } => "a weight is how often a row counts, 0 or more".into(),
            Self::Overflow => "bring the losses to a smaller unit".into(),
            Self::Undefined { .. } => "hold out more rows, or compare by another metric".into(),
            Self::TooFewResamples { needed, .. } => format!("`.resamples({needed})` or more").into(),
            Self::Unweighted { .. } => "`compare` takes metrics of weighted targets".into(),
            Self::NoValue { source, .. } => return source.hint(),
            Self::MetricNotFinite { .. } | Self::Level { .. } | Self::Resample { .. } => return None,
        })
    }
}
