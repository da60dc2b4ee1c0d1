//! Ground truth as an asset's value: what turned out later.

use jiff::Timestamp;
use millwork_core::{AssetValue, BoxError, Table};
use millwork_polars::Parquet;
use polars::prelude::DataFrame;

use crate::column::Runs;
use crate::rows::{check_keys, check_length, check_times, check_values};
use crate::{MonitorError, RowKey, RowValue, frame};

/// What turned out later, a row for each key, each with the time at which it was so.
///
/// Each materialization adds to earlier ones: it has what is new, and may repeat what was known. It is stored as Parquet with the columns
/// `key`, `value` and `at` (microseconds since 1970).
#[derive(Debug, Clone, PartialEq)]
pub struct GroundTruth<K, T> {
    pub(crate) keys: Vec<K>,
    pub(crate) values: Vec<T>,
    /// For each row, microseconds since 1970.
    pub(crate) known_at: Runs<i64>,
}

impl<K: RowKey, T: RowValue> GroundTruth<K, T> {
    /// Facts that were all observed at one time.
    ///
    /// # Errors
    ///
    /// When there are not as many values as keys, a key is there twice, a value can't be computed with, or a time is at the end of the calendar.
    pub fn new(
        at: Timestamp,
        keys: impl IntoIterator<Item = K>,
        values: impl IntoIterator<Item = T>,
    ) -> Result<Self, MonitorError> {
        let (keys, values): (Vec<K>, Vec<T>) = (keys.into_iter().collect(), values.into_iter().collect());
        let known_at = Runs::repeated(at.as_microsecond(), keys.len());
        Self { keys, values, known_at }.checked()
    }

    /// Facts that each have a time of their own.
    ///
    /// # Errors
    ///
    /// As [`GroundTruth::new`], and when there are not as many times as keys.
    pub fn timed(
        keys: impl IntoIterator<Item = K>,
        values: impl IntoIterator<Item = T>,
        times: impl IntoIterator<Item = Timestamp>,
    ) -> Result<Self, MonitorError> {
        let (keys, values): (Vec<K>, Vec<T>) = (keys.into_iter().collect(), values.into_iter().collect());
        let mut rows = 0;
        let known_at = times.into_iter().inspect(|_| rows += 1).map(Timestamp::as_microsecond).collect();
        check_length(keys.len(), "at", rows)?;
        Self { keys, values, known_at }.checked()
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

    /// The value of each row.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// When each row was so.
    pub fn times(&self) -> impl Iterator<Item = Timestamp> {
        self.known_at.iter().map(|at| Timestamp::from_microsecond(at).unwrap_or_default())
    }

    pub(crate) fn checked(self) -> Result<Self, MonitorError> {
        check_values(&self.keys, &self.values)?;
        check_times(&self.keys, &self.known_at)?;
        check_keys(&self.keys, |_| 0)?;
        Ok(self)
    }
}

impl<K: RowKey, T: RowValue> AssetValue<Parquet> for GroundTruth<K, T> {
    const EXTENSION: &'static str = <DataFrame as AssetValue<Parquet>>::EXTENSION;
    const MEDIA_TYPE: &'static str = <DataFrame as AssetValue<Parquet>>::MEDIA_TYPE;

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        frame::of_ground_truth(self)?.encode(bytes)
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        Ok(frame::to_ground_truth(&DataFrame::decode(bytes)?)?)
    }

    fn preview(bytes: &[u8], rows: usize) -> Result<Option<Table>, BoxError> {
        DataFrame::preview(bytes, rows)
    }
}
