//! The parameters of hashing terms to columns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::TextError;
use crate::text::analysis::{Analysis, AnalysisParams};
use crate::text::params::count::TOKEN_PATTERN;
use crate::text::params::{Analyzer, Norm, StripAccents};

/// The widest matrix, as in scikit-learn.
const MOST_FEATURES: usize = i32::MAX as usize - 1;

/// How documents become features without a vocabulary: the parameters of scikit-learn's `HashingVectorizer`.
///
/// Names, meanings and defaults are scikit-learn's; unknown names are an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HashingParams {
    /// Whether documents are put in lower case first, as Python's `str.lower` does.
    pub lowercase: bool,
    /// Which accents are taken off, after lower-casing.
    pub strip_accents: StripAccents,
    /// What a term is made of.
    pub analyzer: Analyzer,
    /// The fewest and the most words or characters of a term.
    pub ngram_range: (usize, usize),
    /// Words that are dropped before they are joined to terms. Only for `analyzer = "word"`.
    pub stop_words: Vec<String>,
    /// What a word is; see [`CountParams::token_pattern`](crate::text::CountParams::token_pattern).
    pub token_pattern: String,
    /// The number of columns, at most 2³¹ − 2.
    #[schemars(range(min = 1, max = 2_147_483_646))]
    pub n_features: usize,
    /// Whether half of the terms count negatively, so that terms that share a column cancel out on average.
    pub alternate_sign: bool,
    /// Whether every entry is 1, however often its terms occur.
    pub binary: bool,
    /// What each row is scaled by.
    pub norm: Norm,
}

impl Default for HashingParams {
    fn default() -> Self {
        Self {
            lowercase: true,
            strip_accents: StripAccents::None,
            analyzer: Analyzer::Word,
            ngram_range: (1, 1),
            stop_words: Vec::new(),
            token_pattern: TOKEN_PATTERN.to_owned(),
            n_features: 1 << 20,
            alternate_sign: true,
            binary: false,
            norm: Norm::L2,
        }
    }
}

impl HashingParams {
    /// Checks every value against its range, and the token pattern.
    ///
    /// # Errors
    ///
    /// [`TextError::Params`] with all that is wrong, not only the first.
    pub fn validate(&self) -> Result<(), TextError> {
        self.check().map(|_| ())
    }

    /// Checks the parameters, and prepares what each document needs.
    pub(in crate::text) fn check(&self) -> Result<Analysis, TextError> {
        let mut problems = Vec::new();
        let analysis = self.analysis().prepare(&mut problems);
        if !(1..=MOST_FEATURES).contains(&self.n_features) {
            problems.push(format!("`n_features` is {} and must be 1 to {MOST_FEATURES}", self.n_features));
        }
        analysis.filter(|_| problems.is_empty()).ok_or(TextError::Params { problems })
    }

    fn analysis(&self) -> AnalysisParams<'_> {
        AnalysisParams {
            lowercase: self.lowercase,
            strip_accents: self.strip_accents,
            analyzer: self.analyzer,
            ngram_range: self.ngram_range,
            stop_words: &self.stop_words,
            token_pattern: &self.token_pattern,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(params: &HashingParams, expected: Result<(), &str>) {
        let found = params.validate().map_err(|error| error.to_string());
        assert_eq!(
            found,
            expected.map_err(|problem| format!("the vectorizer's parameters are invalid: {problem}"))
        );
    }

    #[test]
    fn values_are_checked() {
        check(&HashingParams::default(), Ok(()));
        check(
            &HashingParams { n_features: 0, ngram_range: (0, 0), ..HashingParams::default() },
            Err(
                "`ngram_range` is 0 to 0 and must ascend from 1 or above; `n_features` is 0 and must be 1 to 2147483646",
            ),
        );
    }
}
