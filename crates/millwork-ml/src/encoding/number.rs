//! Numbers side by side.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::encoding::scaling::{Scale, mean, quantile};
use crate::encoding::{EncodingError, Scaling};
use crate::features::{ColumnNames, Features};

/// How numbers become features.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NumberParams {
    /// How the numbers of each column are scaled, by those that are there when the encoder is fitted.
    pub scaling: Scaling,
    /// What a null, or a number that is not one (NaN), becomes; it is scaled like the others, by the scale of the numbers
    /// that are there.
    pub nulls: NullNumber,
    /// Whether a column with nulls when the encoder is fitted has an additional indicator column: `column is null`.
    pub null_indicator: bool,
}

/// What a null becomes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NullNumber {
    /// Missing, which boosted trees take as it is.
    #[default]
    Missing,
    /// Replaced by the column's mean.
    Mean,
    /// Replaced by the column's median.
    Median,
    /// Replaced by this number.
    Constant(f64),
}

/// Columns of numbers, scaled. All numbers are stored, zeros as well, since an absent entry is a missing value.
///
/// ```
/// use millwork_ml::encoding::{NumberEncoder, NumberParams, Scaling};
///
/// let params = NumberParams { scaling: Scaling::MinMax, null_indicator: true, ..NumberParams::default() };
/// let (hour, length) = ([Some(0.0), Some(6.0), Some(12.0)], [Some(40.0), None, Some(60.0)]);
/// let (encoder, features) = NumberEncoder::fit_transform(&params, &[("hour", &hour), ("length", &length)])?;
///
/// assert_eq!(encoder.names().iter().collect::<Vec<_>>(), ["hour", "length", "length is null"]);
/// assert_eq!(features.row(1), Some((&[0, 2][..], &[0.5, 1.0][..])));
/// # Ok::<(), millwork_ml::encoding::EncodingError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberEncoder {
    columns: Vec<Column>,
    names: ColumnNames,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Column {
    name: String,
    scale: Scale,
    /// What stands for a null, before scaling.
    filling: Option<f64>,
    indicated: bool,
}

impl NumberEncoder {
    /// Learns the scale of each column from its name and numbers.
    ///
    /// # Errors
    ///
    /// When columns have different numbers of rows, or none; when a number is infinite or the constant for nulls is not
    /// finite; when a column has only nulls and they are to be filled or scaled by it; when names are not different.
    pub fn fit(params: &NumberParams, columns: &[(&str, &[Option<f64>])]) -> Result<Self, EncodingError> {
        if let NullNumber::Constant(constant) = params.nulls
            && !constant.is_finite()
        {
            EncodingError::params(vec![format!("the constant for nulls is {constant} and must be finite")])?;
        }
        check_rows(columns)?;
        let columns: Vec<Column> = columns
            .iter()
            .map(|&(name, numbers)| Column::fit(params, name, numbers))
            .collect::<Result<_, _>>()?;
        let mut names = Vec::new();
        for column in &columns {
            names.push(column.name.clone());
            names.extend(column.indicated.then(|| format!("{} is null", column.name)));
        }
        Ok(Self { columns, names: ColumnNames::new(names)? })
    }

    /// The scaled numbers (rows × columns), with names.
    ///
    /// # Errors
    ///
    /// When the columns are other ones than those of [`fit`](Self::fit), have different numbers of rows, or a number is
    /// infinite.
    pub fn transform(&self, columns: &[(&str, &[Option<f64>])]) -> Result<Features, EncodingError> {
        if !columns.iter().map(|(name, _)| *name).eq(self.columns.iter().map(|column| column.name.as_str())) {
            return Err(EncodingError::Columns {
                found: columns.iter().map(|(name, _)| (*name).to_owned()).collect(),
                expected: self.columns.iter().map(|column| column.name.clone()).collect(),
            });
        }
        let rows = check_rows(columns)?;
        let mut dense = Vec::with_capacity(rows * self.names.len());
        for row in 0..rows {
            for (column, (_, numbers)) in self.columns.iter().zip(columns) {
                column.encode(row, numbers[row], &mut dense)?;
            }
        }
        Ok(Features::from_dense(self.names.len(), &dense)?.with_names(self.names.clone())?)
    }

    /// As [`fit`](Self::fit) and [`transform`](Self::transform) of the same rows.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit).
    pub fn fit_transform(
        params: &NumberParams,
        columns: &[(&str, &[Option<f64>])],
    ) -> Result<(Self, Features), EncodingError> {
        let encoder = Self::fit(params, columns)?;
        let features = encoder.transform(columns)?;
        Ok((encoder, features))
    }

    /// The names of the columns.
    pub fn names(&self) -> &ColumnNames {
        &self.names
    }
}

impl Column {
    fn fit(params: &NumberParams, name: &str, numbers: &[Option<f64>]) -> Result<Self, EncodingError> {
        let mut present = Vec::with_capacity(numbers.len());
        for (row, &number) in numbers.iter().enumerate() {
            present.extend(finite(name, row, number)?);
        }
        present.sort_by(f64::total_cmp);
        let only_nulls = || EncodingError::OnlyNulls { column: name.to_owned() };
        let learned = present.first().ok_or_else(only_nulls);
        let scale = if params.scaling == Scaling::None {
            Scaling::None.of(&[0.0])
        } else {
            learned.as_ref().map(|_| params.scaling.of(&present)).map_err(|_| only_nulls())?
        };
        let filling = match params.nulls {
            NullNumber::Missing => None,
            NullNumber::Constant(constant) => Some(constant),
            NullNumber::Mean => Some(learned.map(|_| mean(&present))?),
            NullNumber::Median => Some(learned.map(|_| quantile(&present, 0.5))?),
        };
        if !(scale.is_finite() && filling.is_none_or(f64::is_finite)) {
            return Err(EncodingError::TooLarge { column: name.to_owned() });
        }
        let indicated = params.null_indicator && present.len() < numbers.len();
        Ok(Self { name: name.to_owned(), scale, filling, indicated })
    }

    /// Appends the number, `NaN` for a missing one, and whether it is null.
    fn encode(&self, row: usize, number: Option<f64>, dense: &mut Vec<f64>) -> Result<(), EncodingError> {
        let number = finite(&self.name, row, number)?;
        dense.push(number.or(self.filling).map_or(f64::NAN, |number| self.scale.apply(number)));
        dense.extend(self.indicated.then(|| f64::from(u8::from(number.is_none()))));
        Ok(())
    }
}

/// A number that is one.
fn finite(column: &str, row: usize, number: Option<f64>) -> Result<Option<f64>, EncodingError> {
    match number.filter(|number| !number.is_nan()) {
        Some(number) if number.is_infinite() => {
            Err(EncodingError::Infinite { column: column.to_owned(), row })
        }
        number => Ok(number),
    }
}

/// The number of rows of all columns.
fn check_rows(columns: &[(&str, &[Option<f64>])]) -> Result<usize, EncodingError> {
    let expected = columns.first().map_or(0, |(_, numbers)| numbers.len());
    match columns.iter().find(|(_, numbers)| numbers.len() != expected) {
        Some((column, numbers)) => {
            Err(EncodingError::Rows { column: (*column).to_owned(), rows: numbers.len(), expected })
        }
        None => Ok(expected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_to_be_scaled_is_refused() {
        let numbers = [Some(1e200), Some(-1e200), None];
        let fit = |scaling, nulls| {
            let params = NumberParams { scaling, nulls, ..NumberParams::default() };
            NumberEncoder::fit(&params, &[("n", &numbers)])
        };
        assert!(matches!(fit(Scaling::Standard, NullNumber::Missing), Err(EncodingError::TooLarge { .. })));
        assert!(fit(Scaling::MinMax, NullNumber::Mean).is_ok());
    }
}
