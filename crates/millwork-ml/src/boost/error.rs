//! Why a booster cannot be trained, asked or loaded.

use thiserror::Error;

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
    #[error("failed to train for 0 rounds; hint: each round adds a tree, and XGBoost's usual number is 100")]
    NoRounds,
    /// A data set has no rows or no columns.
    #[error(
        "the data set `{set}` has {rows} rows and {columns} columns; hint: check the upstream asset or the split"
    )]
    EmptySet {
        /// The name of the data set.
        set: String,
        /// Its number of rows.
        rows: usize,
        /// Its number of columns.
        columns: usize,
    },
    /// Features do not have the columns that the model was trained on.
    #[error(
        "the features have {features} columns, but the model was trained on {model}; hint: transform with the vectorizer that the model was trained with"
    )]
    ColumnMismatch {
        /// How many columns the features have.
        features: usize,
        /// How many columns the model was trained on.
        model: usize,
    },
    /// Two evaluation sets have the same name.
    #[error("two evaluation sets are called `{set}`; hint: the history is by name, so give each its own")]
    DuplicateSet {
        /// The name.
        set: String,
    },
    /// Early stopping lacks a set to watch, or patience.
    #[error(
        "early stopping needs an evaluation set and at least one round of patience; hint: add the validation part with `evaluate`"
    )]
    NothingToWatch,
    /// A number does not fit the single precision that boosting computes in.
    #[error("the {number} {value:e} does not fit a 32-bit float, which boosting computes in")]
    TooLarge {
        /// Which number: `feature value` or `target`.
        number: &'static str,
        /// The number.
        value: f64,
    },
    /// A stored model is one that this booster cannot be.
    #[error(
        "the model is of objective `{objective}` with {outputs} outputs; hint: only `reg:squarederror` with one output is supported"
    )]
    UnsupportedModel {
        /// The model's objective, by XGBoost's name.
        objective: String,
        /// How many numbers it predicts per row.
        outputs: usize,
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
