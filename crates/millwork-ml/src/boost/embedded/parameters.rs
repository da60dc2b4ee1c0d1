//! Our parameters as the library's.

use hessboost::config::TrainingParams;
use hessboost::error::HessboostError;
use hessboost::metric::{EvalMetric, Metric};

use crate::boost::embedded::custom::library_metric;
use crate::boost::embedded::library::TRAIN;
use crate::boost::training::Custom;
use crate::boost::{BoostError, BoosterParams};

/// The library's parameters, for a matrix of `columns` columns. What the library does not know is an error.
pub(super) fn parameters(params: &BoosterParams, columns: usize) -> Result<TrainingParams, BoostError> {
    TrainingParams::from_xgboost(params.settings(columns))
        .and_then(|parameters| parameters.validate().map(|()| parameters))
        .map_err(unsupported)
}

/// What is measured on each evaluation set.
pub(super) fn metrics(
    parameters: &TrainingParams,
    custom: &Custom,
) -> Result<Vec<Box<dyn Metric>>, BoostError> {
    let loss = parameters.loss(1).map_err(unsupported)?;
    let build = |metric: &EvalMetric| metric.build(loss.n_outputs()).map_err(BoostError::library(TRAIN));
    let default = [loss.default_metric()];
    let named = if parameters.eval_metric.is_empty() { &default[..] } else { &parameters.eval_metric };
    let mut metrics = named.iter().map(build).collect::<Result<Vec<_>, _>>()?;
    metrics.extend(custom.metric.as_ref().map(library_metric));
    Ok(metrics)
}

#[allow(clippy::needless_pass_by_value, reason = "a function for `map_err`")]
pub(super) fn unsupported(error: HessboostError) -> BoostError {
    BoostError::Unsupported { reason: error.to_string() }
}
