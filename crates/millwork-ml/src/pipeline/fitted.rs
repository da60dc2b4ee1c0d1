//! A fitted pipeline: it predicts from texts.

use crate::boost::{BoostError, Booster, Importance, Predictions, Training};
use crate::features::{ColumnNames, RowKeys};
use crate::held_out::{HeldOut, HeldOutError};
use crate::pipeline::{LabelledTexts, PipelineError, TextPipelineParams};
use crate::text::TfidfVectorizer;

/// A vectorizer and the booster that was trained on its features, as one model: texts → TF-IDF → boosted trees.
///
/// It predicts what the booster predicts on the features of the vectorizer, to the bit. [`Training::on_texts`] fits one with evaluation sets,
/// early stopping, progress and cancellation; [`fit`](Self::fit) is the short way.
///
/// ```
/// use millwork_ml::boost::Importance;
/// use millwork_ml::pipeline::{LabelledTexts, TextPipeline, TextPipelineParams};
///
/// let titles = ["show rust", "ask rust", "show ruby", "ask ruby"].repeat(10);
/// let comments = [9.0, 9.0, 1.0, 1.0].repeat(10);
/// let train = LabelledTexts::new(&titles, comments)?;
/// let pipeline = TextPipeline::fit(&TextPipelineParams::default(), 30, &train)?;
///
/// let predictions = pipeline.predict(&["more rust", "ruby"])?;
/// assert!(predictions[0] > 8.0 && predictions[1] < 2.0);
/// assert!(pipeline.importance(Importance::TotalGain)[0].0.starts_with("ru"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TextPipeline {
    vectorizer: TfidfVectorizer,
    booster: Booster,
}

impl TextPipeline {
    /// Fits the vectorizer on texts and trains `rounds` rounds on their features.
    ///
    /// # Errors
    ///
    /// As the training of [`Training::on_texts`].
    pub fn fit(
        params: &TextPipelineParams,
        rounds: usize,
        data: &LabelledTexts<'_>,
    ) -> Result<Self, PipelineError> {
        Ok(Training::on_texts(params, rounds, data).run()?.pipeline)
    }

    /// Joins a booster with the vectorizer whose features it was trained on.
    ///
    /// # Errors
    ///
    /// When the booster was trained on another number of columns than the vectorizer has terms, or on columns with other names, where
    /// they have names. A name may have the name of its block before the term, `title:rust`.
    pub fn new(vectorizer: TfidfVectorizer, booster: Booster) -> Result<Self, PipelineError> {
        let (terms, columns) = (vectorizer.terms(), booster.columns());
        if terms.len() != columns {
            return Err(PipelineError::ColumnCount { terms: terms.len(), columns });
        }
        let names = booster.column_names().into_iter().flat_map(ColumnNames::iter);
        let is_of = |name: &str, term: &str| {
            name.strip_suffix(term).is_some_and(|block| block.is_empty() || block.ends_with(':'))
        };
        let other = terms.iter().zip(names).enumerate().find(|(_, (term, name))| !is_of(name, term));
        if let Some((column, (term, name))) = other {
            return Err(PipelineError::ColumnName { column, term: term.clone(), name: name.to_owned() });
        }
        Ok(Self { vectorizer, booster })
    }

    /// What the model predicts for each text: the target in its unit, a probability, or as the objective defines it; empty for no texts.
    /// Words that the vocabulary doesn't have are ignored.
    ///
    /// # Errors
    ///
    /// When the model predicts several numbers per row, or its objective isn't known.
    pub fn predict(&self, texts: &[impl AsRef<str> + Sync]) -> Result<Vec<f32>, BoostError> {
        self.booster.predict(&self.vectorizer.transform(texts))
    }

    /// What the model predicts for each text, however many numbers that is: a probability per class, or a value per quantile.
    ///
    /// # Errors
    ///
    /// When the model's objective isn't known.
    pub fn predict_outputs(&self, texts: &[impl AsRef<str> + Sync]) -> Result<Predictions, BoostError> {
        self.booster.predict_outputs(&self.vectorizer.transform(texts))
    }

    /// The class of each text: the most probable one, the first of equals.
    ///
    /// # Errors
    ///
    /// As [`predict_outputs`](Self::predict_outputs).
    pub fn predict_class(&self, texts: &[impl AsRef<str> + Sync]) -> Result<Vec<usize>, BoostError> {
        self.booster.predict_class(&self.vectorizer.transform(texts))
    }

    /// The contribution of each term, the largest first. Terms without a split are absent.
    pub fn importance(&self, importance: Importance) -> Vec<(&str, f64)> {
        let terms = self.vectorizer.terms();
        let of_columns = self.booster.importance(importance).into_iter();
        let mut of_terms: Vec<(&str, f64)> =
            of_columns.filter_map(|(column, value)| Some((terms.get(column)?.as_str(), value))).collect();
        of_terms.sort_by(|(_, left), (_, right)| right.total_cmp(left));
        of_terms
    }

    /// What makes features of texts.
    pub fn vectorizer(&self) -> &TfidfVectorizer {
        &self.vectorizer
    }

    /// What predicts from the features.
    pub fn booster(&self) -> &Booster {
        &self.booster
    }

    /// The vectorizer and the booster, apart.
    pub fn into_parts(self) -> (TfidfVectorizer, Booster) {
        (self.vectorizer, self.booster)
    }

    /// Whether the pipeline has used any of the rows that it is to be judged on, by their keys, which [`LabelledTexts::row_keys`] gives. As
    /// [`Booster::check_held_out`]: the booster has the record.
    ///
    /// # Errors
    ///
    /// When the pipeline was fitted on some of the rows, with their number and some of their keys.
    pub fn check_held_out(&self, keys: Option<&RowKeys>) -> Result<HeldOut, HeldOutError> {
        self.booster.check_held_out(keys)
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::Advice as _;

    use super::*;
    use crate::boost::BoosterParams;
    use crate::features::{Features, LabelledFeatures};

    #[test]
    fn parts_have_to_fit_each_other() {
        let vectorizer = TfidfVectorizer::fit(&["ask show"]).expect("two terms");
        let check = |columns: usize, names: &[&str], expected: Option<&str>| {
            let features = Features::from_dense(columns, &vec![1.0; columns * 2]).expect("two rows");
            let features = match names {
                [] => features,
                names => features.with_names(ColumnNames::new(names).expect("names")).expect("two names"),
            };
            let data = LabelledFeatures::new(features, vec![1.0, 2.0]).expect("two targets");
            let booster = Booster::train(&BoosterParams::default(), 1, &data).expect("a model");
            let made = TextPipeline::new(vectorizer.clone(), booster).err().map(|error| error.one_line());
            assert_eq!(made.as_deref(), expected, "{names:?}");
        };
        check(2, &[], None);
        check(2, &["ask", "show"], None);
        check(2, &["title:ask", "title:show"], None);
        let hint = "hint: a pipeline is a booster with the vectorizer whose features it was trained on";
        check(
            3,
            &[],
            Some(&format!("the vectorizer has 2 terms, but the booster was trained on 3 columns; {hint}")),
        );
        let other =
            format!("column 1 is the term `show`, but the booster was trained on `tell` there; {hint}");
        check(2, &["ask", "tell"], Some(&other));
        let other =
            format!("column 0 is the term `ask`, but the booster was trained on `task` there; {hint}");
        check(2, &["task", "show"], Some(&other));
    }
}
