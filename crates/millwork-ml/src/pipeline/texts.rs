//! Texts together with the target that each is to predict.

use crate::features::labelled::{check_keys, check_targets, check_weights};
use crate::features::{Features, FeaturesError, LabelledFeatures, RowKey, RowKeys};

/// Texts and one target per text: what a pipeline is fitted on, evaluated on and judged on.
///
/// As with [`LabelledFeatures`], rows may have weights and keys. The texts are borrowed.
///
/// ```
/// use millwork_ml::pipeline::LabelledTexts;
///
/// let stories = LabelledTexts::new(&["Rust 1.95", "Show HN"], vec![7.0, 3.0])?.with_row_keys([8863, 8864])?;
/// let second = stories.select(&[1])?;
/// assert_eq!((second.texts(), second.targets()), (&["Show HN"][..], &[3.0][..]));
/// # Ok::<(), millwork_ml::features::FeaturesError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledTexts<'t> {
    texts: Vec<&'t str>,
    targets: Vec<f64>,
    weights: Option<Vec<f64>>,
    row_keys: Option<RowKeys>,
}

impl<'t> LabelledTexts<'t> {
    /// Joins texts with their targets, one per text.
    ///
    /// # Errors
    ///
    /// When there are not as many targets as texts, or a target is not finite.
    pub fn new(texts: &'t [impl AsRef<str>], targets: Vec<f64>) -> Result<Self, FeaturesError> {
        check_targets(&targets, texts.len())?;
        let texts = texts.iter().map(AsRef::as_ref).collect();
        Ok(Self { texts, targets, weights: None, row_keys: None })
    }

    /// The same data with a weight per row: a row of weight 2 counts as two equal rows in training and in metrics, one of weight 0 not at
    /// all. The vocabulary and its weights are fitted on all texts alike.
    ///
    /// # Errors
    ///
    /// When there are not as many weights as rows, or a weight is negative or not finite.
    pub fn with_weights(self, weights: Vec<f64>) -> Result<Self, FeaturesError> {
        check_weights(&weights, self.rows())?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// The same data with a key per row, as [`LabelledFeatures::with_row_keys`].
    ///
    /// # Errors
    ///
    /// When there are not as many keys as rows.
    pub fn with_row_keys(
        self,
        keys: impl IntoIterator<Item = impl Into<RowKey>>,
    ) -> Result<Self, FeaturesError> {
        let keys = RowKeys::new(keys);
        check_keys(&keys, self.rows())?;
        Ok(Self { row_keys: Some(keys), ..self })
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.texts.len()
    }

    /// The texts, one per row.
    pub fn texts(&self) -> &[&'t str] {
        &self.texts
    }

    /// The targets, one per row.
    pub fn targets(&self) -> &[f64] {
        &self.targets
    }

    /// The weights, one per row, if rows have weights.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The keys, one per row, if rows have keys.
    pub fn row_keys(&self) -> Option<&RowKeys> {
        self.row_keys.as_ref()
    }

    /// The given rows, in the given order, with their targets, weights and keys.
    ///
    /// # Errors
    ///
    /// When a row is selected that there is not.
    pub fn select(&self, selection: &[usize]) -> Result<Self, FeaturesError> {
        let rows = self.rows();
        if let Some(&row) = selection.iter().find(|&&row| row >= rows) {
            return Err(FeaturesError::RowOutOfRange { row, rows });
        }
        let of = |values: &[f64]| selection.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        Ok(Self {
            texts: selection.iter().map(|&row| self.texts[row]).collect(),
            targets: of(&self.targets),
            weights: self.weights.as_deref().map(of),
            row_keys: self.row_keys.as_ref().map(|keys| keys.select(selection)),
        })
    }

    /// The same rows with the features of their texts.
    pub(super) fn with_features(&self, features: Features) -> Result<LabelledFeatures, FeaturesError> {
        let mut labelled = LabelledFeatures::new(features, self.targets.clone())?;
        if let Some(weights) = &self.weights {
            labelled = labelled.with_weights(weights.clone())?;
        }
        match &self.row_keys {
            Some(keys) => labelled.with_keys(keys.clone()),
            None => Ok(labelled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_what_the_others_have() {
        let texts = ["a", "b", "c"];
        let data = || LabelledTexts::new(&texts, vec![1.0, 2.0, 3.0]).expect("a target per text");
        let error = |made: Result<LabelledTexts<'_>, FeaturesError>| made.expect_err("a mistake").to_string();
        assert_eq!(error(LabelledTexts::new(&texts, vec![1.0])), "1 targets were given for 3 rows");
        assert_eq!(
            error(LabelledTexts::new(&texts[..1], vec![f64::NAN])),
            "the target of row 0 is not finite"
        );
        assert_eq!(error(data().with_weights(vec![1.0])), "1 weights were given for 3 rows");
        assert_eq!(error(data().with_row_keys([1])), "1 keys were given for 3 rows");
        assert_eq!(error(data().select(&[3])), "row 3 was selected from a matrix of 3 rows");
    }

    #[test]
    fn a_selection_keeps_weights_and_keys() {
        let texts = ["a", "b", "c"].map(str::to_owned);
        let data = LabelledTexts::new(&texts, vec![1.0, 2.0, 3.0])
            .and_then(|data| data.with_weights(vec![0.5, 1.5, 2.5]))
            .and_then(|data| data.with_row_keys(["x", "y", "z"]))
            .expect("three rows");
        let selected = data.select(&[2, 0]).expect("rows in range");
        assert_eq!((selected.texts(), selected.targets()), (&["c", "a"][..], &[3.0, 1.0][..]));
        assert_eq!(selected.weights(), Some(&[2.5, 0.5][..]));
        assert_eq!(selected.row_keys(), Some(&RowKeys::new(["z", "x"])));
        let features = Features::from_dense(1, &[1.0, 2.0]).expect("two rows");
        let labelled = selected.with_features(features).expect("as many rows");
        assert_eq!((labelled.targets(), labelled.weights()), (selected.targets(), selected.weights()));
        assert_eq!(labelled.row_keys(), selected.row_keys());
    }
}
