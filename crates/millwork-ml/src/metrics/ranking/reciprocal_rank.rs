//! Mean reciprocal rank.

use crate::metrics::ranking::average_precision::zero_or_one;
use crate::metrics::ranking::query::{Queries, Ranked, ties};
use crate::metrics::{Binary, Label, MetricError, Number, Targets};

/// The mean reciprocal rank (MRR): one over the rank of the first relevant row of each query, averaged over the queries. 1
/// is perfect; a query without relevant rows counts 0 (Voorhees, "The TREC-8 question answering track report", 1999).
///
/// Equal scores give the mean over all orders, as in [`mean_average_precision`](crate::metrics::mean_average_precision),
/// and a query is weighted as a whole. O(n log n).
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target is neither 0 nor 1, a score is not finite, or a
/// [weight](crate::metrics::Weighted) is wrong.
pub fn mean_reciprocal_rank(
    relevant: impl Targets<Target: Binary>,
    scores: &[impl Number],
    queries: &[impl Label],
) -> Result<f64, MetricError> {
    let queries = Queries::read("mean_reciprocal_rank", &relevant, scores, queries, zero_or_one)?;
    Ok(queries.mean(reciprocal_rank))
}

fn reciprocal_rank(query: &[Ranked]) -> f64 {
    let relevant = |ties: &[Ranked]| ties.iter().filter(|ranked| ranked.relevance > 0.0).count();
    let groups = ties(query).map(|(before, ties)| (before, ties.len(), relevant(ties)));
    match groups.into_iter().find(|(_, _, relevant)| *relevant > 0) {
        Some((before, rows, relevant)) => expected_reciprocal(before, rows, relevant),
        None => 0.0,
    }
}

/// The mean over all orders of rows of equal score of which some are relevant.
fn expected_reciprocal(before: usize, rows: usize, relevant: usize) -> f64 {
    let mut chance_of_none = 1.0;
    let mut mean = 0.0;
    for place in 0..=rows - relevant {
        let left = (rows - place) as f64;
        mean += chance_of_none * (relevant as f64 / left) / (before + place + 1) as f64;
        chance_of_none *= (left - relevant as f64) / left;
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(relevant: &[bool], scores: &[f64], queries: &[u8], expected: f64) {
        let found = mean_reciprocal_rank(relevant, scores, queries).expect("a value");
        assert!((found - expected).abs() < 1e-15, "{relevant:?} {scores:?}: {found} {expected}");
    }

    #[test]
    fn the_first_relevant_row_counts() {
        check(&[false, true, true], &[0.9, 0.5, 0.1], &[0, 0, 0], 0.5);
        check(&[false, true, true], &[0.9, 0.5, 0.1], &[0, 0, 1], 0.75);
        check(&[false, true], &[0.9, 0.5], &[0, 1], 0.5);
    }

    #[test]
    fn equal_scores_give_the_mean_over_all_orders() {
        check(&[false, true], &[0.5, 0.5], &[0, 0], 0.75);
        check(&[false, true, true], &[0.5, 0.5, 0.5], &[0, 0, 0], (1.0 + 1.0 + 0.5) / 3.0);
        check(&[false, false, true], &[0.9, 0.5, 0.5], &[0, 0, 0], f64::midpoint(0.5, 1.0 / 3.0));
    }
}
