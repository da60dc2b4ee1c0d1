//! Checked rows of two classes, which every metric of scores and probabilities starts from.

use crate::metrics::rows::{checked_weights, finite};
use crate::metrics::sum::compensated;
use crate::metrics::{Binary, MetricError, Number, Targets};

/// One row.
#[derive(Debug, Clone, Copy)]
pub(in crate::metrics) struct BinaryRow {
    pub(in crate::metrics) positive: bool,
    pub(in crate::metrics) score: f64,
    pub(in crate::metrics) weight: f64,
}

/// Rows of two classes with a finite score each, not all of weight 0.
pub(in crate::metrics) struct BinaryRows {
    pub(in crate::metrics) metric: &'static str,
    pub(in crate::metrics) rows: Vec<BinaryRow>,
}

impl BinaryRows {
    pub(in crate::metrics) fn read(
        metric: &'static str,
        targets: &impl Targets<Target: Binary>,
        scores: &[impl Number],
    ) -> Result<Self, MetricError> {
        let weights = checked_weights(metric, 1, targets, scores.len())?;
        let scores = finite("prediction", scores)?;
        let rows = targets.targets().iter().zip(scores).zip(weights).enumerate();
        let rows = rows.map(|(row, ((target, score), weight))| {
            let positive = target.positive().ok_or(MetricError::NotBinary { row })?;
            Ok(BinaryRow { positive, score, weight })
        });
        Ok(Self { metric, rows: rows.collect::<Result<_, MetricError>>()? })
    }

    /// As [`BinaryRows::read`], for scores that are probabilities.
    pub(in crate::metrics) fn read_probabilities(
        metric: &'static str,
        targets: &impl Targets<Target: Binary>,
        probabilities: &[impl Number],
    ) -> Result<Self, MetricError> {
        let rows = Self::read(metric, targets, probabilities)?;
        match rows.rows.iter().position(|row| !(0.0..=1.0).contains(&row.score)) {
            Some(row) => Err(not_a_probability(metric, row, rows.rows[row].score)),
            None => Ok(rows),
        }
    }

    /// The weighted mean of a number per row, `Σ wᵢ f(rowᵢ) / Σ wᵢ`.
    pub(in crate::metrics) fn mean(&self, number: impl Fn(&BinaryRow) -> f64) -> f64 {
        let weight = compensated(self.rows.iter().map(|row| row.weight));
        compensated(self.rows.iter().map(|row| row.weight * number(row))) / weight
    }
}

pub(super) fn not_a_probability(metric: &'static str, row: usize, number: f64) -> MetricError {
    let (value, needed) = ("prediction", "probabilities from 0 to 1");
    MetricError::OutOfRange { metric, value, row, number, needed }
}
