//! Why rows cannot be split.

use thiserror::Error;

/// Why rows cannot be split as requested.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// A share is not a proportion of the rows.
    #[error(
        "the {part} share is {share}; hint: a share is a proportion above 0 and below 1, such as 0.2 for a fifth of the rows"
    )]
    Share {
        /// The part whose share it is.
        part: &'static str,
        /// The requested share.
        share: f64,
    },
    /// The held-out parts leave nothing to train on.
    #[error(
        "no row is left to train on: {held_out} of {rows} rows are held out; hint: lower the shares, or check the upstream asset"
    )]
    NothingToTrainOn {
        /// How many rows there are.
        rows: usize,
        /// How many rows the other parts take.
        held_out: usize,
    },
    /// There are no rows.
    #[error("failed to split no rows; hint: check the upstream asset or the filter before it")]
    NoRows,
    /// Rows with equal keys leave a part without rows of its own.
    #[error(
        "the {part} part is empty, because rows with equal keys stay together; hint: use a finer key or other shares"
    )]
    TiesFillPart {
        /// The part that stays empty.
        part: &'static str,
    },
}
