//! The parameters of counting terms.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::features::Features;
use crate::text::analysis::{Analysis, AnalysisParams};
use crate::text::counting::texts;
use crate::text::params::{Analyzer, DocumentFrequency, StripAccents};
use crate::text::{CountVectorizer, TextError};

/// scikit-learn's default token pattern: runs of at least two word characters.
pub(super) const TOKEN_PATTERN: &str = r"(?u)\b\w\w+\b";

/// How documents become counts of terms: the parameters of scikit-learn's `CountVectorizer`.
///
/// Names, meanings and defaults are scikit-learn's; unknown names are an error. Values are checked when fitting starts.
///
/// ```
/// use millwork_ml::text::{CountParams, DocumentFrequency};
///
/// let params = CountParams { ngram_range: (1, 2), min_df: DocumentFrequency::Count(2), ..CountParams::default() };
/// let vectorizer = params.fit(&["the cat sat", "The cat ran"])?;
/// assert_eq!(vectorizer.terms(), ["cat", "the", "the cat"]);
/// # Ok::<(), millwork_ml::text::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CountParams {
    /// Whether documents are put in lower case first, as Python's `str.lower` does.
    pub lowercase: bool,
    /// Which accents are taken off, after lower-casing.
    pub strip_accents: StripAccents,
    /// What a term is made of.
    pub analyzer: Analyzer,
    /// The fewest and the most words or characters of a term.
    pub ngram_range: (usize, usize),
    /// Words that are dropped before they are joined to terms; they must be as the tokenizer gives them. Only for
    /// `analyzer = "word"`.
    pub stop_words: Vec<String>,
    /// What a word is: a regular expression with at most one capture group, which is the word if there is one. Only for
    /// `analyzer = "word"`. Runs of word characters, as the default and `\b\w{3,}\b`, are those of Python's `re`; any other pattern is
    /// one of the [`regex`](https://docs.rs/regex/latest/regex/#syntax) crate. Patterns that match the empty string are refused.
    pub token_pattern: String,
    /// Terms in fewer documents are dropped; without effect if a vocabulary is given.
    pub min_df: DocumentFrequency,
    /// Terms in more documents are dropped; without effect if a vocabulary is given.
    pub max_df: DocumentFrequency,
    /// The maximum number of terms: of the others, those that occur most often in all documents together are kept. Without
    /// effect if a vocabulary is given.
    #[schemars(range(min = 1))]
    pub max_features: Option<usize>,
    /// The terms, in the order of their columns; learned from the documents if absent.
    pub vocabulary: Option<Vec<String>>,
    /// Whether a term counts once per document, however often it occurs.
    pub binary: bool,
}

impl Default for CountParams {
    fn default() -> Self {
        Self {
            lowercase: true,
            strip_accents: StripAccents::None,
            analyzer: Analyzer::Word,
            ngram_range: (1, 1),
            stop_words: Vec::new(),
            token_pattern: TOKEN_PATTERN.to_owned(),
            min_df: DocumentFrequency::Count(1),
            max_df: DocumentFrequency::Share(1.0),
            max_features: None,
            vocabulary: None,
            binary: false,
        }
    }
}

impl CountParams {
    /// Learns the vocabulary of documents.
    ///
    /// # Errors
    ///
    /// When a parameter is invalid, or the documents give no vocabulary.
    pub fn fit(&self, documents: &[impl AsRef<str> + Sync]) -> Result<CountVectorizer, TextError> {
        Ok(CountVectorizer::fit_rows(self, &texts(documents))?.0)
    }

    /// Fits, and transforms the same documents: `documents.len()` rows × one column per term.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit).
    pub fn fit_transform(
        &self,
        documents: &[impl AsRef<str> + Sync],
    ) -> Result<(CountVectorizer, Features), TextError> {
        let (vectorizer, rows) = CountVectorizer::fit_rows(self, &texts(documents))?;
        let features = vectorizer.features(rows);
        Ok((vectorizer, features))
    }

    /// Checks every value against its range, and the token pattern.
    ///
    /// # Errors
    ///
    /// [`TextError::Params`] with all that is wrong, not only the first.
    pub fn validate(&self) -> Result<(), TextError> {
        self.check().map(|_| ())
    }

    /// The words that the tokenizer makes of the stop words and that are no stop words themselves, in code point order.
    ///
    /// Such stop words do not do what was probably meant: with the default token pattern the stop word `it's` never
    /// occurs, and the word `it` that it would have to be is not dropped. scikit-learn warns of them when it fits; here
    /// it is up to the caller to look. Empty unless `analyzer` is [`Analyzer::Word`].
    ///
    /// # Errors
    ///
    /// As [`validate`](Self::validate).
    pub fn inconsistent_stop_words(&self) -> Result<Vec<String>, TextError> {
        let analysis = self.check()?;
        let mut words = analysis.words_of_stop_words(&self.stop_words);
        words.sort_unstable();
        words.dedup();
        Ok(words)
    }

    /// Checks the parameters, and prepares what each document needs.
    pub(in crate::text) fn check(&self) -> Result<Analysis, TextError> {
        let mut problems = Vec::new();
        let analysis = self.analysis().prepare(&mut problems);
        problems.extend(self.min_df.problem("min_df"));
        problems.extend(self.max_df.problem("max_df"));
        if self.max_features == Some(0) {
            problems.push("`max_features` is 0 and must be 1 or above".to_owned());
        }
        if let Some(vocabulary) = &self.vocabulary {
            problems.extend(vocabulary_problem(vocabulary));
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

fn vocabulary_problem(vocabulary: &[String]) -> Option<String> {
    if vocabulary.is_empty() {
        return Some("`vocabulary` is empty; leave it out to learn one".to_owned());
    }
    let mut seen = HashSet::new();
    let duplicate = vocabulary.iter().find(|term| !seen.insert(term.as_str()))?;
    Some(format!("`vocabulary` has the term `{duplicate}` more than once"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Result<(), &str>) {
        let params: Result<CountParams, _> = serde_json::from_str(json);
        let checked = params
            .map_err(|error| error.to_string())
            .and_then(|params| params.validate().map_err(|error| error.to_string()));
        match (checked, expected) {
            (Ok(()), Ok(())) => {}
            (Err(found), Err(expected)) if found.contains(expected) => {}
            (checked, _) => panic!("{json}: {checked:?}"),
        }
    }

    #[test]
    fn parameters_are_read_by_scikit_learn_s_names() {
        check("{}", Ok(()));
        check(r#"{"analyzer": "char_wb", "ngram_range": [2, 5], "strip_accents": "unicode"}"#, Ok(()));
        check(r#"{"min_df": 2, "max_df": 0.5, "max_features": 100, "binary": true}"#, Ok(()));
        check(r#"{"vocabulary": ["bb", "aa"], "lowercase": false, "stop_words": ["the"]}"#, Ok(()));
        check(r#"{"min_dv": 2}"#, Err("unknown field `min_dv`"));
        check(r#"{"analyzer": "sentence"}"#, Err("unknown variant `sentence`"));
    }

    #[test]
    fn invalid_values_are_errors() {
        check(r#"{"ngram_range": [2, 1]}"#, Err("`ngram_range` is 2 to 1 and must ascend from 1 or above"));
        check(r#"{"ngram_range": [0, 1]}"#, Err("`ngram_range` is 0 to 1"));
        check(r#"{"min_df": 0, "max_df": 1.5}"#, Err("`min_df` is 0 and must be a count of 1 or above"));
        check(r#"{"min_df": 0, "max_df": 1.5}"#, Err("; `max_df` is 1.5 and must be"));
        check(r#"{"max_features": 0}"#, Err("`max_features` is 0"));
        check(r#"{"vocabulary": []}"#, Err("`vocabulary` is empty"));
        check(r#"{"vocabulary": ["aa", "bb", "aa"]}"#, Err("the term `aa` more than once"));
        check(r#"{"token_pattern": "(a"}"#, Err("`token_pattern`"));
        check(r#"{"token_pattern": "(a", "analyzer": "char"}"#, Ok(()));
    }

    #[test]
    fn a_count_and_a_share_stay_what_they_are() {
        let params = CountParams { max_df: DocumentFrequency::Count(1), ..CountParams::default() };
        let json = serde_json::to_string(&params).expect("JSON");
        assert!(json.contains(r#""max_df":1,"#), "{json}");
        assert_eq!(serde_json::from_str::<CountParams>(&json).expect("what was written"), params);
        let json = serde_json::to_string(&CountParams::default()).expect("JSON");
        assert!(json.contains(r#""max_df":1.0,"#), "{json}");
        assert_eq!(
            serde_json::from_str::<CountParams>(&json).expect("what was written"),
            CountParams::default()
        );
    }

    #[test]
    fn inconsistent_stop_words_are_found() {
        let stop_words = ["it's", "don't", "don", "The"].map(str::to_owned).to_vec();
        let params = CountParams { stop_words, ..CountParams::default() };
        assert_eq!(params.inconsistent_stop_words().expect("valid parameters"), ["it", "the"]);
    }

    #[test]
    fn the_schema_states_ranges_and_defaults() {
        let schema = schemars::schema_for!(CountParams).to_value();
        assert_eq!(schema["properties"]["max_df"]["default"], 1.0);
        assert_eq!(schema["properties"]["max_features"]["minimum"], 1);
        assert_eq!(schema["additionalProperties"], false);
    }
}
