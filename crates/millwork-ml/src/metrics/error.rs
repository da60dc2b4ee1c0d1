//! Errors of metrics.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

/// Why a metric has no value. Rows are counted from 0.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Targets and predictions, weights or queries do not pair up.
    #[error("{targets} targets were given for {count} {values}")]
    LengthMismatch {
        /// How many targets there are.
        targets: usize,
        /// What they were to pair up with: `predictions`, `weights` or `queries`.
        values: &'static str,
        /// How many of these there are.
        count: usize,
    },
    /// There are fewer rows than the metric is defined for.
    #[error("`{metric}` needs {needed} rows or more and got {rows}")]
    TooFewRows {
        /// The name of the metric.
        metric: &'static str,
        /// The least number of rows.
        needed: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// A target, prediction or weight is infinite or not a number.
    #[error("the {value} of row {row} is not finite")]
    NotFinite {
        /// Which of them: `target`, `prediction` or `weight`.
        value: &'static str,
        /// The row, from 0.
        row: usize,
    },
    /// A weight is below 0.
    #[error("the weight of row {row} is {weight}")]
    NegativeWeight {
        /// The row, from 0.
        row: usize,
        /// The weight of the row.
        weight: f64,
    },
    /// All weights are 0.
    #[error("the weights of all rows are 0, so none counts")]
    NoWeight,
    /// A number is outside of what the metric is defined for.
    #[error("the {value} of row {row} is {}, and `{metric}` needs {needed}", short(*number))]
    OutOfRange {
        /// The name of the metric.
        metric: &'static str,
        /// Which of them: `target` or `prediction`.
        value: &'static str,
        /// The row, from 0.
        row: usize,
        /// The target or prediction of the row.
        number: f64,
        /// What the metric is defined for.
        needed: &'static str,
    },
    /// A parameter of the metric is outside of its range.
    #[error("the {parameter} of `{metric}` is {number}, and must be {needed}")]
    Parameter {
        /// The name of the metric.
        metric: &'static str,
        /// The name of the parameter.
        parameter: &'static str,
        /// The value of the parameter.
        number: f64,
        /// What it may be.
        needed: &'static str,
    },
    /// Finite numbers gave an infinite value.
    #[error("`{metric}` is too large a number")]
    Overflow {
        /// The name of the metric.
        metric: &'static str,
    },
    /// A correlation is asked for where one side does not vary.
    #[error("`{metric}` has no value, because all {values} are equal")]
    Constant {
        /// The name of the metric.
        metric: &'static str,
        /// Which of them: `targets` or `predictions`.
        values: &'static str,
    },
    /// A target is neither 0 nor 1.
    #[error("the target of row {row} is neither 0 nor 1")]
    NotBinary {
        /// The row, from 0.
        row: usize,
    },
    /// Rows of one of two classes are missing.
    #[error("`{metric}` has no value, because no row that counts is {class}")]
    MissingClass {
        /// The name of the metric.
        metric: &'static str,
        /// The class without rows: `positive` or `negative`, or that of a column.
        class: String,
    },
    /// All rows are of one class, and agreement by chance is certain.
    #[error("`{metric}` has no value, because all targets and predictions are of one class")]
    OneClass {
        /// The name of the metric.
        metric: &'static str,
    },
    /// No row has the class asked for.
    #[error("no row has the class that `{metric}` is asked for")]
    UnknownClass {
        /// The name of the metric.
        metric: &'static str,
    },
    /// A table of classes by classes would be too large.
    #[error("a confusion matrix of {classes} classes has too many cells")]
    TooManyClasses {
        /// How many classes there are.
        classes: usize,
    },
    /// The columns of probabilities are not those of two or more different classes.
    #[error("probabilities need two or more labels, each once")]
    ColumnLabels,
    /// The probabilities do not fill their rows.
    #[error("{count} probabilities do not fill rows of {columns} columns")]
    IncompleteRow {
        /// How many probabilities there are.
        count: usize,
        /// How many classes they are for.
        columns: usize,
    },
    /// The probabilities of a row do not add up to 1.
    #[error("the probabilities of row {row} add up to {sum}")]
    RowSum {
        /// The row, from 0.
        row: usize,
        /// What they add up to.
        sum: f64,
    },
    /// A target has no column of probabilities.
    #[error("the target of row {row} is none of the labels of the probabilities' columns")]
    NoColumn {
        /// The row, from 0.
        row: usize,
    },
    /// The rows of one query differ in weight.
    #[error("row {row} has another weight than the first row of its query")]
    QueryWeight {
        /// The row, from 0.
        row: usize,
    },
}

impl Advice for MetricError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::LengthMismatch { .. } => "both must come from the same rows".into(),
            Self::TooFewRows { .. } => "check the split or the upstream asset".into(),
            Self::NegativeWeight { .. } => "a weight is how often a row counts, 0 or more".into(),
            Self::Overflow { .. } => "bring targets and predictions to a smaller unit".into(),
            Self::NotBinary { .. } => "compare with the positive class to get `bool`s".into(),
            Self::UnknownClass { .. } => "check how it is spelt".into(),
            Self::TooManyClasses { .. } => "metrics such as `f1` need no matrix".into(),
            Self::RowSum { .. } => "1 is expected, as after a softmax".into(),
            Self::QueryWeight { .. } => "a query is weighted as a whole".into(),
            Self::NotFinite { .. }
            | Self::NoWeight
            | Self::OutOfRange { .. }
            | Self::Parameter { .. }
            | Self::Constant { .. }
            | Self::MissingClass { .. }
            | Self::OneClass { .. }
            | Self::ColumnLabels
            | Self::IncompleteRow { .. }
            | Self::NoColumn { .. } => return None,
        })
    }
}

/// A number without hundreds of digits.
fn short(number: f64) -> String {
    if number.abs() < 1e15 { number.to_string() } else { format!("{number:e}") }
}
