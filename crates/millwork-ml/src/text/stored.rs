//! A fitted vectorizer at rest: counts, from which every weight follows.
//!
//! Only integers and terms are stored, so the form is compact, and a weight cannot disagree with the counts.

use serde::{Deserialize, Serialize, Serializer};

use crate::text::{TextError, TfidfVectorizer};

/// The version of the stored form.
const VERSION: u32 = 1;

/// What is read back, before it is trusted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    version: u32,
    documents: u64,
    terms: Vec<String>,
    document_frequencies: Vec<u64>,
}

/// What is written: [`Stored`], borrowed.
#[derive(Serialize)]
struct StoredRef<'a> {
    version: u32,
    documents: u64,
    terms: &'a [String],
    document_frequencies: &'a [u64],
}

impl Serialize for TfidfVectorizer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StoredRef {
            version: VERSION,
            documents: self.documents(),
            terms: self.terms(),
            document_frequencies: self.document_frequencies(),
        }
        .serialize(serializer)
    }
}

impl TryFrom<Stored> for TfidfVectorizer {
    type Error = TextError;

    fn try_from(stored: Stored) -> Result<Self, TextError> {
        if stored.version != VERSION {
            return Err(TextError::Version { version: stored.version, supported: VERSION });
        }
        match stored.problem() {
            Some(problem) => Err(TextError::Damaged { problem }),
            None => Ok(Self::from_frequencies(stored.documents, stored.terms, stored.document_frequencies)),
        }
    }
}

impl Stored {
    fn problem(&self) -> Option<&'static str> {
        if self.terms.is_empty() {
            Some("it has no terms")
        } else if self.documents >= 1 << 53 {
            Some("it counts more documents than there can be")
        } else if self.terms.len() != self.document_frequencies.len() {
            Some("it has not one document frequency per term")
        } else if !self.terms.is_sorted_by(|left, right| left < right) {
            Some("its terms are not in strictly ascending order")
        } else if !self.document_frequencies.iter().all(|frequency| (1..=self.documents).contains(frequency))
        {
            Some("a document frequency lies outside 1 to the number of documents")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vectorizer_comes_back() {
        let vectorizer = TfidfVectorizer::fit(&["ab \"cd\"", "ab éé"]).expect("a vocabulary");
        let stored = serde_json::to_string(&vectorizer).expect("JSON");
        assert_eq!(
            stored,
            r#"{"version":1,"documents":2,"terms":["ab","cd","éé"],"document_frequencies":[2,1,1]}"#
        );
        let loaded: TfidfVectorizer = serde_json::from_str(&stored).expect("what was written");
        assert_eq!(loaded.idf(), vectorizer.idf());
        assert_eq!(loaded.transform(&["cd ab"]), vectorizer.transform(&["cd ab"]));
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
        check(r#"{"version":1,"documents":2,"terms":[],"document_frequencies":[]}"#, "no terms");
        check(r#"{"version":1,"documents":2,"terms":["ab"],"document_frequencies":[1,1]}"#, "per term");
        check(r#"{"version":1,"documents":2,"terms":["cd","ab"],"document_frequencies":[1,1]}"#, "ascending");
        check(r#"{"version":1,"documents":2,"terms":["ab","ab"],"document_frequencies":[1,1]}"#, "ascending");
        check(r#"{"version":1,"documents":2,"terms":["ab"],"document_frequencies":[3]}"#, "outside 1 to");
        check(r#"{"version":1,"documents":2,"terms":["ab"],"document_frequencies":[0]}"#, "outside 1 to");
        check(
            r#"{"version":1,"documents":18446744073709551615,"terms":["ab"],"document_frequencies":[1]}"#,
            "more documents",
        );
    }
}
