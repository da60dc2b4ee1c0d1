//! The names and kinds of columns.

use std::fmt;

use crate::boost::BoostError;
use crate::boost::model::Model;
use crate::features::{ColumnNames, Features};

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// The column holds numbers of categories.
    Categories,
    /// Numbers that are smaller or larger than each other.
    Numbers,
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Categories => "categories",
            Self::Numbers => "numbers",
        })
    }
}

/// A column in a message: its name where there are names, else its number.
pub(super) fn label(column: usize, names: Option<&ColumnNames>) -> String {
    match names.and_then(|names| names.get(column)) {
        Some(name) => format!("`{name}`"),
        None => column.to_string(),
    }
}

/// What the values of a column of features are.
fn kind(features: &Features, column: usize) -> ColumnKind {
    let is_categorical = features.as_matrix().is_categorical(column as u32);
    if is_categorical { ColumnKind::Categories } else { ColumnKind::Numbers }
}

/// Checks that an evaluation set has the columns of the training data.
pub(super) fn check_set(set: &str, features: &Features, train: &Features) -> Result<(), BoostError> {
    if features.columns() != train.columns() {
        return Err(BoostError::ColumnMismatch { features: features.columns(), model: train.columns() });
    }
    features.check_columns_of(train).map_err(BoostError::Columns)?;
    let differing = (0..train.columns()).map(|column| (column, kind(features, column), kind(train, column)));
    match differing.into_iter().find(|(_, found, expected)| found != expected) {
        Some((column, found, expected)) => {
            let column = label(column, train.names().or(features.names()));
            Err(BoostError::SetColumnKind { set: set.to_owned(), column, found, expected })
        }
        None => Ok(()),
    }
}

/// Checks that a model to continue from was trained on the columns of the training data, as far as it knows.
pub(super) fn check_start(start: &Model, train: &Features) -> Result<(), BoostError> {
    if train.columns() != start.columns() {
        return Err(BoostError::ColumnMismatch { features: train.columns(), model: start.columns() });
    }
    train.check_columns(start.columns(), start.names()).map_err(BoostError::Columns)?;
    for (column, found) in start.column_kinds().into_iter().enumerate() {
        let expected = kind(train, column);
        if let Some(found) = found.filter(|found| *found != expected) {
            let column = label(column, train.names().or(start.names()));
            return Err(BoostError::StartColumnKind { column, found, expected });
        }
    }
    Ok(())
}
