//! Checks that the metrics are defined for the evaluation sets.

use millwork_boost::data::Labels;
use millwork_boost::metric::suits;
use millwork_boost::objective::Loss;

use crate::boost::training::custom::Custom;
use crate::boost::training::rounds::Task;
use crate::boost::{BoostError, EvalMetric};

/// Checks that the metrics of the parameters, or the objective's own, are defined for each evaluation set; `labels` are those of the
/// sets.
pub(in crate::boost) fn check_metrics(
    loss: &Loss,
    task: &Task<'_>,
    labels: &[Labels],
) -> Result<(), BoostError> {
    let own = [loss.default_metric()];
    let metrics = if task.params.eval_metric.is_empty() { &own[..] } else { &task.params.eval_metric };
    for ((set, _), labels) in task.sets.iter().zip(labels) {
        for metric in metrics {
            suits(*metric, loss, labels)
                .map_err(|problem| BoostError::Metric { set: (*set).to_owned(), problem })?;
        }
    }
    Ok(())
}

/// Checks that a metric of the user's own isn't called as one of XGBoost's: curves and early stopping go by names.
pub(super) fn check_name(custom: &Custom) -> Result<(), BoostError> {
    match &custom.metric {
        Some(metric) if metric.name.parse::<EvalMetric>().is_ok() => {
            Err(BoostError::MetricName { metric: metric.name.clone() })
        }
        _ => Ok(()),
    }
}
