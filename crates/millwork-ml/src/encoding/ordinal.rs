//! Categories by their place in an order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::encoding::EncodingError;
use crate::encoding::categories::Categories;
use crate::features::{ColumnNames, Features};

/// How categories are numbered: parameters as those of scikit-learn's `OrdinalEncoder`, for one column.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OrdinalParams {
    /// The categories from low to high; those of the training rows in alphabetical order if empty.
    pub order: Vec<String>,
    /// What a category becomes that is not in the order.
    pub unknown: UnknownOrdinal,
}

/// What a category becomes that is not in the order.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownOrdinal {
    /// The encoding fails with an error.
    #[default]
    Error,
    /// Encoded as a missing value.
    Missing,
    /// Encoded as this number.
    Value(f64),
}

/// One column with the place of each category in an order, from 0. A null is missing.
///
/// ```
/// use millwork_ml::encoding::{OrdinalEncoder, OrdinalParams};
///
/// let order = ["low", "middle", "high"].map(str::to_owned).to_vec();
/// let params = OrdinalParams { order, ..OrdinalParams::default() };
/// let encoder = OrdinalEncoder::fit(&params, "risk", [Some("high"), None])?;
/// let features = encoder.transform([Some("low"), Some("high"), None])?;
/// assert_eq!(features.values(), [0.0, 2.0]);
/// # Ok::<(), millwork_ml::encoding::EncodingError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrdinalEncoder {
    column: String,
    categories: Categories,
    unknown: UnknownOrdinal,
}

impl OrdinalEncoder {
    /// Learns the categories of a column, called `column`.
    ///
    /// # Errors
    ///
    /// When the order has a category twice, there are no rows, or a category is unknown and that is an error.
    pub fn fit<'a>(
        params: &OrdinalParams,
        column: &str,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Result<Self, EncodingError> {
        let values: Vec<Option<&str>> = values.into_iter().collect();
        if values.is_empty() {
            return Err(EncodingError::NoRows { column: column.to_owned() });
        }
        let twice =
            (1..params.order.len()).find(|&place| params.order[..place].contains(&params.order[place]));
        EncodingError::params(
            twice.iter().map(|&place| format!("`order` has `{}` twice", params.order[place])).collect(),
        )?;
        let categories = if params.order.is_empty() {
            Categories::of(values.iter().copied().filter(Option::is_some)).0
        } else {
            params.order.iter().cloned().map(Some).collect::<Vec<_>>().into()
        };
        let encoder = Self { column: column.to_owned(), categories, unknown: params.unknown };
        encoder.transform(values)?;
        Ok(encoder)
    }

    /// The place of each row's category (rows × 1), with the column's name.
    ///
    /// # Errors
    ///
    /// When a category is unknown and that is an error.
    pub fn transform<'a>(
        &self,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Result<Features, EncodingError> {
        let place = |(row, value): (usize, Option<&str>)| match (value, self.categories.number(value)) {
            (_, Some(place)) => Ok(place as f64),
            (None, None) => Ok(f64::NAN),
            (Some(category), None) => match self.unknown {
                UnknownOrdinal::Missing => Ok(f64::NAN),
                UnknownOrdinal::Value(value) => Ok(value),
                UnknownOrdinal::Error => {
                    let (column, category) = (self.column.clone(), category.to_owned());
                    Err(EncodingError::UnknownCategory { column, row, category })
                }
            },
        };
        let places = values.into_iter().enumerate().map(place).collect::<Result<Vec<_>, _>>()?;
        Ok(Features::from_dense(1, &places)?.with_names(ColumnNames::new([&self.column])?)?)
    }
}
