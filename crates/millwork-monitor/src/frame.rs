//! Predictions and ground truth as data frames: plain columns, which SQL tools join.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use millwork_core::BoxError;
use millwork_core::version::VersionNumber;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};

use crate::column::{Runs, Texts};
use crate::key::Stored;
use crate::predictions::COLUMNS;
use crate::{GroundTruth, ModelVersion, MonitorError, Predictions, Role, RowKey, RowValue};

pub(crate) fn of_predictions<K: RowKey, T: RowValue>(
    predictions: &Predictions<K, T>,
) -> Result<DataFrame, BoxError> {
    let times: Vec<i64> = predictions.made_at.iter().collect();
    let versions: Vec<u32> = predictions.models().map(|model| model.version.get()).collect();
    let roles: Vec<&str> = predictions.models().map(|model| model.role.as_str()).collect();
    let mut columns = vec![
        K::to_column("key", &predictions.keys),
        T::to_column("value", &predictions.values),
        Series::new("predicted_at".into(), times).into(),
        Series::new("version".into(), versions).into(),
        Series::new("role".into(), roles).into(),
    ];
    for (name, texts) in &predictions.slices {
        columns.push(Series::new(name.as_str().into(), texts.iter().collect::<Vec<_>>()).into());
    }
    Ok(DataFrame::new(predictions.len(), columns)?)
}

pub(crate) fn to_predictions<K: RowKey, T: RowValue>(
    frame: &DataFrame,
) -> Result<Predictions<K, T>, MonitorError> {
    let (keys, values) = (keys(frame)?, values(frame)?);
    let made_at = times(frame, "predicted_at")?;
    let versions: Vec<u32> =
        <u32 as Stored>::of_column(column(frame, "version")?).map_err(|_| wrong("version", "u32"))?;
    let roles = texts(column(frame, "role")?)?;
    let mut slices = BTreeMap::new();
    for column in frame.columns().iter().filter(|column| !COLUMNS.contains(&column.name().as_str())) {
        slices.insert(column.name().to_string(), texts(column)?);
    }
    let mut predictions =
        Predictions { keys, values, models: Vec::new(), made_by: Runs::new(), made_at, slices };
    let mut known: HashMap<(u32, &str), u32> = HashMap::new();
    for (version, role) in versions.into_iter().zip(roles.iter()) {
        let position = match known.get(&(version, role)) {
            Some(position) => *position,
            None => {
                let version_number =
                    VersionNumber::new(version).ok_or_else(|| problem("version", "has a 0"))?;
                let role_name =
                    Role::of_alias(role).ok_or_else(|| problem("role", "has a text that isn't a role"))?;
                predictions.models.push(ModelVersion { version: version_number, role: role_name });
                let position = predictions.models.len() as u32 - 1;
                known.insert((version, role), position);
                position
            }
        };
        predictions.made_by.push(position, 1);
    }
    predictions.checked()
}

pub(crate) fn of_ground_truth<K: RowKey, T: RowValue>(
    truth: &GroundTruth<K, T>,
) -> Result<DataFrame, BoxError> {
    let times: Vec<i64> = truth.known_at.iter().collect();
    let columns = vec![
        K::to_column("key", &truth.keys),
        T::to_column("value", &truth.values),
        Series::new("at".into(), times).into(),
    ];
    Ok(DataFrame::new(truth.len(), columns)?)
}

pub(crate) fn to_ground_truth<K: RowKey, T: RowValue>(
    frame: &DataFrame,
) -> Result<GroundTruth<K, T>, MonitorError> {
    GroundTruth { keys: keys(frame)?, values: values(frame)?, known_at: times(frame, "at")? }.checked()
}

fn keys<K: RowKey>(frame: &DataFrame) -> Result<Vec<K>, MonitorError> {
    K::of_column(column(frame, "key")?).map_err(|_| wrong("key", K::TYPE))
}

fn values<T: RowValue>(frame: &DataFrame) -> Result<Vec<T>, MonitorError> {
    T::of_column(column(frame, "value")?).map_err(|_| wrong("value", T::TYPE))
}

fn times(frame: &DataFrame, name: &str) -> Result<Runs<i64>, MonitorError> {
    let times: Vec<i64> = <i64 as Stored>::of_column(column(frame, name)?).map_err(|_| wrong(name, "i64"))?;
    let times: Runs<i64> = times.into_iter().collect();
    let outside = times.values().find(|&at| Timestamp::from_microsecond(at).is_err());
    match outside {
        Some(microseconds) => Err(MonitorError::Time { microseconds }),
        None => Ok(times),
    }
}

fn texts(column: &Column) -> Result<Texts, MonitorError> {
    let name = column.name().as_str();
    if column.null_count() > 0 {
        return Err(problem(name, "has nulls"));
    }
    let series = column.as_materialized_series();
    let texts = series.str().map_err(|_| wrong(name, "text"))?;
    Ok(texts.iter().flatten().collect())
}

/// A column without nulls.
fn column<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Column, MonitorError> {
    let column = frame.columns().iter().find(|column| column.name().as_str() == name);
    let column = column.ok_or_else(|| problem(name, "is missing"))?;
    if column.null_count() > 0 { Err(problem(name, "has nulls")) } else { Ok(column) }
}

fn wrong(column: &str, expected: &str) -> MonitorError {
    problem(column, &format!("isn't of type {expected}"))
}

fn problem(column: &str, problem: &str) -> MonitorError {
    MonitorError::Column { column: column.to_owned(), problem: problem.to_owned() }
}
