//! Checks of rows: as many values as keys, each key once, numbers that can be computed with.

use jiff::{SignedDuration, Timestamp};

use crate::column::Runs;
use crate::order::by_key;
use crate::value::NoNumber;
use crate::{MonitorError, RowKey, RowValue};

/// Checks that keys and another column have the same length.
pub(crate) fn check_length(keys: usize, column: &str, rows: usize) -> Result<(), MonitorError> {
    if keys == rows {
        return Ok(());
    }
    Err(MonitorError::LengthMismatch { keys, column: column.to_owned(), rows })
}

/// Checks that every value can be computed with.
pub(crate) fn check_values<K: RowKey, T: RowValue>(keys: &[K], values: &[T]) -> Result<(), MonitorError> {
    check_length(keys.len(), "value", values.len())?;
    for (row, value) in values.iter().enumerate() {
        let key = || keys[row].to_string();
        match value.to_number() {
            Ok(_) => {}
            Err(NoNumber::NotFinite) => return Err(MonitorError::NotFinite { key: key(), row }),
            Err(NoNumber::TooLarge) => return Err(MonitorError::TooLarge { key: key(), row }),
        }
    }
    Ok(())
}

/// Checks that a window can lie around every time, in any time zone. Times are in microseconds since 1970.
pub(crate) fn check_times<K: RowKey>(keys: &[K], times: &Runs<i64>) -> Result<(), MonitorError> {
    let year = SignedDuration::from_hours(24 * 366);
    let (first, last) = ((Timestamp::MIN + year).as_microsecond(), (Timestamp::MAX - year).as_microsecond());
    let is_at_end = |time: i64| !(first..=last).contains(&time);
    if !times.values().any(is_at_end) {
        return Ok(());
    }
    match keys.iter().zip(times.iter()).enumerate().find(|(_, (_, time))| is_at_end(*time)) {
        Some((row, (key, time))) => {
            let end = if time < first { Timestamp::MIN } else { Timestamp::MAX };
            let time = Timestamp::from_microsecond(time).unwrap_or(end);
            Err(MonitorError::TimeAtEnd { key: key.to_string(), row, time })
        }
        None => Ok(()),
    }
}

/// Checks that no two rows of the same model have the same key. `model` is called with rows.
pub(crate) fn check_keys<K: RowKey>(keys: &[K], model: impl Fn(usize) -> u32) -> Result<(), MonitorError> {
    if u32::try_from(keys.len()).is_err() {
        return Err(MonitorError::TooManyRows { rows: keys.len() });
    }
    let order = |left: usize, right: usize| (model(left), &keys[left]).cmp(&(model(right), &keys[right]));
    if (1..keys.len()).all(|row| order(row - 1, row).is_lt()) {
        return Ok(());
    }
    let parts = by_key(keys, &model);
    let mut pairs = parts.values().flat_map(|rows| rows.windows(2));
    let twice = pairs.find(|pair| keys[pair[0] as usize] == keys[pair[1] as usize]);
    match twice {
        Some(pair) => {
            let (first, second) = (pair[0] as usize, pair[1] as usize);
            Err(MonitorError::DuplicateKey { key: keys[first].to_string(), first, second })
        }
        None => Ok(()),
    }
}
