//! Our matrices as the library's, in single precision.

use hessboost::data::{DMatrix, ViewCuts};

use crate::boost::BoostError;
use crate::boost::embedded::lone_value::separating_row;
use crate::features::{Features, LabelledFeatures};

/// What the library is asked for with a matrix.
const TAKE_OVER: &str = "take the data over";

/// Features (at least one row and one column) as the library's matrix; an absent entry is missing.
pub(super) fn matrix(features: &Features) -> Result<DMatrix, BoostError> {
    let values = single_precision("feature value", features.values())?;
    DMatrix::from_csr(
        features.row_offsets().to_vec(),
        features.indices().to_vec(),
        values,
        features.columns(),
    )
    .map_err(BoostError::library(TAKE_OVER))
}

/// Features with their targets as the library's matrix, to evaluate on.
pub(super) fn labelled_matrix(data: &LabelledFeatures) -> Result<DMatrix, BoostError> {
    labelled(matrix(data.features())?, data)
}

/// A matrix without entries but with the rows, columns and targets of `data`.
pub(super) fn labels_only(data: &LabelledFeatures) -> Result<DMatrix, BoostError> {
    let empty = DMatrix::from_csr(vec![0; data.rows() + 1], vec![], vec![], data.features().columns());
    labelled(empty.map_err(BoostError::library(TAKE_OVER))?, data)
}

/// A matrix with the targets, weights and groups of `data`.
fn labelled(matrix: DMatrix, data: &LabelledFeatures) -> Result<DMatrix, BoostError> {
    let targets = single_precision("target", data.targets())?;
    let mut matrix = matrix.with_labels(&targets).map_err(BoostError::library(TAKE_OVER))?;
    if let Some(weights) = data.weights() {
        matrix = matrix
            .with_weights(&single_precision("weight", weights)?)
            .map_err(BoostError::library(TAKE_OVER))?;
    }
    if let Some(groups) = data.groups() {
        matrix = matrix.with_group_sizes(groups).map_err(BoostError::library(TAKE_OVER))?;
    }
    Ok(matrix)
}

/// Features with their targets as the library's matrix, to train on: as [`labelled_matrix`], but binned together with
/// the [`separating_row`], which is not trained on.
pub(super) fn training_matrix(data: &LabelledFeatures) -> Result<DMatrix, BoostError> {
    let features = data.features();
    let mut values = single_precision("feature value", features.values())?;
    let (columns, separating) = separating_row(features, &values);
    if columns.is_empty() {
        return labelled_matrix(data);
    }
    let (mut row_offsets, mut indices) = (features.row_offsets().to_vec(), features.indices().to_vec());
    indices.extend(columns);
    values.extend(separating);
    row_offsets.push(values.len());
    let rows: Vec<usize> = (0..features.rows()).collect();
    let matrix = DMatrix::from_csr(row_offsets, indices, values, features.columns())
        .and_then(|matrix| matrix.select_rows_with_cuts(&rows, ViewCuts::Source))
        .map_err(BoostError::library(TAKE_OVER))?;
    labelled(matrix, data)
}

pub(super) fn single_precision(number: &'static str, values: &[f64]) -> Result<Vec<f32>, BoostError> {
    let convert = |&value: &f64| {
        let single = value as f32;
        if single.is_finite() { Ok(single) } else { Err(BoostError::TooLarge { number, value }) }
    };
    values.iter().map(convert).collect()
}
