//! Fitted vectorizers at rest: parameters and counts, from which every weight follows.
//!
//! Only parameters, integers and terms are stored, so the form is compact, and a weight cannot disagree with the counts.
//! A vocabulary that was given is stored once, among the parameters. Version 1 of the stored form had no parameters: they
//! were the defaults. Version 2 has the form of version 3, but its token patterns are Python's: of those only the ones that mean the same
//! are taken.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::text::analysis::had_the_same_words;
use crate::text::vocabulary::Vocabulary;
use crate::text::{
    Analyzer, CountParams, CountVectorizer, HashingParams, HashingVectorizer, TextError, TfidfParams,
    TfidfVectorizer,
};

/// The version of the stored form.
const VERSION: u32 = 3;

/// The last version whose token patterns are in the syntax of Python's `re`.
const LAST_OF_PYTHON_S: u32 = 2;

/// The first version that has parameters.
const FIRST_WITH_PARAMS: u32 = 2;

/// The stored form of a TF-IDF vectorizer as read, before it is checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredTfidf {
    version: u32,
    params: Option<TfidfParams>,
    documents: u64,
    terms: Option<Vec<String>>,
    document_frequencies: Vec<u64>,
}

/// The stored form of a count vectorizer as read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredCounts {
    version: u32,
    params: CountParams,
    terms: Option<Vec<String>>,
}

/// The stored form of a hashing vectorizer as read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredHashing {
    version: u32,
    params: HashingParams,
}

/// The stored form as written: [`StoredTfidf`], borrowed.
#[derive(Serialize)]
struct StoredTfidfRef<'a> {
    version: u32,
    params: &'a TfidfParams,
    documents: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<&'a [String]>,
    document_frequencies: &'a [u64],
}

/// The stored form as written: [`StoredCounts`], borrowed.
#[derive(Serialize)]
struct StoredCountsRef<'a> {
    version: u32,
    params: &'a CountParams,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<&'a [String]>,
}

/// The stored form as written: [`StoredHashing`], borrowed.
#[derive(Serialize)]
struct StoredHashingRef<'a> {
    version: u32,
    params: &'a HashingParams,
}

impl Serialize for TfidfVectorizer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StoredTfidfRef {
            version: VERSION,
            params: self.params(),
            documents: self.documents(),
            terms: self.params().counts.vocabulary.is_none().then(|| self.terms()),
            document_frequencies: self.document_frequencies(),
        }
        .serialize(serializer)
    }
}

impl Serialize for CountVectorizer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let terms = self.params().vocabulary.is_none().then(|| self.terms());
        StoredCountsRef { version: VERSION, params: self.params(), terms }.serialize(serializer)
    }
}

impl Serialize for HashingVectorizer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StoredHashingRef { version: VERSION, params: self.params() }.serialize(serializer)
    }
}

impl TryFrom<StoredTfidf> for TfidfVectorizer {
    type Error = TextError;

    fn try_from(stored: StoredTfidf) -> Result<Self, TextError> {
        let StoredTfidf { version, params, documents, terms, document_frequencies } = stored;
        check_version(version, 1)?;
        let params = match params {
            None if version == 1 => TfidfParams::default(),
            Some(params) if version > 1 => params,
            _ => return Err(TextError::Damaged { problem: "its version and its parameters do not fit" }),
        };
        check_pattern(version, params.counts.analyzer, &params.counts.token_pattern)?;
        let analysis = params.counts.check()?;
        let terms = checked_terms(&params.counts, terms)?;
        let is_given = params.counts.vocabulary.is_some();
        let problem = frequencies_problem(documents, &document_frequencies, terms.len(), is_given);
        problem.map_or(Ok(()), |problem| Err(TextError::Damaged { problem }))?;
        Self::new(params, analysis, Vocabulary::new(terms), documents, document_frequencies)
    }
}

impl TryFrom<StoredCounts> for CountVectorizer {
    type Error = TextError;

    fn try_from(stored: StoredCounts) -> Result<Self, TextError> {
        check_version(stored.version, FIRST_WITH_PARAMS)?;
        check_pattern(stored.version, stored.params.analyzer, &stored.params.token_pattern)?;
        let terms = checked_terms(&stored.params, stored.terms)?;
        Self::new(stored.params, terms)
    }
}

impl TryFrom<StoredHashing> for HashingVectorizer {
    type Error = TextError;

    fn try_from(stored: StoredHashing) -> Result<Self, TextError> {
        check_version(stored.version, FIRST_WITH_PARAMS)?;
        check_pattern(stored.version, stored.params.analyzer, &stored.params.token_pattern)?;
        Self::new(&stored.params)
    }
}

fn check_version(version: u32, oldest: u32) -> Result<(), TextError> {
    if (oldest..=VERSION).contains(&version) {
        Ok(())
    } else {
        Err(TextError::Version { version, supported: VERSION })
    }
}

/// Refuses a pattern that finds other words than it found when it was stored.
fn check_pattern(version: u32, analyzer: Analyzer, pattern: &str) -> Result<(), TextError> {
    if version > LAST_OF_PYTHON_S || analyzer != Analyzer::Word || had_the_same_words(pattern) {
        Ok(())
    } else {
        Err(TextError::EarlierPattern { pattern: pattern.to_owned() })
    }
}

/// The terms in column order, from the parameters or from beside them.
fn checked_terms(params: &CountParams, terms: Option<Vec<String>>) -> Result<Arc<[String]>, TextError> {
    let problem = match (&params.vocabulary, terms) {
        (Some(given), None) => return Ok(Arc::from(given.as_slice())),
        (Some(_), Some(_)) => "it has terms beside a given vocabulary",
        (None, None) => "it has no terms",
        (None, Some(terms)) if terms.is_empty() => "it has no terms",
        (None, Some(terms)) if !terms.is_sorted_by(|left, right| left < right) => {
            "its terms are not in strictly ascending order"
        }
        (None, Some(terms)) => return Ok(Arc::from(terms)),
    };
    Err(TextError::Damaged { problem })
}

fn frequencies_problem(
    documents: u64,
    frequencies: &[u64],
    terms: usize,
    is_given: bool,
) -> Option<&'static str> {
    // A term of a given vocabulary may be in no document.
    let least = if is_given { 0 } else { 1 };
    if documents == 0 || documents >= 1 << 53 {
        Some("it counts no documents, or more than there can be")
    } else if frequencies.len() != terms {
        Some("it has not one document frequency per term")
    } else if !frequencies.iter().all(|frequency| (least..=documents).contains(frequency)) {
        Some("a document frequency lies outside 1 to the number of documents")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTS: [&str; 3] = ["ab \"cd\" ab", "ab éé", "Été"];

    fn check_tfidf(params: &str) {
        let params: TfidfParams = serde_json::from_str(params).expect("parameters");
        let (vectorizer, features) = params.fit_transform(&DOCUMENTS).expect("a vocabulary");
        let stored = serde_json::to_string(&vectorizer).expect("JSON");
        let loaded: TfidfVectorizer = serde_json::from_str(&stored).expect("what was written");
        assert_eq!(loaded.params(), vectorizer.params(), "{stored}");
        assert_eq!(loaded.terms(), vectorizer.terms(), "{stored}");
        assert_eq!(loaded.idf(), vectorizer.idf(), "{stored}");
        assert_eq!(loaded.transform(&DOCUMENTS), features, "{stored}");
        assert_eq!(serde_json::to_string(&loaded).expect("JSON"), stored);
    }

    fn check_counts(params: &str) {
        let params: CountParams = serde_json::from_str(params).expect("parameters");
        let (vectorizer, features) = params.fit_transform(&DOCUMENTS).expect("a vocabulary");
        let stored = serde_json::to_string(&vectorizer).expect("JSON");
        let loaded: CountVectorizer = serde_json::from_str(&stored).expect("what was written");
        assert_eq!((loaded.params(), loaded.terms()), (vectorizer.params(), vectorizer.terms()), "{stored}");
        assert_eq!(loaded.transform(&DOCUMENTS), features, "{stored}");
    }

    #[test]
    fn vectorizers_come_back() {
        for params in [
            "{}",
            r#"{"analyzer": "char_wb", "ngram_range": [2, 3], "strip_accents": "unicode"}"#,
            r#"{"token_pattern": "[a-z]+", "stop_words": ["cd"], "min_df": 2}"#,
            r#"{"vocabulary": ["zz", "ab"], "binary": true, "lowercase": false}"#,
        ] {
            check_tfidf(params);
            check_counts(params);
        }
        check_tfidf(r#"{"use_idf": false, "norm": "l1", "sublinear_tf": true}"#);

        let vectorizer = HashingVectorizer::new(&HashingParams::default()).expect("valid parameters");
        let stored = serde_json::to_string(&vectorizer).expect("JSON");
        let loaded: HashingVectorizer = serde_json::from_str(&stored).expect("what was written");
        assert_eq!(loaded.transform(&DOCUMENTS), vectorizer.transform(&DOCUMENTS));
    }

    #[test]
    fn version_1_is_read() {
        let stored =
            r#"{"version":1,"documents":3,"terms":["ab","cd","été","éé"],"document_frequencies":[2,1,1,1]}"#;
        let loaded: TfidfVectorizer = serde_json::from_str(stored).expect("version 1");
        let (vectorizer, features) = TfidfVectorizer::fit_transform(&DOCUMENTS).expect("a vocabulary");
        assert_eq!(loaded.idf(), vectorizer.idf());
        assert_eq!(loaded.transform(&DOCUMENTS), features);
    }

    #[test]
    fn version_2_is_read_unless_its_pattern_means_something_else() {
        let stored = |params: &str| format!(r#"{{"version":2,"params":{params},"terms":["ab","cd"]}}"#);
        for params in [
            r"{}",
            r#"{"token_pattern":"\\b\\w+\\b"}"#,
            r#"{"token_pattern":"[a-z]+"}"#,
            r#"{"token_pattern":"\\S+","analyzer":"char"}"#,
        ] {
            let loaded: CountVectorizer = serde_json::from_str(&stored(params)).expect(params);
            let given = CountParams { vocabulary: Some(loaded.terms().to_vec()), ..loaded.params().clone() };
            let fitted = given.fit(&DOCUMENTS).expect("a given vocabulary");
            assert_eq!(loaded.transform(&DOCUMENTS), fitted.transform(&DOCUMENTS), "{params}");
        }
        let other = r#"{"token_pattern":"\\S+"}"#;
        let error = serde_json::from_str::<CountVectorizer>(&stored(other)).expect_err("another meaning");
        assert!(error.to_string().contains(r"the token pattern `\S+`, which an earlier version"), "{error}");
        let newer = stored(other).replacen('2', "3", 1);
        serde_json::from_str::<CountVectorizer>(&newer).expect("a pattern of this version");
        let hashing = format!(r#"{{"version":2,"params":{other}}}"#);
        let error = serde_json::from_str::<HashingVectorizer>(&hashing).expect_err("another meaning");
        assert!(error.to_string().contains("an earlier version"), "{error}");
    }

    fn check(stored: &str, expected: &str) {
        let error = serde_json::from_str::<TfidfVectorizer>(stored).expect_err(stored);
        assert!(error.to_string().contains(expected), "{stored}: {error}");
    }

    #[test]
    fn damaged_vectorizers_are_errors() {
        check("", "EOF");
        check(r#"{"version":1,"documents":2,"terms":["ab"]}"#, "missing field `document_frequencies`");
        check(r#"{"version":9,"documents":2,"terms":["ab"],"document_frequencies":[1]}"#, "has version 9");
        check(r#"{"version":0,"documents":2,"terms":["ab"],"document_frequencies":[1]}"#, "has version 0");
        check(r#"{"version":1,"documents":2,"terms":[],"document_frequencies":[]}"#, "no terms");
        check(r#"{"version":1,"documents":2,"document_frequencies":[]}"#, "no terms");
        check(r#"{"version":1,"documents":2,"terms":["ab"],"document_frequencies":[1,1]}"#, "per term");
        check(r#"{"version":1,"documents":2,"terms":["cd","ab"],"document_frequencies":[1,1]}"#, "ascending");
        check(r#"{"version":1,"documents":2,"terms":["ab","ab"],"document_frequencies":[1,1]}"#, "ascending");
        check(r#"{"version":1,"documents":2,"terms":["ab"],"document_frequencies":[3]}"#, "outside 1 to");
        check(r#"{"version":1,"documents":2,"terms":["ab"],"document_frequencies":[0]}"#, "outside 1 to");
        check(r#"{"version":1,"documents":0,"terms":["ab"],"document_frequencies":[0]}"#, "no documents");
        check(
            r#"{"version":1,"documents":18446744073709551615,"terms":["ab"],"document_frequencies":[1]}"#,
            "more than there can be",
        );
    }

    #[test]
    fn damaged_parameters_are_errors() {
        let check_params = |version: u32, params: &str, terms: &str, expected: &str| {
            let stored = format!(
                r#"{{"version":{version},"params":{params},"documents":2{terms},"document_frequencies":[1]}}"#
            );
            check(&stored, expected);
        };
        let terms = r#","terms":["ab"]"#;
        check_params(1, "{}", terms, "do not fit");
        check_params(2, "null", terms, "do not fit");
        check_params(2, r#"{"nrom":"l1"}"#, terms, "unknown field");
        check_params(2, r#"{"ngram_range":[0,1]}"#, terms, "`ngram_range` is 0 to 1");
        check_params(2, r#"{"token_pattern":"("}"#, terms, "`token_pattern`");
        check_params(2, r#"{"vocabulary":["ab"]}"#, terms, "beside a given vocabulary");
        check_params(2, r#"{"vocabulary":["ab","cd"]}"#, "", "per term");
        check_params(2, "{}", "", "no terms");
        let error =
            serde_json::from_str::<CountVectorizer>(r#"{"version":2,"params":{}}"#).expect_err("no terms");
        assert!(error.to_string().contains("no terms"), "{error}");
        let stored = r#"{"version":4,"params":{}}"#;
        let error = serde_json::from_str::<HashingVectorizer>(stored).expect_err("a later version");
        assert!(error.to_string().contains("has version 4"), "{error}");
    }
}
