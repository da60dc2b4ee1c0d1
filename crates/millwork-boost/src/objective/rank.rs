//! Ranking: LambdaMART's gradients from the pairs of a group.
//!
//! Burges (2010), "From RankNet to LambdaRank to LambdaMART: An Overview". Of two rows of a group with different labels, the margin of
//! the better one, `s_i`, shall be above that of the other, `s_j`. The pair adds `-(1 - σ) Δ` to the first derivative of the better
//! row and `2 σ (1 - σ) Δ` to the second, with `σ = 1 / (1 + exp(s_j - s_i))`, and the same with the other sign to the other row.
//! `Δ` is by how much the measure of the group changes if the two rows change places, divided by `|s_i - s_j| + 0.01`.
//!
//! As in XGBoost with `lambdarank_pair_method = "topk"`: the rows ranked highest form pairs with all rows below them, a group's
//! gradients are multiplied by `log2(1 + Λ) / Λ` where Λ is the sum of their sizes, and rows with equal margins keep their order.
//! A group weighs what its first row weighs, relative to the mean of the groups.

use rayon::prelude::*;

use super::link::sigmoid;
use crate::Canceled;
use crate::data::{Gradient, Labels};

/// How many rows of a group form pairs with those below them, unless the parameters have another number.
pub(crate) const PAIRS: usize = 32;

/// What a pair's exchange is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// The normalized discounted cumulative gain.
    Ndcg,
    /// The average precision.
    Map,
    /// Nothing: all pairs count 1.
    None,
}

/// The gradients of all rows; `pairs` rows of each group form pairs. `None` once `canceled` returns true.
pub(super) fn gradients(
    measure: Measure,
    pairs: usize,
    margins: &[f32],
    labels: &Labels,
    canceled: Canceled<'_>,
) -> Option<Vec<Gradient>> {
    let groups = labels.groups();
    let weights = group_weights(labels);
    let sum: f64 = weights.iter().copied().map(f64::from).sum();
    let norm = if sum > 0.0 { (groups.len() as f64 / sum) as f32 } else { 0.0 };
    let longest = groups.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
    let discounts: Vec<f64> = (0..longest).map(discount).collect();
    let of_group = |(rows, &weight): (&std::ops::Range<usize>, &f32)| {
        let group =
            Group::new(measure, pairs, &margins[rows.clone()], &labels.targets[rows.clone()], &discounts);
        let mut gradients = group.gradients(canceled)?;
        for gradient in &mut gradients {
            *gradient = times(times(*gradient, weight), norm);
        }
        Some(gradients)
    };
    Some(groups.par_iter().zip(&weights).map(of_group).collect::<Option<Vec<_>>>()?.concat())
}

/// How much each group counts: what its first row does. Empty groups count 1.
pub(crate) fn group_weights(labels: &Labels) -> Vec<f32> {
    let weight = |rows: std::ops::Range<usize>| if rows.is_empty() { 1.0 } else { labels.weight(rows.start) };
    labels.groups().into_iter().map(weight).collect()
}

/// The rows of a group by their scores, the largest first; those with equal scores in their order.
pub(crate) fn ranking(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.par_sort_by(|&left, &right| {
        scores[right].partial_cmp(&scores[left]).unwrap_or(std::cmp::Ordering::Equal)
    });
    order
}

/// What a row gains by its grade from 0 to 31: `2^grade - 1`.
pub(crate) fn gain(grade: f32) -> f64 {
    ((1_u64 << (grade as u64).min(31)) - 1) as f64
}

/// How much a place counts; the first is 0.
pub(crate) fn discount(place: usize) -> f64 {
    1.0 / (place as f64 + 2.0).log2()
}

/// A group and what exchanges of its rows change.
struct Group<'a> {
    pairs: usize,
    margins: &'a [f32],
    targets: &'a [f32],
    order: Vec<usize>,
    exchange: Exchange<'a>,
}

enum Exchange<'a> {
    /// By 1 over the largest gain that there is, and the discount of each place.
    Ndcg {
        inverse: f64,
        discounts: &'a [f64],
    },
    /// By how many relevant rows there are up to each place, and the sum of 1 over their places.
    Map {
        relevant: Vec<f64>,
        sums: Vec<f64>,
    },
    One,
}

impl<'a> Group<'a> {
    fn new(
        measure: Measure,
        pairs: usize,
        margins: &'a [f32],
        targets: &'a [f32],
        discounts: &'a [f64],
    ) -> Self {
        let order = ranking(margins);
        let exchange = match measure {
            Measure::Ndcg => Exchange::Ndcg { inverse: inverse_ideal(pairs, targets, discounts), discounts },
            Measure::Map => precisions(&order, targets),
            Measure::None => Exchange::One,
        };
        Self { pairs, margins, targets, order, exchange }
    }

    fn gradients(&self, canceled: Canceled<'_>) -> Option<Vec<Gradient>> {
        let mut gradients = vec![Gradient::default(); self.order.len()];
        let mut sum = 0.0;
        for upper in 0..self.pairs.min(self.order.len()) {
            if canceled() {
                return None;
            }
            for lower in upper + 1..self.order.len() {
                let [above, below] = [upper, lower].map(|place| self.targets[self.order[place]]);
                if above == below {
                    continue;
                }
                let [better, worse] = if above > below { [upper, lower] } else { [lower, upper] };
                let pair = self.pair(better, worse);
                add(&mut gradients[self.order[better]], pair);
                add(&mut gradients[self.order[worse]], Gradient { first: -pair.first, second: pair.second });
                sum += -2.0 * f64::from(pair.first);
            }
        }
        if sum > 0.0 {
            let norm = ((1.0 + sum).log2() / sum) as f32;
            gradients.iter_mut().for_each(|gradient| *gradient = times(*gradient, norm));
        }
        Some(gradients)
    }

    /// What a pair adds to the gradient of the better row. Both are given by their places.
    fn pair(&self, better: usize, worse: usize) -> Gradient {
        let score = |place: usize| self.margins[self.order[place]];
        let difference = score(better) - score(worse);
        let probability = f64::from(sigmoid(difference));
        let mut change = self.change(better, worse).abs();
        if score(0) != score(self.order.len() - 1) {
            change /= f64::from(difference.abs()) + 0.01;
        }
        let first = (probability - 1.0) * change;
        let second = f64::max(probability * (1.0 - probability), 1e-16) * change * 2.0;
        Gradient { first: first as f32, second: second as f32 }
    }

    /// By how much the measure falls if two rows change places.
    fn change(&self, better: usize, worse: usize) -> f64 {
        match &self.exchange {
            Exchange::One => 1.0,
            Exchange::Ndcg { inverse, discounts } => {
                let [high, low] = [better, worse].map(|place| gain(self.targets[self.order[place]]));
                let now = high * discounts[better] + low * discounts[worse];
                let exchanged = low * discounts[better] + high * discounts[worse];
                (now - exchanged) * inverse
            }
            Exchange::Map { relevant, sums } => {
                let (upper, lower) = (better.min(worse), better.max(worse));
                let [above, below] = [upper as f64 + 1.0, lower as f64 + 1.0];
                let all = relevant[relevant.len() - 1];
                let between = sums[lower - 1] - sums[upper];
                if worse < better {
                    (relevant[lower] / below - (relevant[upper] + 1.0) / above - between) / all
                } else {
                    (relevant[upper] / above - relevant[lower] / below + between) / all
                }
            }
        }
    }
}

/// 1 over the largest gain that the first `pairs` rows can have; 0 if that is 0.
fn inverse_ideal(pairs: usize, targets: &[f32], discounts: &[f64]) -> f64 {
    let best = ranking(targets);
    let gains = best.iter().take(pairs).zip(discounts).map(|(&row, discount)| discount * gain(targets[row]));
    let ideal: f64 = gains.sum();
    if ideal == 0.0 { 0.0 } else { 1.0 / ideal }
}

fn precisions(order: &[usize], targets: &[f32]) -> Exchange<'static> {
    let (mut count, mut sum) = (0.0, 0.0);
    let (mut relevant, mut sums) = (Vec::new(), Vec::new());
    for (place, &row) in order.iter().enumerate() {
        count += f64::from(targets[row]);
        sum += f64::from(targets[row]) / (place + 1) as f64;
        relevant.push(count);
        sums.push(sum);
    }
    Exchange::Map { relevant, sums }
}

fn add(to: &mut Gradient, gradient: Gradient) {
    to.first += gradient.first;
    to.second += gradient.second;
}

fn times(gradient: Gradient, factor: f32) -> Gradient {
    Gradient { first: gradient.first * factor, second: gradient.second * factor }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn gradients(measure: Measure, pairs: usize, margins: &[f32], labels: &Labels) -> Vec<Gradient> {
        super::gradients(measure, pairs, margins, labels, &|| false).expect("it is not canceled")
    }

    fn check(measure: Measure, pairs: usize, margins: &[f32], targets: &[f32], expected: &[f32]) {
        let labels = Labels { targets: targets.to_vec(), ..Labels::default() };
        let gradients = gradients(measure, pairs, margins, &labels);
        assert_eq!(gradients.len(), expected.len());
        for (gradient, expected) in gradients.iter().zip(expected) {
            assert!((gradient.first - expected).abs() < 1e-6, "{measure:?} {margins:?}: {gradients:?}");
        }
    }

    #[test]
    fn the_better_row_is_pushed_up() {
        // One pair of equal margins: σ is 1/2, Λ is 1, so that the norm is 1.
        check(Measure::None, 32, &[0.0, 0.0], &[0.0, 1.0], &[0.5, -0.5]);
        check(Measure::None, 32, &[0.0, 0.0], &[1.0, 1.0], &[0.0, 0.0]);
        // The second place counts 1 / log2(3); the exchange changes the gain by 1 - that.
        let change = 1.0 - 1.0 / 3_f64.log2();
        let norm = (1.0 + change).log2() / change;
        let push = (0.5 * change * norm) as f32;
        check(Measure::Ndcg, 32, &[0.0, 0.0], &[0.0, 1.0], &[push, -push]);
        let push = (0.25 * 1.5_f64.log2() / 0.5) as f32;
        check(Measure::Map, 32, &[0.0, 0.0], &[0.0, 1.0], &[push, -push]);
    }

    #[test]
    fn only_the_first_rows_form_pairs() {
        let labels = Labels { targets: vec![0.0, 0.0, 1.0, 0.0], ..Labels::default() };
        let gradients = gradients(Measure::None, 1, &[3.0, 2.0, 1.0, 0.0], &labels);
        let pushed: Vec<bool> = gradients.iter().map(|gradient| gradient.first != 0.0).collect();
        assert_eq!(pushed, [true, false, true, false]);
    }

    #[test]
    fn groups_are_apart_and_may_be_empty() {
        let labels = Labels {
            targets: vec![0.0, 1.0, 0.0],
            weights: Some(vec![1.0, 1.0, 2.0]),
            group_offsets: Some(vec![0, 0, 2, 3]),
        };
        let gradients = gradients(Measure::None, 32, &[0.0; 3], &labels);
        assert_eq!(group_weights(&labels), [1.0, 1.0, 2.0]);
        assert_eq!(gradients[2], Gradient::default());
        assert_eq!(gradients[0].first, 0.5 * (3.0_f64 / 4.0) as f32);
    }

    #[test]
    fn a_long_group_can_be_canceled_within() {
        let labels = Labels { targets: (0..100).map(|row| (row % 2) as f32).collect(), ..Labels::default() };
        let asked = AtomicUsize::new(0);
        let canceled = || asked.fetch_add(1, Ordering::Relaxed) == 10;
        let found = super::gradients(Measure::Ndcg, 50, &[0.0; 100], &labels, &canceled);
        assert_eq!((found, asked.into_inner()), (None, 11));
    }

    #[test]
    fn gains_double_with_each_grade() {
        assert_eq!([0.0, 1.0, 5.0, 31.0, 99.0].map(gain), [0.0, 1.0, 31.0, 2_147_483_647.0, 2_147_483_647.0]);
    }
}
