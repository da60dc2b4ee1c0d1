//! A summary of weighted values: which of them there are, and between which ranks each lies.
//!
//! Ranks are single-precision sums of weights, and the order of operations is XGBoost's (`WQSummary` in its `common/quantile.h`).

/// Values in ascending order, each once, with the bounds of their ranks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Summary {
    ranked: Vec<Ranked>,
}

/// A value with bounds of its rank.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Ranked {
    /// The distinct value.
    pub(super) value: f32,
    /// The weight that lies below the value at least.
    pub(super) least: f32,
    /// The weight that lies at or below the value at most.
    pub(super) most: f32,
    /// The weight that lies at the value at least.
    pub(super) weight: f32,
}

impl Ranked {
    /// The least rank of what lies above the value.
    pub(super) fn least_above(&self) -> f32 {
        self.least + self.weight
    }

    /// The greatest rank of what lies below the value.
    pub(super) fn most_below(&self) -> f32 {
        self.most - self.weight
    }

    /// Twice the middle of the rank.
    pub(super) fn doubled_middle(&self) -> f32 {
        self.most + self.least
    }
}

impl Summary {
    /// The exact summary of values in ascending order with their weights.
    pub(super) fn of_sorted(weighted: &[(f32, f32)]) -> Self {
        let mut ranked = Vec::with_capacity(weighted.len());
        let mut least = 0.0;
        for equal in weighted.chunk_by(|left, right| left.0 == right.0) {
            let weight = equal[1..].iter().fold(equal[0].1, |sum, (_, weight)| sum + weight);
            ranked.push(Ranked { value: equal[0].0, least, most: least + weight, weight });
            least += weight;
        }
        Self { ranked }
    }

    /// The values with their ranks, ascending.
    pub(super) fn ranked(&self) -> &[Ranked] {
        &self.ranked
    }

    /// The number of values.
    pub(super) fn len(&self) -> usize {
        self.ranked.len()
    }

    /// Whether there is no value.
    pub(super) fn is_empty(&self) -> bool {
        self.ranked.is_empty()
    }

    /// Keeps about `size` values, if there are more: the smallest, the largest, and those nearest to ranks at equal distances.
    pub(super) fn prune(&mut self, size: usize) {
        let before = self.len();
        if before <= size {
            return;
        }
        if size <= 1 {
            return self.ranked.truncate(size);
        }
        let last = before - 1;
        let begin = self.ranked[0].most;
        let range = self.ranked[last].least - begin;
        let steps = size - 1;
        let mut kept = Vec::with_capacity(size);
        kept.push(self.ranked[0]);
        let (mut place, mut newest) = (1, 0);
        for step in 1..steps {
            let doubled_rank = 2.0 * ((step as f32 * range) / steps as f32 + begin);
            while place < last && doubled_rank >= self.ranked[place + 1].doubled_middle() {
                place += 1;
            }
            if place == last {
                break;
            }
            let (lower, upper) = (self.ranked[place], self.ranked[place + 1]);
            let is_lower = doubled_rank < lower.least_above() + upper.most_below();
            let nearest = if is_lower { place } else { place + 1 };
            if nearest != newest {
                kept.push(self.ranked[nearest]);
                newest = nearest;
            }
        }
        if newest != last {
            kept.push(self.ranked[last]);
        }
        self.ranked = kept;
    }

    /// Takes in the values of another summary.
    pub(super) fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            self.clone_from(other);
            return;
        }
        let (mut own, mut others) = (self.ranked.as_slice(), other.ranked.as_slice());
        let mut merged = Vec::with_capacity(own.len() + others.len());
        // The least rank of what lies above the last value taken of each.
        let (mut own_above, mut others_above) = (0.0, 0.0);
        while let (Some((mine, own_rest)), Some((theirs, others_rest))) =
            (own.split_first(), others.split_first())
        {
            if mine.value == theirs.value {
                merged.push(Ranked {
                    value: mine.value,
                    least: mine.least + theirs.least,
                    most: mine.most + theirs.most,
                    weight: mine.weight + theirs.weight,
                });
                (own_above, others_above) = (mine.least_above(), theirs.least_above());
                (own, others) = (own_rest, others_rest);
            } else if mine.value < theirs.value {
                merged.push(shifted(mine, others_above, theirs.most_below()));
                own_above = mine.least_above();
                own = own_rest;
            } else {
                merged.push(shifted(theirs, own_above, mine.most_below()));
                others_above = theirs.least_above();
                others = others_rest;
            }
        }
        let total = |summary: &Self| summary.ranked[summary.len() - 1].most;
        let (own_total, others_total) = (total(self), total(other));
        merged.extend(own.iter().map(|mine| shifted(mine, others_above, others_total)));
        merged.extend(others.iter().map(|theirs| shifted(theirs, own_above, own_total)));
        restore_order(&mut merged);
        self.ranked = merged;
    }
}

/// A value whose rank is raised by what another summary has below it, at least and at most.
fn shifted(ranked: &Ranked, least: f32, most: f32) -> Ranked {
    Ranked { least: ranked.least + least, most: ranked.most + most, ..*ranked }
}

/// Raises ranks that rounding has put below those of smaller values.
fn restore_order(ranked: &mut [Ranked]) {
    let (mut least, mut most) = (0.0, 0.0);
    for ranked in ranked {
        if ranked.least < least {
            ranked.least = least;
        } else {
            least = ranked.least;
        }
        if ranked.most < most {
            ranked.most = most;
        }
        let least_above = ranked.least_above();
        if ranked.most < least_above {
            ranked.most = least_above;
        }
        most = ranked.most;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(weighted: &[(f32, f32)]) -> Summary {
        Summary::of_sorted(weighted)
    }

    fn check(summary: &Summary, expected: &[(f32, f32, f32)]) {
        let found: Vec<_> =
            summary.ranked().iter().map(|ranked| (ranked.value, ranked.least, ranked.most)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn equal_values_are_one() {
        check(&summary(&[(1.0, 1.0), (1.0, 2.0), (3.0, 0.5)]), &[(1.0, 0.0, 3.0), (3.0, 3.0, 3.5)]);
        check(&summary(&[]), &[]);
    }

    #[test]
    fn merged_ranks_add_up() {
        let mut merged = summary(&[(1.0, 1.0), (3.0, 1.0)]);
        merged.merge(&summary(&[(2.0, 1.0), (3.0, 1.0), (4.0, 1.0)]));
        check(&merged, &[(1.0, 0.0, 1.0), (2.0, 1.0, 2.0), (3.0, 2.0, 4.0), (4.0, 4.0, 5.0)]);
        let before = merged.clone();
        merged.merge(&Summary::default());
        assert_eq!(merged, before);
    }

    #[test]
    fn pruning_keeps_the_ends_and_what_lies_at_equal_distances() {
        let values: Vec<(f32, f32)> = (0..101_u16).map(|value| (f32::from(value), 1.0)).collect();
        let mut pruned = summary(&values);
        pruned.prune(5);
        let kept: Vec<f32> = pruned.ranked().iter().map(|ranked| ranked.value).collect();
        assert_eq!(kept, [0.0, 25.0, 50.0, 75.0, 100.0]);
        pruned.prune(1);
        assert_eq!(pruned.len(), 1);
        pruned.prune(0);
        assert!(pruned.is_empty());
    }
}
