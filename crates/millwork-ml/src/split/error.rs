//! Errors of splitting rows.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

/// Why rows cannot be split as requested.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// A share is not a proportion of the rows.
    #[error("the {part} share is {share}")]
    Share {
        /// The part whose share it is.
        part: &'static str,
        /// The requested share.
        share: f64,
    },
    /// The held-out parts leave nothing to train on.
    #[error("no row is left to train on: {held_out} of {rows} rows are held out")]
    NothingToTrainOn {
        /// How many rows there are.
        rows: usize,
        /// How many rows the other parts take.
        held_out: usize,
    },
    /// There are no rows.
    #[error("failed to split no rows")]
    NoRows,
    /// Rows with equal keys leave a part without rows of its own.
    #[error("the {part} part is empty, because rows with equal keys stay together")]
    TiesFillPart {
        /// The part that stays empty.
        part: &'static str,
    },
    /// No selection of whole groups comes near a share.
    #[error("the {part} part should have about {wanted} rows, but whole groups give {closest} at best")]
    GroupsMissShare {
        /// The name of the part.
        part: &'static str,
        /// How many rows its share is.
        wanted: usize,
        /// How many rows the closest selection of groups has, or 0 where none is left.
        closest: usize,
    },
    /// A k-fold needs two folds.
    #[error("{folds} folds were asked for")]
    FoldCount {
        /// How many folds were asked for.
        folds: usize,
    },
    /// There is not one row or group for each fold.
    #[error("failed to make {folds} folds of {count} {units}")]
    TooManyFolds {
        /// How many folds were asked for.
        folds: usize,
        /// The divided unit: `rows` or `groups`.
        units: &'static str,
        /// How many of them there are.
        count: usize,
    },
    /// No class has a row for each fold.
    #[error("the most frequent class has {largest} rows for {folds} folds")]
    ClassesTooSmall {
        /// How many folds were asked for.
        folds: usize,
        /// How many rows the most frequent class has.
        largest: usize,
    },
    /// Rows with equal keys, or the gap, leave a fold without rows.
    #[error("the {part} part of fold {fold} is empty, because rows with equal keys stay together")]
    EmptyFold {
        /// The part that stays empty.
        part: &'static str,
        /// The fold, counted from 0.
        fold: usize,
    },
}

impl Advice for SplitError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Share { .. } => {
                "a share is a proportion above 0 and below 1, such as 0.2 for a fifth of the rows".into()
            }
            Self::NothingToTrainOn { .. } => "lower the shares, or check the upstream asset".into(),
            Self::NoRows => "check the upstream asset or the filter before it".into(),
            Self::TiesFillPart { .. } => "use a finer key or other shares".into(),
            Self::GroupsMissShare { .. } => "use another share or smaller groups".into(),
            Self::FoldCount { .. } => {
                "a k-fold has 2 or more, and a single split is `random` or alike".into()
            }
            Self::TooManyFolds { .. } => "ask for fewer folds".into(),
            Self::ClassesTooSmall { .. } => {
                "ask for fewer folds, or use `k_fold` if the labels are quantities".into()
            }
            Self::EmptyFold { .. } => "ask for fewer folds, a smaller gap or a finer key".into(),
        })
    }
}
