//! Predictions as an asset's value.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::{AssetValue, BoxError, Table};
use millwork_polars::Parquet;
use polars::prelude::DataFrame;

use crate::column::{Runs, Texts};
use crate::rows::{check_keys, check_length, check_times, check_values};
use crate::{ModelVersion, MonitorError, PredictionSource, RowKey, RowValue, frame};

/// Names of columns that slices can't have.
pub(crate) const COLUMNS: [&str; 5] = ["key", "value", "predicted_at", "version", "role"];

/// Predictions, a row for each key, each with the version of the model that made it, that version's role, and the time.
///
/// They are stored as Parquet with the columns `key`, `value`, `predicted_at` (microseconds since 1970), `version`, `role`, and one for each
/// slice. [`MakePredictions::predictions`](crate::MakePredictions::predictions) makes them by a model's version.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions<K, T> {
    pub(crate) keys: Vec<K>,
    pub(crate) values: Vec<T>,
    /// The versions that made them, each once.
    pub(crate) models: Vec<ModelVersion>,
    /// For each row, a position in `models`.
    pub(crate) made_by: Runs<u32>,
    /// For each row, microseconds since 1970.
    pub(crate) made_at: Runs<i64>,
    pub(crate) slices: BTreeMap<String, Texts>,
}

impl<K: RowKey, T: RowValue> Predictions<K, T> {
    /// Predictions of one source.
    ///
    /// # Errors
    ///
    /// When there are not as many values as keys, a key is there twice, a value can't be computed with, or the time is at the end of the calendar.
    pub fn new(
        source: PredictionSource,
        keys: impl IntoIterator<Item = K>,
        values: impl IntoIterator<Item = T>,
    ) -> Result<Self, MonitorError> {
        let (keys, values): (Vec<K>, Vec<T>) = (keys.into_iter().collect(), values.into_iter().collect());
        let rows = keys.len();
        Self {
            keys,
            values,
            models: vec![source.model],
            made_by: Runs::repeated(0, rows),
            made_at: Runs::repeated(source.at.as_microsecond(), rows),
            slices: BTreeMap::new(),
        }
        .checked()
    }

    /// With a column by which the performance is divided: for each row the domain, the country, the size.
    ///
    /// # Errors
    ///
    /// When there are not as many texts as keys, or the name is that of another column.
    pub fn slice<S: AsRef<str>>(
        mut self,
        column: &str,
        texts: impl IntoIterator<Item = S>,
    ) -> Result<Self, MonitorError> {
        if COLUMNS.contains(&column) || self.slices.contains_key(column) {
            return Err(MonitorError::ColumnTwice { column: column.to_owned() });
        }
        let texts: Texts = texts.into_iter().collect();
        check_length(self.keys.len(), column, texts.len())?;
        self.slices.insert(column.to_owned(), texts);
        Ok(self)
    }

    /// Together with other predictions, such as those of a challenger for the same keys.
    ///
    /// # Errors
    ///
    /// When both have predictions of the same version in the same role for a key, or only one has a slice.
    pub fn and(mut self, other: Self) -> Result<Self, MonitorError> {
        let only = |own: &Self, others: &Self| {
            own.slices.keys().find(|column| !others.slices.contains_key(*column)).cloned()
        };
        if let Some(column) = only(&self, &other).or_else(|| only(&other, &self)) {
            return Err(MonitorError::OtherSlices { column });
        }
        let positions: Vec<u32> = other.models.iter().map(|model| self.position(model)).collect();
        other.made_by.iter().for_each(|model| self.made_by.push(positions[model as usize], 1));
        self.made_at.append(&other.made_at);
        self.keys.extend(other.keys);
        self.values.extend(other.values);
        for (column, texts) in &other.slices {
            if let Some(own) = self.slices.get_mut(column) {
                own.append(texts);
            }
        }
        self.checked()
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of each row.
    pub fn keys(&self) -> &[K] {
        &self.keys
    }

    /// The predicted value of each row.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The version of the model that made each row, in its role.
    pub fn models(&self) -> impl Iterator<Item = &ModelVersion> {
        self.made_by.iter().map(|model| &self.models[model as usize])
    }

    /// When each row was made.
    pub fn times(&self) -> impl Iterator<Item = Timestamp> {
        self.made_at.iter().map(|at| Timestamp::from_microsecond(at).unwrap_or_default())
    }

    pub(crate) fn position(&mut self, model: &ModelVersion) -> u32 {
        let known = self.models.iter().position(|known| known == model);
        known.unwrap_or_else(|| {
            self.models.push(model.clone());
            self.models.len() - 1
        }) as u32
    }

    pub(crate) fn checked(self) -> Result<Self, MonitorError> {
        check_values(&self.keys, &self.values)?;
        check_times(&self.keys, &self.made_at)?;
        let made_by = self.made_by.expanded();
        check_keys(&self.keys, |row| made_by.get(row))?;
        Ok(self)
    }
}

impl<K: RowKey, T: RowValue> AssetValue<Parquet> for Predictions<K, T> {
    const EXTENSION: &'static str = <DataFrame as AssetValue<Parquet>>::EXTENSION;
    const MEDIA_TYPE: &'static str = <DataFrame as AssetValue<Parquet>>::MEDIA_TYPE;

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        frame::of_predictions(self)?.encode(bytes)
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        Ok(frame::to_predictions(&DataFrame::decode(bytes)?)?)
    }

    fn preview(bytes: &[u8], rows: usize) -> Result<Option<Table>, BoxError> {
        DataFrame::preview(bytes, rows)
    }
}
