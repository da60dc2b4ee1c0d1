//! Hashing: documents to rows of values without a vocabulary.

use serde::Deserialize;

use crate::features::Features;
use crate::text::analysis::Analysis;
use crate::text::counting::{Weigh, collect, features, texts};
use crate::text::murmur::murmur3;
use crate::text::stored::StoredHashing;
use crate::text::terms::Term;
use crate::text::{HashingParams, TextError};

/// Turns documents into features by hashing each term to a column.
///
/// Equal to scikit-learn's `HashingVectorizer`: the column of a term is |h| mod `n_features`, where h is the signed
/// MurmurHash3 (x86, 32 bits, seed 0) of its bytes, and its sign is h's. There is nothing to learn, so documents can come
/// one by one and in any number; in return several terms may share a column, and columns have no names. An entry whose
/// terms cancel out is kept as a zero.
///
/// ```
/// use millwork_ml::text::{HashingParams, HashingVectorizer};
///
/// let vectorizer = HashingVectorizer::new(&HashingParams { n_features: 16, ..HashingParams::default() })?;
/// let features = vectorizer.transform(&["the cat sat"]);
/// assert_eq!((features.rows(), features.columns()), (1, 16));
/// # Ok::<(), millwork_ml::text::TextError>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "StoredHashing")]
pub struct HashingVectorizer {
    params: HashingParams,
    analysis: Analysis,
}

impl HashingVectorizer {
    /// The vectorizer with these parameters.
    ///
    /// # Errors
    ///
    /// When a parameter is invalid.
    pub fn new(params: &HashingParams) -> Result<Self, TextError> {
        Ok(Self { analysis: params.check()?, params: params.clone() })
    }

    /// The features of documents: `documents.len()` rows × `n_features` columns.
    ///
    /// A document without terms is a row without entries, and no documents are no rows (scikit-learn refuses them).
    pub fn transform(&self, documents: &[impl AsRef<str> + Sync]) -> Features {
        self.transform_texts(&texts(documents))
    }

    fn transform_texts(&self, documents: &[&str]) -> Features {
        let columns = self.params.n_features as u32;
        let number = |term: Term<'_>| {
            let hash = murmur3(term.bytes());
            let is_negative = self.params.alternate_sign && hash < 0;
            (hash.unsigned_abs() % columns) << 1 | u32::from(is_negative)
        };
        let rows =
            collect(&self.analysis, documents, |terms, numbers| numbers.extend(terms.iter().map(number)));
        let signs = Signs { binary: self.params.binary };
        features(rows, self.params.n_features, &signs, self.params.norm)
    }

    /// The parameters of the vectorizer.
    pub fn params(&self) -> &HashingParams {
        &self.params
    }
}

/// Numbers are twice the column, and one more for a term that counts negatively.
struct Signs {
    binary: bool,
}

impl Weigh for Signs {
    #[inline]
    fn column(&self, number: u32) -> u32 {
        number >> 1
    }

    #[inline]
    fn value(&self, _: u32, numbers: &[u32]) -> f64 {
        let negative = numbers.iter().filter(|&number| number & 1 == 1).count();
        if self.binary { 1.0 } else { (numbers.len() - negative) as f64 - negative as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Norm;

    fn check(params: &HashingParams, document: &str, expected: (&[u32], &[f64])) {
        let vectorizer = HashingVectorizer::new(params).expect("valid parameters");
        assert_eq!(vectorizer.transform(&[document]).row(0), Some(expected), "{params:?} {document:?}");
    }

    #[test]
    fn terms_share_columns_and_cancel_out() {
        let params = HashingParams { n_features: 1, norm: Norm::None, ..HashingParams::default() };
        // The hashes of `aa` and `bb` have opposite signs.
        let sign = f64::from(murmur3(b"aa").signum());
        assert_eq!(f64::from(murmur3(b"dd").signum()), -sign);
        check(&params, "aa aa", (&[0], &[2.0 * sign]));
        check(&params, "aa dd", (&[0], &[0.0]));
        check(&HashingParams { norm: Norm::L2, ..params.clone() }, "aa dd", (&[0], &[0.0]));
        check(&HashingParams { binary: true, ..params.clone() }, "aa dd", (&[0], &[1.0]));
        check(&HashingParams { alternate_sign: false, ..params.clone() }, "aa dd aa", (&[0], &[3.0]));
        check(&params, "?", (&[], &[]));
    }
}
