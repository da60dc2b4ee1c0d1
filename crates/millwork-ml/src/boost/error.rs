//! Why a booster cannot be trained, asked or loaded.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use millwork_core::advice::Advice;
use thiserror::Error;

use crate::boost::native::NativeError;

/// Why a booster cannot be trained, asked or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BoostError {
    /// Parameters lie outside their ranges.
    #[error("the booster's parameters are invalid: {}", problems.join("; "))]
    Params {
        /// What is wrong with each.
        problems: Vec<String>,
    },
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
    /// Two evaluation sets have the same name.
    #[error("two evaluation sets are called `{set}`")]
    DuplicateSet {
        /// The name.
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
        /// The watched set.
        set: String,
        /// The watched metric.
        metric: String,
        /// How many rounds were waited.
        rounds: usize,
    },
    /// A number does not fit the single precision that boosting computes in.
    #[error("the {number} {value:e} does not fit a 32-bit float, which boosting computes in")]
    TooLarge {
        /// Which number: `feature value` or `target`.
        number: &'static str,
        /// The number.
        value: f64,
    },
    /// A metric is called what no metric is called.
    #[error("unknown metric `{metric}`")]
    UnknownMetric {
        /// The name.
        metric: String,
    },
    /// The embedded backend cannot do what parameters ask for.
    #[error("the embedded backend does not support these parameters: {reason}")]
    Unsupported {
        /// What it does not support.
        reason: String,
    },
    /// The native backend cannot do its work.
    #[error(transparent)]
    Native(#[from] NativeError),
    /// The state of a training cannot be kept.
    #[error("failed to {action} the checkpoint `{}`", file.display())]
    Checkpoint {
        /// What was being done.
        action: &'static str,
        /// The file.
        file: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A training was canceled before there was a model.
    #[error("the training was canceled before its first round ended")]
    Canceled,
    /// A model predicts several numbers per row where one was asked for.
    #[error("the model predicts {outputs} numbers per row")]
    SeveralOutputs {
        /// How many.
        outputs: usize,
    },
    /// A row is not one of the model's.
    #[error("the row does not fit the model, which has {columns} columns")]
    Row {
        /// How many columns the model has.
        columns: usize,
    },
    /// The library that computes refused or failed.
    #[error("failed to {action}")]
    Library {
        /// What was being done.
        action: &'static str,
        /// Why it failed.
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
            Self::UnknownMetric { .. } => {
                "the names are XGBoost's, such as `rmse`, `mae`, `logloss`, `auc`, `error@0.3` or `ndcg@10`"
                    .into()
            }
            Self::Unsupported { .. } => "set `backend` to `native`".into(),
            Self::Native(error) => return error.hint(),
            Self::SeveralOutputs { .. } => "call `predict_outputs`".into(),
            Self::Row { .. } => "give its columns in ascending order, and a value for each".into(),
            Self::Params { .. }
            | Self::TooLarge { .. }
            | Self::Checkpoint { .. }
            | Self::Canceled
            | Self::Library { .. } => return None,
        })
    }
}

impl BoostError {
    /// Makes an error of what a library answered while `action` was done.
    pub(super) fn library<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        action: &'static str,
    ) -> impl Fn(E) -> Self {
        move |error| Self::Library { action, source: error.into() }
    }
}
