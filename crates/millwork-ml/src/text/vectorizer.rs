//! TF-IDF: documents to rows of term weights.

use std::sync::Arc;

use serde::Deserialize;

use crate::features::Features;
use crate::text::analysis::Analysis;
use crate::text::counting::{Fit, Rows, Weigh, collect_columns, features, fit, texts};
use crate::text::stored::StoredTfidf;
use crate::text::terms::Term;
use crate::text::vocabulary::Vocabulary;
use crate::text::{TextError, TfidfParams};

/// A fitted vocabulary that turns documents into TF-IDF features.
///
/// Equal to scikit-learn's `TfidfVectorizer`; [`TfidfParams`] are its parameters. By default a term is a run of at least
/// two word characters, in lower case. With `n` documents in the fit, of which `df(t)` contain the term `t`, and
/// `tf(t, d)` occurrences of it in the document `d`,
///
/// ```text
/// idf(t)      = ln((1 + n) / (1 + df(t))) + 1
/// weight(t,d) = tf(t, d) · idf(t) / √Σₛ (tf(s, d) · idf(s))²
/// ```
///
/// (scikit-learn's user guide, "Tf–idf term weighting": `smooth_idf=True`, `norm="l2"`). Without `smooth_idf`, `idf(t)` is
/// `ln(n / df(t)) + 1`; without `use_idf` it is 1; with `sublinear_tf`, `ln(tf(t, d)) + 1` takes the place of `tf(t, d)`;
/// `binary` makes `tf(t, d)` 1. The columns are the terms in code point order, or in the order of a given vocabulary. A
/// row's sum is taken in column order, as scikit-learn's `transform` does.
///
/// ```
/// use millwork_ml::text::TfidfVectorizer;
///
/// let vectorizer = TfidfVectorizer::fit(&["the cat sat", "the dog sat down"])?;
/// assert_eq!(vectorizer.terms(), ["cat", "dog", "down", "sat", "the"]);
///
/// let features = vectorizer.transform(&["The cat!", "unknown words"]);
/// assert_eq!((features.rows(), features.columns()), (2, 5));
/// assert_eq!(features.row(0).map(|(columns, _)| columns), Some(&[0, 4][..]));
/// assert_eq!(features.row(1).map(|(columns, _)| columns.len()), Some(0));
/// # Ok::<(), millwork_ml::text::TextError>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "StoredTfidf")]
pub struct TfidfVectorizer {
    params: TfidfParams,
    analysis: Analysis,
    vocabulary: Vocabulary,
    documents: u64,
    document_frequencies: Vec<u64>,
    inverse_frequencies: Vec<f64>,
}

impl TfidfVectorizer {
    /// Learns the vocabulary and the weights of its terms with the default parameters; [`TfidfParams::fit`] takes
    /// others.
    ///
    /// # Errors
    ///
    /// When there are no documents, or none of them has a term.
    pub fn fit(documents: &[impl AsRef<str> + Sync]) -> Result<Self, TextError> {
        TfidfParams::default().fit(documents)
    }

    /// Fits, and transforms the same documents: `documents.len()` rows × `terms().len()` columns.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit).
    pub fn fit_transform(documents: &[impl AsRef<str> + Sync]) -> Result<(Self, Features), TextError> {
        TfidfParams::default().fit_transform(documents)
    }

    /// The features of documents: `documents.len()` rows × `terms().len()` columns.
    ///
    /// Terms outside the vocabulary are ignored; a document without a known term is a row without entries, and no
    /// documents are no rows.
    pub fn transform(&self, documents: &[impl AsRef<str> + Sync]) -> Features {
        self.features(collect_columns(&self.analysis, &self.vocabulary, &texts(documents)))
    }

    /// The vocabulary in column order, which is code point order unless the vocabulary was given.
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

    /// The inverse document frequency of each term, in column order; all 1 without `use_idf`.
    pub fn idf(&self) -> &[f64] {
        &self.inverse_frequencies
    }

    /// In how many documents of the fit each term occurs, in column order.
    pub fn document_frequencies(&self) -> &[u64] {
        &self.document_frequencies
    }

    /// The number of documents of the fit.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// The parameters of the fit.
    pub fn params(&self) -> &TfidfParams {
        &self.params
    }

    pub(super) fn fit_rows(params: &TfidfParams, documents: &[&str]) -> Result<(Self, Vec<Rows>), TextError> {
        let analysis = params.counts.check()?;
        if documents.is_empty() {
            return Err(TextError::NoDocuments);
        }
        let Fit { vocabulary, document_frequencies, rows } = fit(&params.counts, &analysis, documents)?;
        let documents = documents.len() as u64;
        Ok((Self::new(params.clone(), analysis, vocabulary, documents, document_frequencies)?, rows))
    }

    /// Derives the weights from counts.
    pub(super) fn new(
        params: TfidfParams,
        analysis: Analysis,
        vocabulary: Vocabulary,
        documents: u64,
        document_frequencies: Vec<u64>,
    ) -> Result<Self, TextError> {
        let weight = |&frequency: &u64| inverse_frequency(&params, documents, frequency);
        let inverse_frequencies: Vec<f64> = document_frequencies.iter().map(weight).collect();
        if let Some(column) = inverse_frequencies.iter().position(|weight| weight.is_infinite()) {
            return Err(TextError::InfiniteWeight { term: vocabulary.terms()[column].clone() });
        }
        Ok(Self { params, analysis, vocabulary, documents, document_frequencies, inverse_frequencies })
    }

    pub(super) fn features(&self, rows: Vec<Rows>) -> Features {
        features(rows, self.terms().len(), &Weights::of(self), self.params.norm)
    }
}

/// `ln((1 + n) / (1 + df)) + 1`, each step rounded as scikit-learn does.
fn inverse_frequency(params: &TfidfParams, documents: u64, frequency: u64) -> f64 {
    let more = u64::from(params.smooth_idf);
    match params.use_idf {
        true => ((documents + more) as f64 / (frequency + more) as f64).ln() + 1.0,
        false => 1.0,
    }
}

struct Weights<'a> {
    inverse_frequencies: &'a [f64],
    binary: bool,
    sublinear: bool,
}

impl<'a> Weights<'a> {
    fn of(vectorizer: &'a TfidfVectorizer) -> Self {
        let TfidfParams { counts, sublinear_tf, .. } = &vectorizer.params;
        let inverse_frequencies = &vectorizer.inverse_frequencies;
        Self { inverse_frequencies, binary: counts.binary, sublinear: *sublinear_tf }
    }
}

impl Weigh for Weights<'_> {
    #[inline]
    fn column(&self, number: u32) -> u32 {
        number
    }

    #[inline]
    fn value(&self, column: u32, numbers: &[u32]) -> f64 {
        let frequency = match numbers.len() {
            1 => 1.0,
            _ if self.binary => 1.0,
            frequency if self.sublinear => (frequency as f64).ln() + 1.0,
            frequency => frequency as f64,
        };
        frequency * self.inverse_frequencies[column as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_without_terms_are_errors_in_the_fit() {
        let check = |documents: &[&str], expected: TextError| {
            assert_eq!(TfidfVectorizer::fit(documents).map(|_| ()), Err(expected));
        };
        check(&[], TextError::NoDocuments);
        check(&["a", "? !"], TextError::EmptyVocabulary { documents: 2 });
    }

    #[test]
    fn weights_follow_the_formula() {
        let vectorizer = TfidfVectorizer::fit(&["aa bb", "aa", "cc"]).expect("a vocabulary");
        let idf = |frequency: f64| (4.0 / (1.0 + frequency)).ln() + 1.0;
        assert_eq!(vectorizer.idf(), [idf(2.0), idf(1.0), idf(1.0)]);

        let features = vectorizer.transform(&["bb aa dd aa"]);
        let (aa, bb) = (2.0 * idf(2.0), idf(1.0));
        let length = (aa * aa + bb * bb).sqrt();
        assert_eq!(features.row(0), Some((&[0, 1][..], &[aa / length, bb / length][..])));
    }

    #[test]
    fn parameters_change_the_weights() {
        let check = |params: &str, expected: &[f64]| {
            let params: TfidfParams = serde_json::from_str(params).expect("parameters");
            let (vectorizer, _) = params.fit_transform(&["aa bb aa", "bb"]).expect("a vocabulary");
            let features = vectorizer.transform(&["aa aa bb"]);
            assert_eq!(features.values(), expected, "{params:?}");
        };
        let (idf, smooth) = (2f64.ln() + 1.0, 1.5f64.ln() + 1.0);
        check(r#"{"norm": "none"}"#, &[2.0 * smooth, 1.0]);
        check(r#"{"norm": "none", "smooth_idf": false}"#, &[2.0 * idf, 1.0]);
        check(r#"{"norm": "none", "use_idf": false}"#, &[2.0, 1.0]);
        check(r#"{"norm": "none", "use_idf": false, "sublinear_tf": true}"#, &[idf, 1.0]);
        check(r#"{"norm": "none", "use_idf": false, "binary": true}"#, &[1.0, 1.0]);
        check(r#"{"norm": "l1", "use_idf": false}"#, &[2.0 / 3.0, 1.0 / 3.0]);
    }

    #[test]
    fn an_infinite_weight_is_an_error() {
        let params = r#"{"vocabulary": ["bb", "cc"], "smooth_idf": false}"#;
        let params: TfidfParams = serde_json::from_str(params).expect("parameters");
        let error = params.fit(&["aa bb"]).map(|_| ()).expect_err("no document has `cc`");
        assert_eq!(error, TextError::InfiniteWeight { term: "cc".to_owned() });
    }

    #[test]
    fn nothing_becomes_nothing() {
        let vectorizer = TfidfVectorizer::fit(&["aa bb"]).expect("a vocabulary");
        let features = vectorizer.transform(&[""; 0]);
        assert_eq!((features.rows(), features.columns(), features.entries()), (0, 2, 0));
        let features = vectorizer.transform(&["", "cc", "bb", ""]);
        assert_eq!(features.row_offsets(), [0, 0, 0, 1, 1]);
    }
}
