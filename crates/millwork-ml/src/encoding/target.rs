//! Categories by their mean target.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::encoding::EncodingError;
use crate::encoding::categories::Categories;
use crate::encoding::scaling::mean;
use crate::features::{ColumnNames, Features, FeaturesError};
use crate::split;

/// How categories are encoded by their targets: parameters as those of scikit-learn's `TargetEncoder`, for one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TargetParams {
    /// How far the means of categories with few rows are drawn to the mean of all.
    pub smooth: Smoothing,
    /// How many folds the training rows are encoded in.
    #[schemars(range(min = 2))]
    pub folds: usize,
    /// The seed of the folds.
    pub seed: u64,
}

/// How far a category's mean is drawn to the mean of all rows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Smoothing {
    /// By how much the targets vary within the category and among all rows (an empirical Bayes estimate; Micci-Barreca,
    /// "A preprocessing scheme for high-cardinality categorical attributes", 2001).
    #[default]
    Auto,
    /// As if this number of additional rows had the mean of all.
    Rows(f64),
}

impl Default for TargetParams {
    fn default() -> Self {
        Self { smooth: Smoothing::Auto, folds: 5, seed: 0 }
    }
}

/// One column with the mean target of each row's category, drawn to the mean of all. A category that was not seen has
/// the mean of all; null is a category.
///
/// Training rows have to be encoded by [`fit_transform`](Self::fit_transform), each fold by the targets of the others: by
/// [`transform`](Self::transform), a row's own target would be in its feature, and a model would trust it too much.
///
/// ```
/// use millwork_ml::encoding::{Smoothing, TargetEncoder, TargetParams};
///
/// let params = TargetParams { smooth: Smoothing::Rows(2.0), folds: 2, ..TargetParams::default() };
/// let (authors, comments) = ([Some("pg"), Some("pg"), Some("me"), None], [90.0, 70.0, 0.0, 0.0]);
/// let (encoder, train) = TargetEncoder::fit_transform(&params, "author", authors, &comments)?;
/// let test = encoder.transform([Some("pg"), Some("you")])?;
/// assert_eq!(test.values(), [(90.0 + 70.0 + 2.0 * 40.0) / 4.0, 40.0]);
/// # assert_eq!(train.rows(), 4);
/// # Ok::<(), millwork_ml::encoding::EncodingError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetEncoder {
    column: String,
    categories: Categories,
    /// The encoding of each category.
    means: Vec<f64>,
    /// The mean of all rows.
    mean: f64,
}

impl TargetEncoder {
    /// Learns the mean target of each category of a column, called `column`.
    ///
    /// # Errors
    ///
    /// When a parameter is out of range, there are no rows, or not a finite target for each.
    pub fn fit<'a>(
        params: &TargetParams,
        column: &str,
        values: impl IntoIterator<Item = Option<&'a str>>,
        targets: &[f64],
    ) -> Result<Self, EncodingError> {
        params.validate()?;
        let (categories, rows) = Categories::of(values);
        if rows.len() != targets.len() {
            let (column, rows, expected) = (column.to_owned(), rows.len(), targets.len());
            return Err(EncodingError::Rows { column, rows, expected });
        }
        if rows.is_empty() {
            return Err(EncodingError::NoRows { column: column.to_owned() });
        }
        if let Some(row) = targets.iter().position(|target| !target.is_finite()) {
            return Err(FeaturesError::TargetNotFinite { row }.into());
        }
        let means = means(params.smooth, &rows, targets, categories.len());
        Ok(Self { column: column.to_owned(), categories, means, mean: mean(targets) })
    }

    /// The encoding of each row (rows × 1), with the column's name. Not for training rows.
    ///
    /// # Errors
    ///
    /// None that a caller can cause.
    pub fn transform<'a>(
        &self,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Result<Features, EncodingError> {
        let encoding = |value| {
            let category = self.categories.number(value);
            category.and_then(|category| self.means.get(category)).copied().unwrap_or(self.mean)
        };
        self.features(&values.into_iter().map(encoding).collect::<Vec<f64>>())
    }

    /// Learns from all rows, and encodes each of them by the targets of the other folds.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit), and when there are fewer rows than folds.
    pub fn fit_transform<'a>(
        params: &TargetParams,
        column: &str,
        values: impl IntoIterator<Item = Option<&'a str>>,
        targets: &[f64],
    ) -> Result<(Self, Features), EncodingError> {
        let values: Vec<Option<&str>> = values.into_iter().collect();
        let encoder = Self::fit(params, column, values.iter().copied(), targets)?;
        let mut encoded = vec![0.0; values.len()];
        for parts in &split::k_fold(values.len(), params.folds, params.seed)? {
            let others: Vec<f64> = parts.train.iter().map(|&row| targets[row]).collect();
            let fold = Self::fit(params, column, parts.train.iter().map(|&row| values[row]), &others)?;
            let features = fold.transform(parts.test.iter().map(|&row| values[row]))?;
            parts.test.iter().zip(features.values()).for_each(|(&row, &value)| encoded[row] = value);
        }
        let features = encoder.features(&encoded)?;
        Ok((encoder, features))
    }

    fn features(&self, encoded: &[f64]) -> Result<Features, EncodingError> {
        Ok(Features::from_dense(1, encoded)?.with_names(ColumnNames::new([&self.column])?)?)
    }
}

impl TargetParams {
    /// Checks every value against its range.
    ///
    /// # Errors
    ///
    /// [`EncodingError::Params`] with all that is wrong, not only the first.
    pub fn validate(&self) -> Result<(), EncodingError> {
        let mut problems = Vec::new();
        if let Smoothing::Rows(rows) = self.smooth
            && !(rows.is_finite() && rows >= 0.0)
        {
            problems.push(format!("`smooth` is {rows} and must be 0 rows or more"));
        }
        if self.folds < 2 {
            problems.push(format!("`folds` is {} and must be 2 or above", self.folds));
        }
        EncodingError::params(problems)
    }
}

/// The encoding of each category, given the category and the target of each row.
fn means(smooth: Smoothing, rows: &[usize], targets: &[f64], categories: usize) -> Vec<f64> {
    let all = mean(targets);
    let mut of = vec![Category::default(); categories];
    for (&category, target) in rows.iter().zip(targets) {
        of[category].rows += 1.0;
        of[category].sum += target;
    }
    for (&category, target) in rows.iter().zip(targets) {
        let category = &mut of[category];
        category.squares += (target - category.sum / category.rows).powi(2);
    }
    let variance = targets.iter().map(|target| (target - all).powi(2)).sum::<f64>() / targets.len() as f64;
    of.iter().map(|category| category.encoding(smooth, all, variance)).collect()
}

#[derive(Clone, Default)]
struct Category {
    rows: f64,
    sum: f64,
    /// The sum of the squared differences from the category's mean.
    squares: f64,
}

impl Category {
    fn encoding(&self, smooth: Smoothing, all: f64, variance: f64) -> f64 {
        match smooth {
            Smoothing::Rows(rows) => (self.sum + rows * all) / (self.rows + rows),
            Smoothing::Auto => {
                let trust = variance * self.rows / (variance * self.rows + self.squares / self.rows);
                if trust.is_nan() { all } else { trust * (self.sum / self.rows) + (1.0 - trust) * all }
            }
        }
    }
}
