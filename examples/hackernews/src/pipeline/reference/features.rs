//! From a story's data to features.

use millwork::ml::encoding::{Frequency, NumberEncoder, NumberParams, OneHotEncoder, OneHotParams, Unknown};
use millwork::ml::features::{ColumnNames, FeatureBlocks, Features, LabelledFeatures};
use millwork::ml::text::{CountParams, DocumentFrequency, TfidfParams, TfidfVectorizer};
use millwork::{Assets, Output, Result, multi_asset};
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use super::source::{comments, numbers, parts, reference_stories};
use crate::pipeline::stories;

/// The numeric columns that are features.
const NUMBERS: [&str; 12] = [
    "hour",
    "weekday",
    "author stories",
    "author mean",
    "domain stories",
    "domain mean",
    "characters",
    "words",
    "question",
    "year",
    "pdf",
    "video",
];

/// The fitted transformers of any story's features, learned from the training stories.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoryEncoders {
    words: TfidfVectorizer,
    kinds: OneHotEncoder,
    domains: OneHotEncoder,
    numbers: NumberEncoder,
}

/// The stories as features.
#[derive(Assets)]
pub struct ReferenceFeatures {
    /// The fitted transformers of the features.
    reference_encoders: StoryEncoders,
    /// The training stories.
    reference_training: Output<LabelledFeatures>,
    /// Newer ones, by which training is stopped.
    reference_validation: Output<LabelledFeatures>,
    /// The newest ones, by which nothing is chosen.
    reference_test: Output<LabelledFeatures>,
}

/// Words and pairs of words, kind of post, domain, time, and the past of author and domain, side by side.
#[multi_asset(group = "reference", kinds("tfidf"))]
pub fn reference_features(reference_stories: &DataFrame) -> Result<ReferenceFeatures> {
    let parts = parts(reference_stories)?;
    let training = stories::rows(reference_stories, &parts.train)?;
    let encoders = StoryEncoders::fit(&training)?;
    let part = |rows: &[usize]| -> Result<Output<LabelledFeatures>> {
        let stories = stories::rows(reference_stories, rows)?;
        let labelled = LabelledFeatures::new(encoders.transform(&stories)?, comments(&stories)?)?;
        let columns = labelled.features().columns();
        Ok(Output::new(labelled).metadata("rows", rows.len()).metadata("columns", columns))
    };
    Ok(ReferenceFeatures {
        reference_training: part(&parts.train)?,
        reference_validation: part(&parts.validation)?,
        reference_test: part(&parts.test)?,
        reference_encoders: encoders,
    })
}

impl StoryEncoders {
    pub(in crate::pipeline) fn fit(stories: &DataFrame) -> Result<Self> {
        let counts = CountParams {
            ngram_range: (1, 2),
            min_df: DocumentFrequency::Count(3),
            ..CountParams::default()
        };
        let words = TfidfParams { counts, sublinear_tf: true, ..TfidfParams::default() };
        let frequent = OneHotParams {
            min_frequency: Some(Frequency::Count(10)),
            unknown: Unknown::Infrequent,
            ..OneHotParams::default()
        };
        Ok(Self {
            words: words.fit(&stories::titles(stories)?)?,
            kinds: OneHotEncoder::fit(&OneHotParams::default(), "kind", texts(stories, "kind")?)?,
            domains: OneHotEncoder::fit(&frequent, "domain", texts(stories, "domain")?)?,
            numbers: with_numbers(stories, |columns| {
                Ok(NumberEncoder::fit(&NumberParams::default(), columns)?)
            })?,
        })
    }

    pub(in crate::pipeline) fn transform(&self, stories: &DataFrame) -> Result<Features> {
        let words = self.words.transform(&stories::titles(stories)?);
        let words = words.with_names(ColumnNames::new(self.words.terms())?)?;
        let kinds = self.kinds.transform(texts(stories, "kind")?)?;
        let domains = self.domains.transform(texts(stories, "domain")?)?;
        let numbers = with_numbers(stories, |columns| Ok(self.numbers.transform(columns)?))?;
        let blocks =
            FeatureBlocks::new().named("title", &words).plain(&kinds).plain(&domains).plain(&numbers);
        Ok(blocks.join()?)
    }
}

fn texts<'a>(stories: &'a DataFrame, column: &str) -> Result<Vec<Option<&'a str>>> {
    Ok(stories.column(column)?.str()?.iter().collect())
}

/// Borrows the numeric columns, with their names.
fn with_numbers<T>(
    stories: &DataFrame,
    use_columns: impl FnOnce(&[(&str, &[Option<f64>])]) -> Result<T>,
) -> Result<T> {
    let columns: Vec<_> = NUMBERS.iter().map(|column| numbers(stories, column)).collect::<Result<_>>()?;
    let named: Vec<_> = NUMBERS.iter().copied().zip(columns.iter().map(Vec::as_slice)).collect();
    use_columns(&named)
}
