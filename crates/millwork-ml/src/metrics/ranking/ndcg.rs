//! Discounted cumulative gain.

use crate::metrics::ranking::query::{Queries, Ranked, check_cutoff, ties};
use crate::metrics::sum::compensated;
use crate::metrics::{Label, MetricError, Number, Targets};

/// What a row of some relevance is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gain {
    /// The relevance itself (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002):
    /// scikit-learn's.
    Linear,
    /// `2^relevance − 1` (Burges et al., "Learning to rank using gradient descent", ICML 2005): XGBoost's, where the most
    /// relevant rows matter much more.
    Exponential,
}

impl Gain {
    fn of(self, relevance: f64) -> f64 {
        match self {
            Self::Linear => relevance,
            Self::Exponential => relevance.exp2() - 1.0,
        }
    }
}

/// The discounted cumulative gain of the first `k` rows of each query, `Σ gainᵢ / log₂(i + 1)` over the ranks `i` from 1,
/// averaged over the queries. `usize::MAX` takes all rows.
///
/// As scikit-learn's `dcg_score` with [`Gain::Linear`]: rows of equal score share the mean gain of their ranks, so their
/// order in the data makes no difference (McSherry and Najork, "Computing information retrieval performance measures
/// efficiently in the presence of tied scores", ECIR 2008). Rows of a query needn't be next to each other. A query is
/// weighted as a whole: its rows have the same [weight](crate::metrics::Weighted). O(n log n).
///
/// # Errors
///
/// When the lengths differ, there are no rows, a relevance is negative or not finite, a score is not finite, a weight is
/// wrong, `k` is 0, or the value overflows.
pub fn dcg(
    relevances: impl Targets<Target: Number>,
    scores: &[impl Number],
    queries: &[impl Label],
    k: usize,
    gain: Gain,
) -> Result<f64, MetricError> {
    let queries = read("dcg", &relevances, scores, queries, k, gain)?;
    finite("dcg", queries.mean(|query| gain_of(query, k)))
}

/// The normalised discounted cumulative gain: the [`dcg`] of each query as a share of what the best order would reach,
/// averaged over the queries. 1 is perfect, 0 the worst.
///
/// As scikit-learn's `ndcg_score` with [`Gain::Linear`], ties averaged; and as XGBoost's `ndcg` with
/// [`Gain::Exponential`], but for two conventions: there, rows of equal score keep their order in the data, and a query
/// without relevant rows counts 1. Here, as in scikit-learn, it counts 0. (A query of one row, which scikit-learn
/// refuses, is perfect if that is relevant.)
///
/// ```
/// use millwork_ml::metrics::{Gain, ndcg};
///
/// let queries = ["rust", "rust", "rust", "ruby", "ruby"];
/// let relevances = [2, 0, 1, 1, 0];
/// let scores = [0.9_f32, 0.1, 0.5, 0.7, 0.2];
/// assert_eq!(ndcg(&relevances, &scores, &queries, 10, Gain::Exponential)?, 1.0);
/// # Ok::<(), millwork_ml::metrics::MetricError>(())
/// ```
///
/// # Errors
///
/// As [`dcg`].
pub fn ndcg(
    relevances: impl Targets<Target: Number>,
    scores: &[impl Number],
    queries: &[impl Label],
    k: usize,
    gain: Gain,
) -> Result<f64, MetricError> {
    let queries = read("ndcg", &relevances, scores, queries, k, gain)?;
    finite(
        "ndcg",
        queries.mean(|query| {
            let best = best_gain_of(query, k);
            if best == 0.0 { 0.0 } else { gain_of(query, k) / best }
        }),
    )
}

/// Reads rows with their gains as relevances.
fn read(
    metric: &'static str,
    relevances: &impl Targets<Target: Number>,
    scores: &[impl Number],
    queries: &[impl Label],
    k: usize,
    gain: Gain,
) -> Result<Queries, MetricError> {
    check_cutoff(metric, k)?;
    Queries::read(metric, relevances, scores, queries, |row, &relevance| {
        let number: f64 = relevance.into();
        if !number.is_finite() {
            return Err(MetricError::NotFinite { value: "target", row });
        }
        if number < 0.0 {
            let (value, needed) = ("target", "relevances of 0 or more");
            return Err(MetricError::OutOfRange { metric, value, row, number, needed });
        }
        Ok(gain.of(number))
    })
}

fn gain_of(query: &[Ranked], k: usize) -> f64 {
    let groups = ties(query).take_while(|(before, _)| *before < k);
    compensated(groups.map(|(before, ties)| {
        let total = compensated(ties.iter().map(|ranked| ranked.relevance));
        let discounts = compensated((before..k.min(before + ties.len())).map(discount));
        total / ties.len() as f64 * discounts
    }))
}

fn best_gain_of(query: &[Ranked], k: usize) -> f64 {
    let mut gains: Vec<f64> = query.iter().map(|ranked| ranked.relevance).collect();
    gains.sort_unstable_by(|left, right| right.total_cmp(left));
    compensated(gains.iter().take(k).enumerate().map(|(before, gain)| gain * discount(before)))
}

/// What a row counts that so many others come before.
fn discount(before: usize) -> f64 {
    1.0 / (before as f64 + 2.0).log2()
}

fn finite(metric: &'static str, value: f64) -> Result<f64, MetricError> {
    if value.is_finite() { Ok(value) } else { Err(MetricError::Overflow { metric }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Weighted;

    fn check(relevances: &[u8], scores: &[f64], k: usize, expected: [f64; 3]) {
        let queries = vec![0; relevances.len()];
        let found = [
            dcg(relevances, scores, &queries, k, Gain::Linear),
            ndcg(relevances, scores, &queries, k, Gain::Linear),
            ndcg(relevances, scores, &queries, k, Gain::Exponential),
        ];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found.expect("a value") - expected).abs() < 1e-15, "{relevances:?} {scores:?} {k}");
        }
    }

    #[test]
    fn gains_are_discounted() {
        let second = 1.0 / 3_f64.log2();
        check(&[3, 0], &[0.9, 0.1], 9, [3.0, 1.0, 1.0]);
        check(&[3, 0], &[0.1, 0.9], 9, [3.0 * second, second, second]);
        check(&[3, 0], &[0.1, 0.9], 1, [0.0, 0.0, 0.0]);
        check(&[2, 1], &[0.1, 0.9], 1, [1.0, 0.5, 1.0 / 3.0]);
        check(&[0, 0], &[0.1, 0.9], 9, [0.0, 0.0, 0.0]);
        check(&[1], &[0.1], 9, [1.0, 1.0, 1.0]);
    }

    #[test]
    fn equal_scores_share_their_ranks() {
        let second = 1.0 / 3_f64.log2();
        let mean = f64::midpoint(1.0, second);
        check(&[1, 0], &[0.5, 0.5], 9, [mean, mean, mean]);
        check(&[0, 1], &[0.5, 0.5], 1, [0.5, 0.5, 0.5]);
    }

    #[test]
    fn queries_are_averaged_by_weight() {
        let (relevances, scores, queries) = ([1, 0, 0, 1], [0.9, 0.9, 0.1, 0.1], ["a", "b", "a", "b"]);
        let at_1 = |targets: Weighted<'_, i32>| ndcg(targets, &scores, &queries, 1, Gain::Linear);
        assert_eq!(ndcg(&relevances, &scores, &queries, 1, Gain::Linear), Ok(0.5));
        assert_eq!(at_1(Weighted::new(&relevances, &[3, 1, 3, 1])), Ok(0.75));
        assert_eq!(at_1(Weighted::new(&relevances, &[3, 1, 2, 1])), Err(MetricError::QueryWeight { row: 2 }));
    }

    #[test]
    fn what_has_no_value_is_an_error() {
        let error = |relevance, queries: &[u8], k| {
            ndcg(&[relevance], &[0.5], queries, k, Gain::Exponential).expect_err("no value").to_string()
        };
        let text = "the target of row 0 is -1, and `ndcg` needs relevances of 0 or more";
        assert_eq!(error(-1.0, &[0], 1), text);
        assert_eq!(error(f64::NAN, &[0], 1), "the target of row 0 is not finite");
        assert_eq!(error(1.0, &[0], 0), "the cut-off of `ndcg` is 0, and must be 1 or more");
        assert!(error(1.0, &[], 1).starts_with("1 targets were given for 0 queries"));
        assert!(error(1e5, &[0], 1).starts_with("`ndcg` is too large a number"));
    }
}
