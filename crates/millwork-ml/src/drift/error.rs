//! Errors of comparing samples.

use std::borrow::Cow;

use millwork_core::advice::Advice;
use thiserror::Error;

/// Why samples cannot be compared.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum DriftError {
    /// A sample is empty.
    #[error("the {sample} has no values to compare")]
    Empty {
        /// Which one: `reference` or `current sample`.
        sample: &'static str,
    },
    /// Lists of counts have different lengths.
    #[error("the reference has {reference} bins and the current sample {current}")]
    Bins {
        /// How many the reference has.
        reference: usize,
        /// How many the current sample has.
        current: usize,
    },
    /// A number is not a count, or NaN.
    #[error("element {index} of the {sample} is {number}, which cannot be compared")]
    Number {
        /// Which sample: `reference` or `current sample`.
        sample: &'static str,
        /// Its place, from 0.
        index: usize,
        /// The number that was given.
        number: f64,
    },
    /// Two columns of a profile have the same name.
    #[error("two columns are called `{column}`")]
    ColumnTwice {
        /// The name of the column.
        column: String,
    },
    /// A column holds numbers in one profile and categories in the other.
    #[error("the column `{column}` holds numbers in one profile and categories in the other")]
    Kinds {
        /// The name of the column.
        column: String,
    },
    /// A stored profile contradicts itself.
    #[error("the profile's column `{column}` is damaged: {problem}")]
    Damaged {
        /// The name of the column.
        column: String,
        /// The reason why it is invalid.
        problem: &'static str,
    },
    /// A threshold is out of range.
    #[error(
        "the thresholds of the population stability index are {moderate} and {significant} and must ascend from 0"
    )]
    Thresholds {
        /// From where on a change is moderate.
        moderate: f64,
        /// From where on it is significant.
        significant: f64,
    },
}

impl Advice for DriftError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Empty { .. } => "check the upstream asset, or wait for more rows".into(),
            Self::Bins { .. } => "count both in the same bins".into(),
            Self::ColumnTwice { .. } => "give each a name of its own".into(),
            Self::Kinds { .. } => "profile both in the same way".into(),
            Self::Damaged { .. } => "materialize the reference again".into(),
            Self::Number { .. } | Self::Thresholds { .. } => return None,
        })
    }
}
