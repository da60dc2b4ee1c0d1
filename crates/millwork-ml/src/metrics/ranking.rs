//! Metrics of rankings: rows of the same query compete, and the best should be first.

use crate::metrics::rows::{checked_weights, compensated, finite};
use crate::metrics::{Binary, Label, MetricError, Number, Targets};

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
    finite_gain("dcg", queries.mean(|query| gain_of(query, k)))
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
    finite_gain(
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

/// The discount of a row with `before` rows ranked above it.
fn discount(before: usize) -> f64 {
    1.0 / (before as f64 + 2.0).log2()
}

fn finite_gain(metric: &'static str, value: f64) -> Result<f64, MetricError> {
    if value.is_finite() { Ok(value) } else { Err(MetricError::Overflow { metric }) }
}

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
fn zero_or_one(row: usize, target: &impl Binary) -> Result<f64, MetricError> {
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

/// One row of a query.
#[derive(Debug, Clone, Copy)]
struct Ranked {
    row: usize,
    weight: f64,
    /// How relevant the row is; 1 or 0 where it is or isn't.
    relevance: f64,
    score: f64,
}

/// The rows of each query, the highest score first.
struct Queries {
    queries: Vec<Vec<Ranked>>,
}

impl Queries {
    /// Sorts rows by query and score; `relevance` reads a row's target. O(n log n).
    fn read<T: Targets>(
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
    fn mean(&self, number: impl Fn(&[Ranked]) -> f64) -> f64 {
        let total = compensated(self.queries.iter().map(|query| query[0].weight * number(query)));
        total / compensated(self.queries.iter().map(|query| query[0].weight))
    }
}

/// The rows of equal score, from the highest score down, and how many rows come before them.
fn ties(query: &[Ranked]) -> impl Iterator<Item = (usize, &[Ranked])> {
    query.chunk_by(|left, right| left.score == right.score).scan(0, |before, ties| {
        let start = *before;
        *before += ties.len();
        Some((start, ties))
    })
}

/// Refuses a cut-off of 0.
fn check_cutoff(metric: &'static str, k: usize) -> Result<(), MetricError> {
    if k > 0 {
        return Ok(());
    }
    let (parameter, needed) = ("cut-off", "1 or more");
    Err(MetricError::Parameter { metric, parameter, number: 0.0, needed })
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

    fn check_average_precision(relevant: &[u8], scores: &[f64], k: usize, expected: f64) {
        let queries = vec!['q'; relevant.len()];
        let found = mean_average_precision(relevant, scores, &queries, k).expect("a value");
        assert!((found - expected).abs() < 1e-15, "{relevant:?} {scores:?} {k}: {found} {expected}");
    }

    #[test]
    fn precisions_are_averaged_over_relevant_rows() {
        check_average_precision(&[1, 0, 1], &[0.9, 0.5, 0.1], 9, f64::midpoint(1.0, 2.0 / 3.0));
        check_average_precision(&[1, 0, 1], &[0.9, 0.5, 0.1], 2, 0.5);
        check_average_precision(&[1, 0, 1], &[0.9, 0.5, 0.1], 1, 1.0);
        check_average_precision(&[0, 0, 1], &[0.9, 0.5, 0.1], 2, 0.0);
        check_average_precision(&[0, 0], &[0.9, 0.5], 2, 0.0);
    }

    #[test]
    fn equal_scores_give_the_mean_over_all_orders() {
        check_average_precision(&[1, 0], &[0.5, 0.5], 9, 0.75);
        // The orders 110, 101 and 011 have 1, 5/6 and 7/12.
        check_average_precision(&[1, 0, 1], &[0.5, 0.5, 0.5], 9, (1.0 + 5.0 / 6.0 + 7.0 / 12.0) / 3.0);
        check_average_precision(&[1, 0, 1], &[0.5, 0.5, 0.5], 2, (1.0 + 0.5 + 0.25) / 3.0);
        check_average_precision(
            &[1, 1, 0],
            &[0.9, 0.5, 0.5],
            9,
            f64::midpoint(1.0, f64::midpoint(1.0, 2.0 / 3.0)),
        );
    }

    fn check_reciprocal_rank(relevant: &[bool], scores: &[f64], queries: &[u8], expected: f64) {
        let found = mean_reciprocal_rank(relevant, scores, queries).expect("a value");
        assert!((found - expected).abs() < 1e-15, "{relevant:?} {scores:?}: {found} {expected}");
    }

    #[test]
    fn the_first_relevant_row_counts() {
        check_reciprocal_rank(&[false, true, true], &[0.9, 0.5, 0.1], &[0, 0, 0], 0.5);
        check_reciprocal_rank(&[false, true, true], &[0.9, 0.5, 0.1], &[0, 0, 1], 0.75);
        check_reciprocal_rank(&[false, true], &[0.9, 0.5], &[0, 1], 0.5);
    }

    #[test]
    fn equal_scores_give_the_mean_rank_over_all_orders() {
        check_reciprocal_rank(&[false, true], &[0.5, 0.5], &[0, 0], 0.75);
        check_reciprocal_rank(&[false, true, true], &[0.5, 0.5, 0.5], &[0, 0, 0], (1.0 + 1.0 + 0.5) / 3.0);
        check_reciprocal_rank(
            &[false, false, true],
            &[0.9, 0.5, 0.5],
            &[0, 0, 0],
            f64::midpoint(0.5, 1.0 / 3.0),
        );
    }
}
