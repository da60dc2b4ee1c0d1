//! Mean average precision.

use crate::metrics::ranking::query::{Queries, Ranked, check_cutoff, ties};
use crate::metrics::sum::compensated;
use crate::metrics::{Binary, Label, MetricError, Number, Targets};

/// The mean average precision of the first `k` rows of each query (MAP@k): `Σ relᵢ · precision@i / min(R, k)` over the
/// ranks `i` up to `k`, where `R` rows of the query are relevant, averaged over the queries. 1 is perfect, 0 the worst.
/// `usize::MAX` takes all rows.
///
/// As XGBoost's `map@k`, but for two conventions: there, rows of equal score keep their order in the data, and a query
/// without relevant rows counts 1. Here it counts 0, and equal scores give the mean over all orders (McSherry and Najork,
/// "Computing information retrieval performance measures efficiently in the presence of tied scores", ECIR 2008). A
/// query is weighted as a whole: its rows have the same [weight](crate::metrics::Weighted). O(n log n).
///
/// Without equal scores and for `usize::MAX` it is the mean of scikit-learn's `average_precision_score` over queries.
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target is neither 0 nor 1, a score is not finite, a weight is wrong, or
/// `k` is 0.
pub fn mean_average_precision(
    relevant: impl Targets<Target: Binary>,
    scores: &[impl Number],
    queries: &[impl Label],
    k: usize,
) -> Result<f64, MetricError> {
    const METRIC: &str = "mean_average_precision";
    check_cutoff(METRIC, k)?;
    let queries = Queries::read(METRIC, &relevant, scores, queries, zero_or_one)?;
    Ok(queries.mean(|query| average_precision(query, k)))
}

/// A target of two classes as a number.
pub(super) fn zero_or_one(row: usize, target: &impl Binary) -> Result<f64, MetricError> {
    match target.positive() {
        Some(positive) => Ok(f64::from(u8::from(positive))),
        None => Err(MetricError::NotBinary { row }),
    }
}

fn average_precision(query: &[Ranked], k: usize) -> f64 {
    let relevant: f64 = query.iter().map(|ranked| ranked.relevance).sum();
    if relevant == 0.0 {
        return 0.0;
    }
    let mut found = 0.0;
    let groups = ties(query).take_while(|(before, _)| *before < k).map(|(before, ties)| {
        let own: f64 = ties.iter().map(|ranked| ranked.relevance).sum();
        let precisions = expected_precisions(before, ties.len(), found, own, k);
        found += own;
        precisions
    });
    compensated(groups) / relevant.min(k as f64)
}

/// What rows of equal score add on average over their orders: each is relevant with the same chance, and then those before
/// it among them are relevant in proportion to the rest.
fn expected_precisions(before: usize, rows: usize, found: f64, relevant: f64, k: usize) -> f64 {
    let chance = relevant / rows as f64;
    let others = if rows > 1 { (relevant - 1.0) / (rows as f64 - 1.0) } else { 0.0 };
    let ranks = (0..rows.min(k - before)).map(|place| {
        let found = found + 1.0 + place as f64 * others;
        found / (before + place + 1) as f64
    });
    if relevant == 0.0 { 0.0 } else { chance * compensated(ranks) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(relevant: &[u8], scores: &[f64], k: usize, expected: f64) {
        let queries = vec!['q'; relevant.len()];
        let found = mean_average_precision(relevant, scores, &queries, k).expect("a value");
        assert!((found - expected).abs() < 1e-15, "{relevant:?} {scores:?} {k}: {found} {expected}");
    }

    #[test]
    fn precisions_are_averaged_over_relevant_rows() {
        check(&[1, 0, 1], &[0.9, 0.5, 0.1], 9, f64::midpoint(1.0, 2.0 / 3.0));
        check(&[1, 0, 1], &[0.9, 0.5, 0.1], 2, 0.5);
        check(&[1, 0, 1], &[0.9, 0.5, 0.1], 1, 1.0);
        check(&[0, 0, 1], &[0.9, 0.5, 0.1], 2, 0.0);
        check(&[0, 0], &[0.9, 0.5], 2, 0.0);
    }

    #[test]
    fn equal_scores_give_the_mean_over_all_orders() {
        check(&[1, 0], &[0.5, 0.5], 9, 0.75);
        // The orders 110, 101 and 011 have 1, 5/6 and 7/12.
        check(&[1, 0, 1], &[0.5, 0.5, 0.5], 9, (1.0 + 5.0 / 6.0 + 7.0 / 12.0) / 3.0);
        check(&[1, 0, 1], &[0.5, 0.5, 0.5], 2, (1.0 + 0.5 + 0.25) / 3.0);
        check(&[1, 1, 0], &[0.9, 0.5, 0.5], 9, f64::midpoint(1.0, f64::midpoint(1.0, 2.0 / 3.0)));
    }
}
