//! Rows for tests: times as days and hours, versions, increments.

use jiff::{SignedDuration, Timestamp};
use millwork_core::AssetValue;
use millwork_core::version::VersionNumber;
use millwork_monitor::{
    GroundTruth, ModelVersion, Performance, PerformanceConfig, PerformanceFormat, PredictionSource,
    Predictions, Role, RowKey, WindowMeasures,
};

/// The day with this number at an hour; the first day is 0.
pub(crate) fn at(day: i64, hour: i64) -> Timestamp {
    "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * day + hour)
}

pub(crate) fn champion(version: u32) -> ModelVersion {
    ModelVersion { version: VersionNumber::new(version).unwrap(), role: Role::champion() }
}

pub(crate) fn shadow(version: u32) -> ModelVersion {
    ModelVersion { version: VersionNumber::new(version).unwrap(), role: Role::shadow() }
}

pub(crate) fn predicted<K: RowKey>(
    model: ModelVersion,
    at: Timestamp,
    rows: impl IntoIterator<Item = (K, f64)>,
) -> Predictions<K, f64> {
    let (keys, values): (Vec<K>, Vec<f64>) = rows.into_iter().unzip();
    Predictions::new(PredictionSource { model, at }, keys, values).unwrap()
}

pub(crate) fn observed<K: RowKey>(
    at: Timestamp,
    rows: impl IntoIterator<Item = (K, f64)>,
) -> GroundTruth<K, f64> {
    let (keys, values): (Vec<K>, Vec<f64>) = rows.into_iter().unzip();
    GroundTruth::new(at, keys, values).unwrap()
}

/// Days, final after two days.
pub(crate) fn two_days() -> PerformanceConfig {
    PerformanceConfig { matures: "2d".to_owned(), ..PerformanceConfig::default() }
}

pub(crate) fn bytes<K: RowKey>(performance: &Performance<K>) -> Vec<u8> {
    let mut bytes = Vec::new();
    performance.encode(&mut bytes).unwrap();
    bytes
}

/// A performance as the next step has it: stored, and read again.
pub(crate) fn reread<K: RowKey>(performance: &Performance<K>) -> Performance<K> {
    let stored = bytes(performance);
    let read = <Performance<K> as AssetValue<PerformanceFormat>>::decode(&stored).unwrap();
    assert_eq!(bytes(&read), stored, "what is read is what was written");
    read
}

pub(crate) fn measures<K: RowKey>(performance: &Performance<K>) -> Vec<WindowMeasures> {
    performance.windows().cloned().collect()
}
