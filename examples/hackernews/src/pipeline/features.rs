//! From titles to TF-IDF features.

use millwork::ml::features::LabelledFeatures;
use millwork::ml::text::TfidfVectorizer;
use millwork::{Assets, Output, Result, Table, asset, multi_asset};
use polars::prelude::DataFrame;

use super::ingest::{test_data, training_data};
use super::stories;

/// The vectorizer and features that are learned from the training titles.
#[derive(Assets)]
pub struct TfidfFeatures {
    /// The vocabulary of the training titles and the weight of each term.
    tfidf_vectorizer: Output<TfidfVectorizer>,
    /// The training titles as TF-IDF features, with their numbers of comments.
    transformed_training_data: Output<LabelledFeatures>,
}

/// Fits the vectorizer on the training titles and transforms them.
///
/// Only terms that occur are entries of the sparse features. XGBoost reads an absent entry as *missing*, and learns at
/// each split which way missing goes; the same type with the same meaning goes into training, scoring and prediction.
#[multi_asset(group = "features", kinds("tfidf"))]
pub fn tfidf_features(training_data: &DataFrame) -> Result<TfidfFeatures> {
    let (vectorizer, features) = TfidfVectorizer::fit_transform(&stories::titles(training_data)?)?;
    let labelled = LabelledFeatures::new(features, stories::comments(training_data)?)?
        .with_row_keys(stories::keys(training_data)?.iter())?;
    let terms = vectorizer.terms().len();
    Ok(TfidfFeatures {
        transformed_training_data: described(labelled),
        tfidf_vectorizer: Output::new(vectorizer).metadata("terms", terms),
    }
    .with_most_frequent_terms())
}

impl TfidfFeatures {
    fn with_most_frequent_terms(self) -> Self {
        let vectorizer = &self.tfidf_vectorizer.value;
        let frequencies = vectorizer.document_frequencies();
        let mut terms: Vec<_> = vectorizer.terms().iter().zip(frequencies).collect();
        terms.sort_by_key(|(_, frequency)| std::cmp::Reverse(**frequency));
        let table = terms
            .into_iter()
            .take(10)
            .fold(Table::new([("term", "text"), ("titles", "u64")]), |table, (term, frequency)| {
                table.row([term.as_str().into(), (*frequency).into()])
            });
        Self { tfidf_vectorizer: self.tfidf_vectorizer.metadata("most frequent terms", table), ..self }
    }
}

/// The test titles as TF-IDF features, with their numbers of comments.
#[asset(group = "features", kinds("tfidf"))]
pub fn transformed_test_data(
    test_data: &DataFrame,
    tfidf_vectorizer: &TfidfVectorizer,
) -> Result<Output<LabelledFeatures>> {
    let features = tfidf_vectorizer.transform(&stories::titles(test_data)?);
    let labelled = LabelledFeatures::new(features, stories::comments(test_data)?)?;
    Ok(described(labelled.with_row_keys(stories::keys(test_data)?.iter())?))
}

fn described(labelled: LabelledFeatures) -> Output<LabelledFeatures> {
    let (rows, columns, entries) =
        (labelled.rows(), labelled.features().columns(), labelled.features().entries());
    Output::new(labelled).metadata("rows", rows).metadata("columns", columns).metadata("entries", entries)
}
