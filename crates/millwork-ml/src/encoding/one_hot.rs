//! A column for each category.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::encoding::EncodingError;
use crate::encoding::categories::Categories;
use crate::features::{ColumnNames, Features};

/// Which categories have a column: the parameters of scikit-learn's `OneHotEncoder`, for one column.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OneHotParams {
    /// The rows that a category must have for a column of its own; the others share one.
    pub min_frequency: Option<Frequency>,
    /// The most columns, that of the infrequent categories included. Of equally frequent categories, those that come
    /// first in the alphabet have to share.
    #[schemars(range(min = 1))]
    pub max_categories: Option<usize>,
    /// What a category becomes that was not seen when the encoder was fitted.
    pub unknown: Unknown,
    /// What a null becomes.
    pub nulls: Nulls,
    /// The column that is left out, so that the others are not a sum of it; trees have no need of that.
    pub drop: Drop,
}

/// A number of rows: an integer counts them, a number with a fraction point is a share of all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Frequency {
    /// An absolute number of rows.
    Count(#[schemars(range(min = 1))] u64),
    /// So large a share of the rows, from 0 to 1.
    Share(#[schemars(range(min = 0.0, max = 1.0))] f64),
}

/// What an unknown category becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// Nothing: its row has no entry.
    #[default]
    Ignore,
    /// An infrequent one; no entry if there are none.
    Infrequent,
    /// The encoding fails with an error.
    Error,
}

/// What a null becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Nulls {
    /// A category of its own, the last one.
    #[default]
    Category,
    /// Nothing: its row has no entry.
    Ignore,
    /// The encoding fails with an error.
    Error,
}

/// Which column is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Drop {
    /// No category is left out.
    #[default]
    None,
    /// The first category of each column is left out.
    First,
    /// The first of two.
    IfBinary,
}

/// A column for each category of a column, 1 in the rows of that category.
///
/// ```
/// use millwork_ml::encoding::{Frequency, OneHotEncoder, OneHotParams};
///
/// let domains = [Some("github.com"), Some("github.com"), None, Some("example.org")];
/// let params = OneHotParams { min_frequency: Some(Frequency::Count(2)), ..OneHotParams::default() };
/// let (encoder, features) = OneHotEncoder::fit_transform(&params, "domain", domains)?;
///
/// assert_eq!(encoder.names().iter().collect::<Vec<_>>(), ["domain=github.com", "domain=(infrequent)"]);
/// assert_eq!(features.row(3), Some((&[1][..], &[1.0][..])));
/// # Ok::<(), millwork_ml::encoding::EncodingError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneHotEncoder {
    column: String,
    unknown: Unknown,
    nulls: Nulls,
    categories: Categories,
    /// The column of each category; `None` for the one that is left out.
    columns: Vec<Option<u32>>,
    /// The column of infrequent categories.
    infrequent: Option<u32>,
    has_infrequent: bool,
    names: ColumnNames,
}

impl OneHotParams {
    /// Checks every value against its range.
    ///
    /// # Errors
    ///
    /// [`EncodingError::Params`] with all that is wrong, not only the first.
    pub fn validate(&self) -> Result<(), EncodingError> {
        let mut problems = Vec::new();
        match self.min_frequency {
            Some(Frequency::Count(0)) => {
                problems.push("`min_frequency` is 0 and must be 1 or above".to_owned());
            }
            Some(Frequency::Share(share)) if !(0.0..=1.0).contains(&share) => {
                problems.push(format!("`min_frequency` is {share:?} and must be a share of 0.0 to 1.0"));
            }
            Some(Frequency::Count(_) | Frequency::Share(_)) | None => {}
        }
        if self.max_categories == Some(0) {
            problems.push("`max_categories` is 0 and must be 1 or above".to_owned());
        }
        EncodingError::params(problems)
    }

    /// Which categories are infrequent, given the rows of each, as scikit-learn finds them.
    fn infrequent(&self, counts: &[usize]) -> Vec<bool> {
        let rows: usize = counts.iter().sum();
        let least = match self.min_frequency {
            Some(Frequency::Count(count)) => count as f64,
            Some(Frequency::Share(share)) => share * rows as f64,
            None => 0.0,
        };
        let mut infrequent: Vec<bool> = counts.iter().map(|&count| (count as f64) < least).collect();
        let columns = infrequent.iter().filter(|&&infrequent| !infrequent).count() + 1;
        if let Some(most) = self.max_categories.filter(|&most| most < columns) {
            let mut by_count: Vec<usize> = (0..counts.len()).collect();
            by_count.sort_by_key(|&category| counts[category]);
            let sharing = counts.len().saturating_sub(most - 1);
            by_count[..sharing].iter().for_each(|&category| infrequent[category] = true);
        }
        infrequent
    }
}

impl OneHotEncoder {
    /// Learns the categories of a column, called `column`.
    ///
    /// # Errors
    ///
    /// When a parameter is out of range, there are no rows, or a null is an error.
    pub fn fit<'a>(
        params: &OneHotParams,
        column: &str,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Result<Self, EncodingError> {
        params.validate()?;
        let values: Vec<Option<&str>> = values.into_iter().collect();
        if params.nulls == Nulls::Error
            && let Some(row) = values.iter().position(Option::is_none)
        {
            return Err(EncodingError::Null { column: column.to_owned(), row });
        }
        let counted = values.iter().filter(|value| value.is_some() || params.nulls == Nulls::Category);
        let (categories, rows) = Categories::of(counted.copied());
        if values.is_empty() {
            return Err(EncodingError::NoRows { column: column.to_owned() });
        }
        let mut counts = vec![0; categories.len()];
        rows.into_iter().for_each(|category| counts[category] += 1);
        Self::of(params, column, categories, &params.infrequent(&counts))
    }

    fn of(
        params: &OneHotParams,
        column: &str,
        categories: Categories,
        infrequent: &[bool],
    ) -> Result<Self, EncodingError> {
        let has_infrequent = infrequent.contains(&true);
        let (mut names, mut of_no_category) = (Vec::new(), Vec::new());
        let mut columns = Vec::with_capacity(categories.len());
        for (category, &infrequent) in categories.names().iter().zip(infrequent) {
            columns.push(if infrequent { None } else { Some(names.len() as u32) });
            if !infrequent {
                of_no_category.extend(category.is_none().then_some(names.len()));
                names.push(format!("{column}={}", category.as_deref().unwrap_or("(null)")));
            }
        }
        let mut shared = has_infrequent.then_some(names.len() as u32);
        if has_infrequent {
            of_no_category.push(names.len());
            names.push(format!("{column}=(infrequent)"));
        }
        make_different(&mut names, &of_no_category);
        if params.drop == Drop::First && !names.is_empty()
            || params.drop == Drop::IfBinary && names.len() == 2
        {
            names.remove(0);
            let moved = |column: Option<u32>| column.and_then(|column| column.checked_sub(1));
            columns.iter_mut().for_each(|column| *column = moved(*column));
            shared = moved(shared);
        }
        for (column, &infrequent) in columns.iter_mut().zip(infrequent) {
            *column = if infrequent { shared } else { *column };
        }
        let names = ColumnNames::new(names)?;
        let (unknown, nulls) = (params.unknown, params.nulls);
        let column = column.to_owned();
        Ok(Self { column, unknown, nulls, categories, columns, infrequent: shared, has_infrequent, names })
    }

    /// The categories of each row (rows × columns), with names.
    ///
    /// # Errors
    ///
    /// When a category is unknown, or null, and that is an error.
    pub fn transform<'a>(
        &self,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Result<Features, EncodingError> {
        let (mut row_offsets, mut indices) = (vec![0], Vec::new());
        for (row, value) in values.into_iter().enumerate() {
            indices.extend(self.column_of(row, value)?);
            row_offsets.push(indices.len());
        }
        let ones = vec![1.0; indices.len()];
        Ok(Features::new(self.names.len(), row_offsets, indices, ones)?.with_names(self.names.clone())?)
    }

    fn column_of(&self, row: usize, value: Option<&str>) -> Result<Option<u32>, EncodingError> {
        let name = || self.column.clone();
        match (self.categories.number(value), value) {
            (Some(category), _) => Ok(self.columns.get(category).copied().flatten()),
            (None, None) if self.nulls == Nulls::Error => Err(EncodingError::Null { column: name(), row }),
            (None, None) if self.nulls == Nulls::Ignore => Ok(None),
            (None, _) => match self.unknown {
                Unknown::Ignore => Ok(None),
                Unknown::Infrequent => Ok(self.infrequent.filter(|_| self.has_infrequent)),
                Unknown::Error => {
                    let category = value.unwrap_or("(null)").to_owned();
                    Err(EncodingError::UnknownCategory { column: name(), row, category })
                }
            },
        }
    }

    /// As [`fit`](Self::fit) and [`transform`](Self::transform) of the same rows.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit).
    pub fn fit_transform<'a>(
        params: &OneHotParams,
        column: &str,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Result<(Self, Features), EncodingError> {
        let values: Vec<Option<&str>> = values.into_iter().collect();
        let encoder = Self::fit(params, column, values.iter().copied())?;
        let features = encoder.transform(values)?;
        Ok((encoder, features))
    }

    /// The names of the columns: `column=category` in the order of the categories, then `column=(null)` and
    /// `column=(infrequent)`.
    pub fn names(&self) -> &ColumnNames {
        &self.names
    }
}

/// Appends to the names of columns that are no category's, those of null and of the infrequent ones, until no other
/// column is called so: a category may have any name.
fn make_different(names: &mut [String], of_no_category: &[usize]) {
    if of_no_category.is_empty() {
        return;
    }
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    for &place in of_no_category {
        // Of two equal names, one is the category's and stays.
        let is_twice = names.iter().enumerate().any(|(other, name)| other != place && *name == names[place]);
        while is_twice && taken.contains(&names[place]) {
            names[place].push('_');
        }
        taken.insert(names[place].clone());
    }
}
