//! Why a metric has no value.

use thiserror::Error;

/// Why a metric has no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Targets and predictions do not pair up.
    #[error(
        "{targets} targets were given for {predictions} predictions; hint: both must come from the same rows"
    )]
    LengthMismatch {
        /// How many targets there are.
        targets: usize,
        /// How many predictions there are.
        predictions: usize,
    },
    /// There are fewer rows than the metric is defined for.
    #[error(
        "`{metric}` needs {needed} rows or more and got {rows}; hint: check the split or the upstream asset"
    )]
    TooFewRows {
        /// The metric.
        metric: &'static str,
        /// The least number of rows.
        needed: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// A target or prediction is infinite or not a number.
    #[error("the {value} of row {row} is not finite")]
    NotFinite {
        /// Which of the two: `target` or `prediction`.
        value: &'static str,
        /// The row.
        row: usize,
    },
}
