//! The choices that parameters offer.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a term is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Analyzer {
    /// Words, and runs of neighbouring words.
    #[default]
    Word,
    /// Runs of characters, across words.
    Char,
    /// Runs of characters within words, with a space at either end of a word.
    CharWb,
}

/// Which accents are taken off before terms are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StripAccents {
    /// Accents are kept.
    #[default]
    None,
    /// Characters are decomposed (NFKD), and those that are not ASCII then are dropped: `é` is `e`, `ß` is nothing.
    Ascii,
    /// Characters are decomposed (NFKD), and combining marks are dropped: `é` is `e`, `ß` is `ß`.
    Unicode,
}

/// What each row is scaled by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Norm {
    /// Rows are not scaled.
    None,
    /// The sum of its absolute values.
    L1,
    /// The root of its sum of squares.
    L2,
}

/// A number of documents: an integer counts them, a number with a fraction point is a share of all.
///
/// As in scikit-learn, `1` is one document and `1.0` is every document.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DocumentFrequency {
    /// An absolute number of documents.
    Count(#[schemars(range(min = 1))] u64),
    /// So large a share of the documents, from 0 to 1.
    Share(#[schemars(range(min = 0.0, max = 1.0))] f64),
}

impl DocumentFrequency {
    /// How many of `documents` these are; a share need not come to a whole number.
    pub(in crate::text) fn of(self, documents: u64) -> f64 {
        match self {
            Self::Count(count) => count as f64,
            Self::Share(share) => share * documents as f64,
        }
    }

    /// Why it is invalid as the parameter `name`; `None` if it is valid.
    pub(super) fn problem(self, name: &str) -> Option<String> {
        let valid = match self {
            Self::Count(count) => count >= 1,
            Self::Share(share) => (0.0..=1.0).contains(&share),
        };
        (!valid)
            .then(|| format!("`{name}` is {self} and must be a count of 1 or above or a share of 0.0 to 1.0"))
    }
}

impl fmt::Display for DocumentFrequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Share(share) => write!(f, "{share:?}"),
        }
    }
}
