//! Metrics of how the rows of each group are ranked: means over groups, each of which weighs what its first row does.
//!
//! Järvelin and Kekäläinen (2002), "Cumulated gain-based evaluation of IR techniques", for the discounted cumulative gain; the
//! average precision is that of TREC. Without a number of rows, `ndcg`, `map` and `pre` look at the first 32, as XGBoost does. Rows
//! with equal predictions are in their order.

use std::num::NonZeroUsize;

use rayon::prelude::*;

use crate::data::Labels;
use crate::objective::{PAIRS, discount, gain, group_weights, is_binary, is_grade, ranking};

/// The gain `Σ (2^y - 1) / log2(place + 1)` of the first rows, as a share of the largest possible. 1 for a group without relevant
/// rows, whatever its weight.
pub(super) fn ndcg(first: Option<NonZeroUsize>, predictions: &[f32], labels: &Labels) -> f64 {
    mean(first, predictions, labels, is_grade, |group, first| {
        let total = |order: &[usize], factor: f64| -> f64 {
            let gains = order.iter().take(first).enumerate();
            gains.map(|(place, &row)| discount(place) * gain(group.targets[row]) * factor).sum()
        };
        let ideal = total(&ranking(group.targets), 1.0);
        if ideal > 0.0 { total(&group.order, 1.0 / ideal) * f64::from(group.weight) } else { 1.0 }
    })
}

/// The mean over the first relevant rows of the share of relevant rows up to them. 1 for a group without relevant rows.
pub(super) fn mean_average_precision(
    first: Option<NonZeroUsize>,
    predictions: &[f32],
    labels: &Labels,
) -> f64 {
    mean(first, predictions, labels, is_binary, |group, first| {
        let (mut relevant, mut sum) = (0.0, 0.0);
        for (place, &row) in group.order.iter().enumerate() {
            let label = f64::from(group.targets[row]);
            relevant += label;
            if place < first {
                sum += relevant / (place + 1) as f64 * label;
            }
        }
        let precision = if relevant > 0.0 { sum / f64::min(relevant, first as f64) } else { 1.0 };
        precision * f64::from(group.weight)
    })
}

/// The share of relevant rows among the first. NaN if a group is empty.
pub(super) fn precision(first: Option<NonZeroUsize>, predictions: &[f32], labels: &Labels) -> f64 {
    mean(first, predictions, labels, is_binary, |group, first| {
        let first = first.min(group.order.len());
        let relevant: f64 =
            group.order[..first].iter().map(|&row| f64::from(group.targets[row] * group.weight)).sum();
        relevant / first as f64
    })
}

/// A group with its rows ranked.
struct Group<'a> {
    targets: &'a [f32],
    order: Vec<usize>,
    weight: f32,
}

/// The sum of what groups give, by the sum of their weights. NaN if a label isn't valid, or if weights lead above 1.
fn mean(
    first: Option<NonZeroUsize>,
    predictions: &[f32],
    labels: &Labels,
    valid: fn(f32) -> bool,
    of: impl Fn(&Group<'_>, usize) -> f64 + Sync,
) -> f64 {
    if predictions.len() != labels.targets.len() || !labels.targets.iter().all(|&label| valid(label)) {
        return f64::NAN;
    }
    let first = first.map_or(PAIRS, NonZeroUsize::get);
    let (groups, weights) = (labels.groups(), group_weights(labels));
    let scores: Vec<f64> = groups
        .into_par_iter()
        .zip(&weights)
        .map(|(rows, &weight)| {
            let order = ranking(&predictions[rows.clone()]);
            of(&Group { targets: &labels.targets[rows], order, weight }, first)
        })
        .collect();
    let (sum, all): (f64, f64) = (scores.iter().sum(), weights.iter().copied().map(f64::from).sum());
    let score = if all > 0.0 { sum / all } else { sum };
    if score <= 1.0 + 1e-6 { score.min(1.0) } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Metric = fn(Option<NonZeroUsize>, &[f32], &Labels) -> f64;

    fn check(metric: Metric, first: usize, groups: &[usize], targets: &[f32], expected: f64) {
        // Predictions rank the rows as they are.
        let predictions: Vec<f32> = (0..targets.len()).map(|row| -(row as f32)).collect();
        let group_offsets = (!groups.is_empty()).then(|| groups.to_vec());
        let labels = Labels { targets: targets.to_vec(), weights: None, group_offsets };
        let found = metric(NonZeroUsize::new(first), &predictions, &labels);
        let equal = (found - expected).abs() < 1e-12 || (found.is_nan() && expected.is_nan());
        assert!(equal, "the first {first} of {targets:?} in {groups:?}: {found}, not {expected}");
    }

    #[test]
    fn gains_are_shares_of_the_ideal() {
        check(ndcg, 0, &[], &[1.0, 0.0], 1.0);
        check(ndcg, 0, &[], &[0.0, 1.0], 1.0 / 3_f64.log2());
        check(ndcg, 1, &[], &[0.0, 1.0], 0.0);
        check(ndcg, 0, &[], &[0.0, 0.0], 1.0);
        check(ndcg, 0, &[0, 2, 2, 4], &[1.0, 0.0, 0.0, 1.0], (2.0 + 1.0 / 3_f64.log2()) / 3.0);
        check(ndcg, 0, &[], &[0.5, 1.0], f64::NAN);
    }

    #[test]
    fn precisions_are_averaged() {
        check(mean_average_precision, 0, &[], &[0.0, 1.0, 1.0], (0.5 + 2.0 / 3.0) / 2.0);
        check(mean_average_precision, 2, &[], &[0.0, 1.0, 1.0], 0.25);
        check(mean_average_precision, 0, &[0, 2, 2], &[0.0, 1.0], 0.75);
        check(precision, 2, &[], &[0.0, 1.0, 1.0], 0.5);
        check(precision, 9, &[], &[0.0, 1.0, 1.0], 2.0 / 3.0);
        check(precision, 2, &[0, 3, 3], &[0.0, 1.0, 1.0], f64::NAN);
    }
}
