//! TF-IDF: documents to rows of term weights.

use std::collections::HashMap;

use rayon::prelude::*;
use serde::Deserialize;

use crate::features::Features;
use crate::text::TextError;
use crate::text::frequency::{CHUNK, document_frequencies};
use crate::text::stored::Stored;
use crate::text::token::{lower, terms};

/// A fitted vocabulary that turns documents into TF-IDF features.
///
/// Equal to scikit-learn's `TfidfVectorizer` with its default parameters. A term is a run of at least two word
/// characters, in lower case. With `n` documents in the fit, of which `df(t)` contain the term `t`, and `tf(t, d)`
/// occurrences of it in the document `d`,
///
/// ```text
/// idf(t)      = ln((1 + n) / (1 + df(t))) + 1
/// weight(t,d) = tf(t, d) · idf(t) / √Σₛ (tf(s, d) · idf(s))²
/// ```
///
/// (scikit-learn's user guide, "Tf–idf term weighting": `smooth_idf=True`, `norm="l2"`). The columns are the terms in
/// code point order. A row's sum of squares is taken in column order, as scikit-learn's `transform` does.
///
/// Characters are classified by a newer version of Unicode than some Pythons have; those that Unicode added in between
/// may be letters here and nothing there.
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
#[serde(try_from = "Stored")]
pub struct TfidfVectorizer {
    documents: u64,
    terms: Vec<String>,
    document_frequencies: Vec<u64>,
    inverse_frequencies: Vec<f64>,
    columns: HashMap<Box<str>, u32>,
}

impl TfidfVectorizer {
    /// Learns the vocabulary and the weights of its terms.
    ///
    /// # Errors
    ///
    /// When there are no documents, or none of them has a term.
    pub fn fit(documents: &[impl AsRef<str> + Sync]) -> Result<Self, TextError> {
        if documents.is_empty() {
            return Err(TextError::NoDocuments);
        }
        let (terms, document_frequencies) = document_frequencies(documents);
        if terms.is_empty() {
            return Err(TextError::EmptyVocabulary { documents: documents.len() });
        }
        Ok(Self::from_frequencies(documents.len() as u64, terms, document_frequencies))
    }

    /// Fits, and transforms the same documents: `documents.len()` rows × `terms().len()` columns.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit).
    pub fn fit_transform(documents: &[impl AsRef<str> + Sync]) -> Result<(Self, Features), TextError> {
        let vectorizer = Self::fit(documents)?;
        let features = vectorizer.transform(documents);
        Ok((vectorizer, features))
    }

    /// The features of documents: `documents.len()` rows × `terms().len()` columns.
    ///
    /// Terms outside the vocabulary are ignored; a document without a known term is a row without entries, and no
    /// documents are no rows.
    pub fn transform(&self, documents: &[impl AsRef<str> + Sync]) -> Features {
        let chunks: Vec<Rows> = documents.par_chunks(CHUNK).map(|chunk| self.rows(chunk)).collect();
        let entries = chunks.iter().map(|chunk| chunk.values.len()).sum();
        let mut row_offsets = Vec::with_capacity(documents.len() + 1);
        row_offsets.push(0);
        let (mut indices, mut values) = (Vec::with_capacity(entries), Vec::with_capacity(entries));
        for chunk in chunks {
            row_offsets.extend(chunk.ends.iter().map(|end| values.len() + end));
            indices.extend_from_slice(&chunk.indices);
            values.extend_from_slice(&chunk.values);
        }
        Features::from_valid(self.terms.len(), row_offsets, indices, values)
    }

    /// The vocabulary in column order, which is code point order.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// The column of a term (in lower case), or `None` if it is not in the vocabulary.
    pub fn column(&self, term: &str) -> Option<usize> {
        self.columns.get(term).map(|&column| column as usize)
    }

    /// The inverse document frequency of each term, in column order.
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

    /// Derives the lookups from sorted terms and their counts.
    pub(super) fn from_frequencies(
        documents: u64,
        terms: Vec<String>,
        document_frequencies: Vec<u64>,
    ) -> Self {
        let inverse_frequencies =
            document_frequencies.iter().map(|&frequency| inverse_frequency(documents, frequency)).collect();
        let columns = terms.iter().zip(0..).map(|(term, column)| (term.as_str().into(), column)).collect();
        Self { documents, terms, document_frequencies, inverse_frequencies, columns }
    }

    fn rows(&self, documents: &[impl AsRef<str>]) -> Rows {
        let mut rows = Rows::default();
        let (mut lowered, mut columns) = (String::new(), Vec::new());
        for document in documents {
            lower(document.as_ref(), &mut lowered);
            columns.clear();
            columns.extend(terms(&lowered).filter_map(|term| self.columns.get(term)));
            columns.sort_unstable();
            rows.push(&columns, &self.inverse_frequencies);
        }
        rows
    }
}

/// `ln((1 + n) / (1 + df)) + 1`, each step rounded as scikit-learn does.
fn inverse_frequency(documents: u64, frequency: u64) -> f64 {
    ((documents + 1) as f64 / (frequency as f64 + 1.0)).ln() + 1.0
}

/// The rows of a chunk of documents; `ends` count from the chunk's first entry.
#[derive(Default)]
struct Rows {
    ends: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

impl Rows {
    /// Adds a row from the sorted columns of a document's terms, repetitions included.
    fn push(&mut self, columns: &[u32], inverse_frequencies: &[f64]) {
        let start = self.values.len();
        for run in columns.chunk_by(|left, right| left == right) {
            self.indices.push(run[0]);
            self.values.push(run.len() as f64 * inverse_frequencies[run[0] as usize]);
        }
        let row = &mut self.values[start..];
        let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
        row.iter_mut().for_each(|value| *value /= length);
        self.ends.push(self.values.len());
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
    fn nothing_becomes_nothing() {
        let vectorizer = TfidfVectorizer::fit(&["aa bb"]).expect("a vocabulary");
        let features = vectorizer.transform(&[""; 0]);
        assert_eq!((features.rows(), features.columns(), features.entries()), (0, 2, 0));
        let features = vectorizer.transform(&["", "cc", "bb", ""]);
        assert_eq!(features.row_offsets(), [0, 0, 0, 1, 1]);
    }

    #[test]
    fn chunks_and_threads_change_no_bit() {
        let documents: Vec<String> = (0..5 * CHUNK)
            .map(|number| format!("n{} m{} common n{}", number % 97, number % 13, number % 31))
            .collect();
        let on_threads = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
            pool.install(|| TfidfVectorizer::fit_transform(&documents).expect("a vocabulary"))
        };
        let (vectorizer, features) = on_threads(1);
        for threads in [2, 3, 8] {
            let (other, other_features) = on_threads(threads);
            assert_eq!(other.terms(), vectorizer.terms());
            assert_eq!(other.idf(), vectorizer.idf());
            assert_eq!(other_features, features);
        }
        let one_by_one = vectorizer.transform(&documents[700..701]);
        assert_eq!(one_by_one.row(0), features.row(700));
    }
}
