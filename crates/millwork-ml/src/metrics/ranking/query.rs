//! Rows by query and score, which every metric of rankings starts from.

use crate::metrics::rows::{checked_weights, finite};
use crate::metrics::sum::compensated;
use crate::metrics::{Label, MetricError, Number, Targets};

/// One row of a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranked {
    row: usize,
    weight: f64,
    /// How relevant the row is; 1 or 0 where it is or isn't.
    pub(super) relevance: f64,
    pub(super) score: f64,
}

/// The rows of each query, the highest score first.
pub(super) struct Queries {
    queries: Vec<Vec<Ranked>>,
}

impl Queries {
    /// Sorts rows by query and score; `relevance` reads a row's target. O(n log n).
    pub(super) fn read<T: Targets>(
        metric: &'static str,
        targets: &T,
        scores: &[impl Number],
        queries: &[impl Label],
        relevance: impl Fn(usize, &T::Target) -> Result<f64, MetricError>,
    ) -> Result<Self, MetricError> {
        let weights = checked_weights(metric, 1, targets, scores.len())?;
        let scores = finite("prediction", scores)?;
        let (targets, count) = (targets.targets(), queries.len());
        if targets.len() != count {
            return Err(MetricError::LengthMismatch { targets: targets.len(), values: "queries", count });
        }
        let numbers = scores.into_iter().zip(weights).zip(targets).enumerate();
        let ranked = numbers.map(|(row, ((score, weight), target))| {
            Ok(Ranked { row, weight, relevance: relevance(row, target)?, score })
        });
        let mut ranked: Vec<Ranked> = ranked.collect::<Result<_, MetricError>>()?;
        ranked.sort_by(|left, right| {
            queries[left.row].cmp(&queries[right.row]).then(right.score.total_cmp(&left.score))
        });
        let of_query = ranked.chunk_by(|left, right| queries[left.row] == queries[right.row]);
        let queries: Vec<_> = of_query.map(<[Ranked]>::to_vec).collect();
        for query in &queries {
            if let Some(other) = query.iter().find(|ranked| ranked.weight != query[0].weight) {
                return Err(MetricError::QueryWeight { row: other.row });
            }
        }
        Ok(Self { queries })
    }

    /// The weighted mean of a number per query.
    pub(super) fn mean(&self, number: impl Fn(&[Ranked]) -> f64) -> f64 {
        let total = compensated(self.queries.iter().map(|query| query[0].weight * number(query)));
        total / compensated(self.queries.iter().map(|query| query[0].weight))
    }
}

/// The rows of equal score, from the highest score down, and how many rows come before them.
pub(super) fn ties(query: &[Ranked]) -> impl Iterator<Item = (usize, &[Ranked])> {
    query.chunk_by(|left, right| left.score == right.score).scan(0, |before, ties| {
        let start = *before;
        *before += ties.len();
        Some((start, ties))
    })
}

/// Refuses a cut-off of 0.
pub(super) fn check_cutoff(metric: &'static str, k: usize) -> Result<(), MetricError> {
    if k > 0 {
        return Ok(());
    }
    let (parameter, needed) = ("cut-off", "1 or more");
    Err(MetricError::Parameter { metric, parameter, number: 0.0, needed })
}
