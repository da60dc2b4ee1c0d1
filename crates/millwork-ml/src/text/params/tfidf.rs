//! The parameters of weighing terms by how rare they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::features::Features;
use crate::text::counting::texts;
use crate::text::params::{CountParams, Norm};
use crate::text::{TextError, TfidfVectorizer};

/// How documents become TF-IDF values: the parameters of scikit-learn's `TfidfVectorizer`.
///
/// Names, meanings and defaults are scikit-learn's; unknown names are an error. In JSON and TOML the parameters of
/// counting stand beside the others, as in scikit-learn.
///
/// ```
/// use millwork_ml::text::{CountParams, Norm, TfidfParams};
///
/// let params = TfidfParams {
///     counts: CountParams { ngram_range: (1, 2), ..CountParams::default() },
///     sublinear_tf: true,
///     ..TfidfParams::default()
/// };
/// assert_eq!(params, serde_json::from_str(r#"{"ngram_range": [1, 2], "sublinear_tf": true}"#)?);
///
/// let (vectorizer, features) = params.fit_transform(&["the cat", "the dog"])?;
/// assert_eq!(vectorizer.terms(), ["cat", "dog", "the", "the cat", "the dog"]);
/// assert_eq!((features.rows(), features.columns()), (2, 5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TfidfParams {
    /// How terms are made and counted.
    #[serde(flatten)]
    pub counts: CountParams,
    /// What each row is scaled by.
    pub norm: Norm,
    /// Whether rare terms weigh more; otherwise every term weighs 1.
    pub use_idf: bool,
    /// Whether each term is taken to occur in one document more than it does.
    pub smooth_idf: bool,
    /// Whether `n` occurrences in a document count as `ln(n) + 1`.
    pub sublinear_tf: bool,
}

impl Default for TfidfParams {
    fn default() -> Self {
        Self {
            counts: CountParams::default(),
            norm: Norm::L2,
            use_idf: true,
            smooth_idf: true,
            sublinear_tf: false,
        }
    }
}

impl TfidfParams {
    /// Learns the vocabulary of documents and the weights of its terms.
    ///
    /// # Errors
    ///
    /// When a parameter is invalid, or the documents give no vocabulary or an infinite weight.
    pub fn fit(&self, documents: &[impl AsRef<str> + Sync]) -> Result<TfidfVectorizer, TextError> {
        Ok(TfidfVectorizer::fit_rows(self, &texts(documents))?.0)
    }

    /// Fits, and transforms the same documents: `documents.len()` rows × one column per term.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit).
    pub fn fit_transform(
        &self,
        documents: &[impl AsRef<str> + Sync],
    ) -> Result<(TfidfVectorizer, Features), TextError> {
        let (vectorizer, rows) = TfidfVectorizer::fit_rows(self, &texts(documents))?;
        let features = vectorizer.features(rows);
        Ok((vectorizer, features))
    }

    /// Checks every value against its range, and the token pattern.
    ///
    /// # Errors
    ///
    /// [`TextError::Params`] with all that is wrong, not only the first.
    pub fn validate(&self) -> Result<(), TextError> {
        self.counts.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::DocumentFrequency;

    fn check(json: &str, expected: Result<TfidfParams, &str>) {
        let params: Result<TfidfParams, _> = serde_json::from_str(json);
        match (params.map_err(|error| error.to_string()), expected) {
            (Ok(params), Ok(expected)) if params == expected => {}
            (Err(found), Err(expected)) if found.contains(expected) => {}
            (params, _) => panic!("{json}: {params:?}"),
        }
    }

    #[test]
    fn the_parameters_of_counting_stand_beside_the_others() {
        check("{}", Ok(TfidfParams::default()));
        let counts = CountParams { min_df: DocumentFrequency::Count(2), ..CountParams::default() };
        let expected = TfidfParams { counts, norm: Norm::None, use_idf: false, ..TfidfParams::default() };
        check(r#"{"min_df": 2, "norm": "none", "use_idf": false}"#, Ok(expected.clone()));
        check(&serde_json::to_string(&expected).expect("JSON"), Ok(expected));
        check(r#"{"min_dv": 2}"#, Err("unknown field `min_dv`"));
        check(r#"{"norm": "max"}"#, Err("unknown variant `max`"));
    }

    #[test]
    fn the_schema_has_all_parameters_side_by_side() {
        let schema = schemars::schema_for!(TfidfParams).to_value();
        assert_eq!(schema["properties"]["norm"]["default"], "l2");
        assert_eq!(schema["properties"]["max_df"]["default"], 1.0);
        assert_eq!(schema["additionalProperties"], false);
    }
}
