//! Rows that two rank correlations start from.

use crate::metrics::rows::Rows;
use crate::metrics::{MetricError, Number};

/// Reads pairs of target and prediction, neither of which is the same in all rows.
pub(super) fn varying_pairs(
    metric: &'static str,
    targets: &[impl Number],
    predictions: &[impl Number],
) -> Result<Vec<(f64, f64)>, MetricError> {
    let rows = Rows::read(metric, 2, &targets, predictions)?;
    let pairs: Vec<_> = rows.iter().map(|row| (row.target, row.prediction)).collect();
    if pairs.iter().all(|pair| pair.0 == pairs[0].0) {
        return Err(MetricError::Constant { metric, values: "targets" });
    }
    if pairs.iter().all(|pair| pair.1 == pairs[0].1) {
        return Err(MetricError::Constant { metric, values: "predictions" });
    }
    Ok(pairs)
}
