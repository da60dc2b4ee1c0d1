//! Errors of training, asking and loading a booster.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use millwork_boost::grow::Refusal;
use millwork_boost::metric::MetricError;
use millwork_boost::objective::InterceptError;
use millwork_boost::{InvalidParams, UnknownMetric};
use millwork_core::advice::Advice;
use thiserror::Error;

use crate::boost::columns::ColumnKind;
use crate::boost::native::NativeError;
use crate::features::FeaturesError;

/// Why a booster cannot be trained, asked or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BoostError {
    /// Parameters lie outside their ranges.
    #[error(transparent)]
    Params(#[from] InvalidParams),
    /// No round was asked for.
    #[error("failed to train for 0 rounds")]
    NoRounds,
    /// A data set has no rows or no columns.
    #[error("the data set `{set}` has {rows} rows and {columns} columns")]
    EmptySet {
        /// The name of the data set.
        set: String,
        /// Its number of rows.
        rows: usize,
        /// Its number of columns.
        columns: usize,
    },
    /// Features do not have the columns that the model was trained on.
    #[error("the features have {features} columns, but the model was trained on {model}")]
    ColumnMismatch {
        /// How many columns the features have.
        features: usize,
        /// How many columns the model was trained on.
        model: usize,
    },
    /// A column of an evaluation set holds categories where the training data has numbers, or the reverse.
    #[error("column {column} holds {found} in `{set}`, and {expected} in the training data")]
    SetColumnKind {
        /// The name of the evaluation set.
        set: String,
        /// The column: its name in backticks, or its number.
        column: String,
        /// What it holds in the evaluation set.
        found: ColumnKind,
        /// What it holds in the training data.
        expected: ColumnKind,
    },
    /// A column of a model to continue from holds categories where the training data has numbers, or the reverse.
    #[error(
        "column {column} holds {found} in the model to continue from, and {expected} in the training data"
    )]
    StartColumnKind {
        /// The column: its name in backticks, or its number.
        column: String,
        /// What it holds in the model.
        found: ColumnKind,
        /// What it holds in the training data.
        expected: ColumnKind,
    },
    /// A metric is undefined for the objective's predictions, or for an evaluation set.
    #[error("failed to measure `{set}`: {problem}")]
    Metric {
        /// The name of the evaluation set.
        set: String,
        /// Which metric, and what does not suit it.
        problem: MetricError,
    },
    /// A metric of the user's own is called as one of XGBoost's.
    #[error("a metric of your own is called `{metric}`, as one of XGBoost's is")]
    MetricName {
        /// The name that was given.
        metric: String,
    },
    /// Two evaluation sets have the same name.
    #[error("two evaluation sets are called `{set}`")]
    DuplicateSet {
        /// The name of the evaluation set.
        set: String,
    },
    /// Early stopping lacks a set to watch, or patience.
    #[error("early stopping needs an evaluation set and at least one round of patience")]
    NothingToWatch,
    /// The watched metric was not a number in any round, so that no round is the best one.
    #[error(
        "the metric `{metric}` is not defined on `{set}`: it was no finite number in any of {rounds} rounds"
    )]
    UndefinedMetric {
        /// The name of the watched evaluation set.
        set: String,
        /// The name of the watched metric.
        metric: String,
        /// How many rounds were waited.
        rounds: usize,
    },
    /// A number does not fit the single precision that boosting computes in.
    #[error(
        "the {number} of row {row} is {value:e}, which does not fit the 32-bit floats that boosting computes in"
    )]
    TooLarge {
        /// Which number: `value in column 3`, `target` or `weight`.
        number: String,
        /// The row of the number, from 0.
        row: usize,
        /// The number that doesn't fit single precision.
        value: f64,
    },
    /// A metric is called what no metric is called.
    #[error(transparent)]
    UnknownMetric(#[from] UnknownMetric),
    /// A target is one that the objective does not know.
    #[error("the targets of `{set}` do not suit the objective: {problem}")]
    Target {
        /// The name of the data set.
        set: String,
        /// Which row's, and what it should be.
        problem: String,
    },
    /// A loss has derivatives, times the weight, that are no finite numbers.
    #[error(
        "the loss has the derivatives {first} and {second} for row {row}, output {output}, which must be finite"
    )]
    Derivatives {
        /// The row, from 0.
        row: usize,
        /// The output, from 0.
        output: usize,
        /// The first derivative of the loss.
        first: f32,
        /// The second derivative of the loss.
        second: f32,
    },
    /// There is no number to start from.
    #[error("failed to find what to predict before the first tree: {0}")]
    Intercept(InterceptError),
    /// A training continues from a model of another objective.
    #[error("the model to continue from has learned `{found}`, not `{expected}`")]
    OtherObjective {
        /// The objective of the model, with its classes or quantiles.
        found: String,
        /// The objective of the parameters, with its classes or quantiles.
        expected: String,
    },
    /// The model's objective is unknown, so its margins have no known meaning.
    #[error("the model predicts by `{objective}`, which is not a known objective")]
    UnknownObjective {
        /// XGBoost's name of the objective.
        objective: String,
    },
    /// The columns of features are not those of the model.
    #[error("the features are not those that the model was trained on: {0}")]
    Columns(FeaturesError),
    /// The embedded backend cannot do what parameters or data ask for.
    #[error("the embedded backend cannot train this: {0}")]
    Unsupported(Refusal),
    /// The native backend cannot do its work.
    #[error(transparent)]
    Native(#[from] NativeError),
    /// The state of a training cannot be kept.
    #[error("failed to {action} the checkpoint `{}`", file.display())]
    Checkpoint {
        /// What was being done.
        action: &'static str,
        /// The path of the file.
        file: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// A training was canceled before there was a model.
    #[error("the training was canceled before its first round ended")]
    Canceled,
    /// A model predicts several numbers per row where one was asked for.
    #[error("the model predicts {outputs} numbers per row")]
    SeveralOutputs {
        /// The number of outputs.
        outputs: usize,
    },
    /// A row has a value in a column that the model does not have.
    #[error("the row has a value in column {column}, but the model has {columns} columns")]
    RowColumn {
        /// The number of the column, from 0.
        column: u32,
        /// How many columns the model has.
        columns: usize,
    },
    /// The columns of a row are not ascending.
    #[error("the row has column {column} after column {before}")]
    RowOrder {
        /// The first column that is not above the one before it: its name in backticks, or its number.
        column: String,
        /// The one before it.
        before: String,
    },
    /// A row has not one value for each of its columns.
    #[error("the row has {values} values for {columns} columns")]
    RowValues {
        /// The number of its columns.
        columns: usize,
        /// The number of its values.
        values: usize,
    },
    /// A model file or a training's checkpoint cannot be read or written.
    #[error("failed to {action}")]
    File {
        /// What was being done.
        action: &'static str,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Advice for BoostError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NoRounds => "each round adds a tree, and XGBoost's usual number is 100".into(),
            Self::EmptySet { .. } => "check the upstream asset or the split".into(),
            Self::ColumnMismatch { .. } => {
                "transform with the vectorizer that the model was trained with".into()
            }
            Self::DuplicateSet { .. } => "the history is by name, so give each its own".into(),
            Self::NothingToWatch => "add the validation part with `evaluate`".into(),
            Self::UndefinedMetric { .. } => {
                "let `eval_metric` end with a metric that suits the objective, and see that the set has rows of every class"
                    .into()
            }
            Self::UnknownMetric(_) => UnknownMetric::HINT.into(),
            Self::UnknownObjective { .. } => "ask for margins, `predict_margin`".into(),
            Self::Columns(error) => return error.hint(),
            Self::Derivatives { .. } => {
                "see that a loss of your own divides by no 0; otherwise set `base_score`, or scale targets and weights".into()
            }
            Self::Intercept(error) => return error.hint().map(Into::into),
            Self::Unsupported(refusal) => refusal.hint().into(),
            Self::Native(error) => return error.hint(),
            Self::SeveralOutputs { .. } => "call `predict_outputs`".into(),
            Self::RowColumn { .. } => "columns are counted from 0".into(),
            Self::RowOrder { .. } | Self::RowValues { .. } => {
                "give its columns in ascending order, and a value for each".into()
            }
            Self::Metric { problem, .. } => problem.hint().into(),
            Self::MetricName { .. } => "the history is by name, so give it one of its own".into(),
            Self::SetColumnKind { .. } | Self::StartColumnKind { .. } => {
                "mark the columns of categories on both sides, by `Features::with_categories`".into()
            }
            Self::Params(_)
            | Self::TooLarge { .. }
            | Self::Checkpoint { .. }
            | Self::Canceled
            | Self::Target { .. }
            | Self::OtherObjective { .. }
            | Self::File { .. } => return None,
        })
    }
}

impl BoostError {
    /// Makes an error of what went wrong while `action` was done.
    pub(super) fn file<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        action: &'static str,
    ) -> impl Fn(E) -> Self {
        move |error| Self::File { action, source: error.into() }
    }
}
