//! Our parameters as the library's.

use hessboost::config::TrainingParams;

use crate::boost::{BoostError, BoosterParams};

/// The library's parameters, for a matrix of `columns` columns. What the library does not know is an error.
pub(super) fn parameters(params: &BoosterParams, columns: usize) -> Result<TrainingParams, BoostError> {
    TrainingParams::from_xgboost(params.settings(columns))
        .and_then(|parameters| parameters.validate().map(|()| parameters))
        .map_err(|error| BoostError::Unsupported { reason: error.to_string() })
}

/// What is measured on each evaluation set.
pub(super) fn metric_names(parameters: &TrainingParams) -> Result<Vec<String>, BoostError> {
    if parameters.eval_metric.is_empty() {
        let loss =
            parameters.loss(1).map_err(|error| BoostError::Unsupported { reason: error.to_string() })?;
        return Ok(vec![loss.default_metric().name().into_owned()]);
    }
    Ok(parameters.eval_metric.iter().map(|metric| metric.name().into_owned()).collect())
}
