//! Counts: documents to rows of how often each term occurs.

use std::sync::Arc;

use serde::Deserialize;

use crate::features::Features;
use crate::text::analysis::Analysis;
use crate::text::counting::{Fit, Rows, Weigh, collect_columns, features, fit, texts};
use crate::text::params::Norm;
use crate::text::stored::StoredCounts;
use crate::text::terms::Term;
use crate::text::vocabulary::Vocabulary;
use crate::text::{CountParams, TextError};

/// A fitted vocabulary that turns documents into counts of its terms.
///
/// Equal to scikit-learn's `CountVectorizer`; [`CountParams`] are its parameters. The columns are the terms in code point
/// order, or in the order of a given vocabulary.
///
/// ```
/// use millwork_ml::text::CountVectorizer;
///
/// let vectorizer = CountVectorizer::fit(&["the cat saw the dog"])?;
/// assert_eq!(vectorizer.terms(), ["cat", "dog", "saw", "the"]);
/// let features = vectorizer.transform(&["The other cat, the black one"]);
/// assert_eq!(features.row(0), Some((&[0, 3][..], &[1.0, 2.0][..])));
/// # Ok::<(), millwork_ml::text::TextError>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "StoredCounts")]
pub struct CountVectorizer {
    params: CountParams,
    analysis: Analysis,
    vocabulary: Vocabulary,
}

impl CountVectorizer {
    /// Learns the vocabulary of documents with the default parameters; [`CountParams::fit`] takes others.
    ///
    /// # Errors
    ///
    /// When there are no documents, or none of them has a term.
    pub fn fit(documents: &[impl AsRef<str> + Sync]) -> Result<Self, TextError> {
        CountParams::default().fit(documents)
    }

    /// Fits, and transforms the same documents: `documents.len()` rows × `terms().len()` columns.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit).
    pub fn fit_transform(documents: &[impl AsRef<str> + Sync]) -> Result<(Self, Features), TextError> {
        CountParams::default().fit_transform(documents)
    }

    /// The counts of documents: `documents.len()` rows × `terms().len()` columns.
    ///
    /// Terms outside the vocabulary are ignored; a document without a known term is a row without entries, and no
    /// documents are no rows.
    pub fn transform(&self, documents: &[impl AsRef<str> + Sync]) -> Features {
        self.features(collect_columns(&self.analysis, &self.vocabulary, &texts(documents)))
    }

    /// The vocabulary in column order.
    pub fn terms(&self) -> &[String] {
        self.vocabulary.terms()
    }

    /// The names of the columns: the vocabulary, shared rather than copied.
    pub fn feature_names(&self) -> Arc<[String]> {
        Arc::clone(self.vocabulary.terms())
    }

    /// The column of a term (as the analyzer makes it, so by default in lower case), or `None` if it is not in the
    /// vocabulary.
    pub fn column(&self, term: &str) -> Option<usize> {
        self.vocabulary.column(Term::from(term)).map(|column| column as usize)
    }

    /// The parameters of the fit.
    pub fn params(&self) -> &CountParams {
        &self.params
    }

    pub(super) fn new(params: CountParams, terms: Arc<[String]>) -> Result<Self, TextError> {
        Ok(Self { analysis: params.check()?, params, vocabulary: Vocabulary::new(terms) })
    }

    pub(super) fn fit_rows(params: &CountParams, documents: &[&str]) -> Result<(Self, Vec<Rows>), TextError> {
        let analysis = params.check()?;
        let Fit { vocabulary, rows, .. } = fit(params, &analysis, documents)?;
        Ok((Self { params: params.clone(), analysis, vocabulary }, rows))
    }

    pub(super) fn features(&self, rows: Vec<Rows>) -> Features {
        features(rows, self.terms().len(), &Counts { binary: self.params.binary }, Norm::None)
    }
}

struct Counts {
    binary: bool,
}

impl Weigh for Counts {
    #[inline]
    fn column(&self, number: u32) -> u32 {
        number
    }

    #[inline]
    fn value(&self, _: u32, numbers: &[u32]) -> f64 {
        if self.binary { 1.0 } else { numbers.len() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(params: &str, documents: &[&str], expected: &[(&[u32], &[f64])]) {
        let params: CountParams = serde_json::from_str(params).expect("parameters");
        let (vectorizer, features) = params.fit_transform(documents).expect("a vocabulary");
        assert_eq!(features.iter().collect::<Vec<_>>(), expected, "{params:?}");
        assert_eq!(vectorizer.transform(documents), features, "{params:?}");
    }

    #[test]
    fn terms_are_counted() {
        let documents = ["bb aa bb cc", "", "cc"];
        check("{}", &documents, &[(&[0, 1, 2], &[1.0, 2.0, 1.0]), (&[], &[]), (&[2], &[1.0])]);
        check(r#"{"binary": true}"#, &documents, &[(&[0, 1, 2], &[1.0; 3]), (&[], &[]), (&[2], &[1.0])]);
        check(r#"{"min_df": 2}"#, &documents, &[(&[0], &[1.0]), (&[], &[]), (&[0], &[1.0])]);
        check(r#"{"max_features": 1}"#, &["bb aa bb bb", "aa"], &[(&[0], &[3.0]), (&[], &[])]);
        check(
            r#"{"vocabulary": ["xx", "cc", "bb"]}"#,
            &documents,
            &[(&[1, 2], &[1.0, 2.0]), (&[], &[]), (&[1], &[1.0])],
        );
    }
}
