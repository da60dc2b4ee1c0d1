//! The value of a leaf and the gain of a split, given the gradients on each side.
//!
//! The formulas are those of the XGBoost paper (Chen and Guestrin, "XGBoost: a scalable tree boosting system", KDD 2016,
//! equations 5 to 7), with its documentation's `alpha`, `max_delta_step` and monotone constraints. Rounding is that of XGBoost from
//! 3.4 on: a value is rounded to single precision before its gain is computed in double precision, the gain is rounded as well, and
//! gains are added in single precision. Two splits are equally good here exactly if they are there. (Until 3.3, XGBoost computed
//! the gain of a leaf without `max_delta_step` and constraints as `first² / (second + lambda)`, which can differ in the last bits.)

use std::ops::{AddAssign, Sub};

use crate::data::Gradient;
use crate::{BoosterParams, Monotone};

/// Sums of [`Gradient`]s.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Sums {
    /// The sum of the first derivatives.
    pub(crate) first: f64,
    /// The sum of the second derivatives.
    pub(crate) second: f64,
}

/// The penalties on trees, by XGBoost's names. XGBoost holds them in single precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Regularization {
    /// The L2 penalty on values.
    pub(crate) lambda: f64,
    /// The L1 penalty on values.
    pub(crate) alpha: f64,
    /// The largest value of a leaf; 0 is no limit.
    pub(crate) max_delta_step: f64,
    /// The sum of second derivatives that each side of a split must keep.
    pub(crate) min_child_weight: f64,
}

/// What a candidate has to beat: a gain that one cannot reach, decided without a division.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar(f64);

/// Between which values a node's leaves have to stay so that a tree is monotone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds {
    /// The least value of a leaf.
    pub(crate) lower: f32,
    /// The largest value of a leaf.
    pub(crate) upper: f32,
}

/// The loss reduction that a split has to exceed whatever `gamma` is (XGBoost's `kRtEps`).
pub(super) const LEAST_GAIN: f32 = 1e-6;

/// Twice as much as single precision loses in the gain of a candidate, and more than its smallest step.
const ROUNDING: f64 = 1e-6;

impl From<Gradient> for Sums {
    fn from(gradient: Gradient) -> Self {
        Self { first: f64::from(gradient.first), second: f64::from(gradient.second) }
    }
}

impl AddAssign<Gradient> for Sums {
    fn add_assign(&mut self, gradient: Gradient) {
        *self += Self::from(gradient);
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.first += other.first;
        self.second += other.second;
    }
}

impl Sub for Sums {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { first: self.first - other.first, second: self.second - other.second }
    }
}

impl Regularization {
    /// The penalties that parameters name, in single precision.
    pub(crate) fn new(params: &BoosterParams) -> Self {
        let single = |value: f64| f64::from(value as f32);
        Self {
            lambda: single(params.lambda),
            alpha: single(params.alpha),
            max_delta_step: single(
                params.max_delta_step.unwrap_or_else(|| params.objective.max_delta_step()),
            ),
            min_child_weight: single(params.min_child_weight),
        }
    }

    /// The value of a leaf, before it is scaled by `eta`.
    pub(crate) fn value(&self, sums: Sums) -> f32 {
        if sums.second <= 0.0 {
            return 0.0;
        }
        let value = -self.thresholded(sums.first) / (sums.second + self.lambda);
        if self.max_delta_step > 0.0 && value.abs() > self.max_delta_step {
            return self.max_delta_step.copysign(value) as f32;
        }
        value as f32
    }

    /// Twice the loss that a leaf with the best value takes away.
    pub(crate) fn gain(&self, sums: Sums) -> f32 {
        self.gain_at(sums, self.value(sums))
    }

    /// Twice the loss that a leaf with this value takes away.
    pub(crate) fn gain_at(&self, sums: Sums, value: f32) -> f32 {
        if sums.second <= 0.0 {
            return 0.0;
        }
        let square = f64::from(value * value);
        let linear = 2.0 * sums.first * f64::from(value);
        let loss = linear + (sums.second + self.lambda) * square + 2.0 * self.alpha * f64::from(value.abs());
        -loss as f32
    }

    /// Whether each side of a split has weight, and enough of it.
    pub(crate) fn is_valid(&self, left: Sums, right: Sums) -> bool {
        let heavy = |side: Sums| side.second > 0.0 && side.second >= self.min_child_weight;
        heavy(left) && heavy(right)
    }

    /// The gain of a split over the leaf that it replaces, whose gain is `parent`; `None` if a side has too little
    /// weight.
    pub(crate) fn split_gain(&self, left: Sums, right: Sums, parent: f32) -> Option<f32> {
        if !self.is_valid(left, right) {
            return None;
        }
        let gain = self.gain(left) + self.gain(right) - parent;
        gain.is_finite().then_some(gain)
    }

    /// [`split_gain`](Self::split_gain) of a node under monotone constraints: the values on both sides stay within the node's
    /// bounds, and there is no gain if they go against the column's direction.
    pub(crate) fn bounded_split_gain(
        &self,
        left: Sums,
        right: Sums,
        parent: f32,
        bounds: Bounds,
        direction: Option<Monotone>,
    ) -> Option<f32> {
        if !self.is_valid(left, right) {
            return None;
        }
        let values = [left, right].map(|side| bounds.clip(self.value(side)));
        let ordered = match direction {
            None => true,
            Some(Monotone::Increasing) => values[0] <= values[1],
            Some(Monotone::Decreasing) => values[0] >= values[1],
        };
        let gain = self.gain_at(left, values[0]) + self.gain_at(right, values[1]) - parent;
        (ordered && gain.is_finite()).then_some(gain)
    }

    /// The bar for candidates of a node whose gain is `parent` and whose best split so far gains `best`.
    pub(crate) fn bar(&self, best: f32, parent: f32) -> Bar {
        let (best, parent) = (f64::from(best), f64::from(parent));
        Bar(best + parent - ROUNDING * (best.abs() + parent.abs() + 1e-30))
    }

    /// Whether a candidate certainly does not pass the bar. The gain of a side is at most `first² / (second + lambda)`:
    /// that is the most a leaf of any value can take away.
    pub(crate) fn fails(&self, left: Sums, right: Sums, bar: Bar) -> bool {
        let (left_weight, right_weight) = (left.second + self.lambda, right.second + self.lambda);
        let gain = left.first * left.first * right_weight + right.first * right.first * left_weight;
        left_weight > 0.0
            && right_weight > 0.0
            && gain * (1.0 + ROUNDING) < bar.0 * (left_weight * right_weight)
    }

    fn thresholded(&self, first: f64) -> f64 {
        if first > self.alpha {
            first - self.alpha
        } else if first < -self.alpha {
            first + self.alpha
        } else {
            0.0
        }
    }
}

impl Bounds {
    /// The bounds of a root.
    pub(crate) const NONE: Self = Self { lower: f32::NEG_INFINITY, upper: f32::INFINITY };

    /// The value within the bounds that is nearest.
    pub(crate) fn clip(self, value: f32) -> f32 {
        if value < self.lower {
            self.lower
        } else if value > self.upper {
            self.upper
        } else {
            value
        }
    }

    /// The bounds of the children of a split on a column with this direction. `values` are those of the left and the right child;
    /// neither side may pass their middle.
    pub(crate) fn children(self, direction: Option<Monotone>, values: [f32; 2]) -> [Self; 2] {
        let middle = (values[0] + values[1]) / 2.0;
        let (below, above) = (Self { upper: middle, ..self }, Self { lower: middle, ..self });
        match direction {
            None => [self, self],
            Some(Monotone::Increasing) => [below, above],
            Some(Monotone::Decreasing) => [above, below],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Regularization =
        Regularization { lambda: 1.0, alpha: 0.0, max_delta_step: 0.0, min_child_weight: 1.0 };

    fn sums(first: f64, second: f64) -> Sums {
        Sums { first, second }
    }

    fn check(regularization: Regularization, first: f64, second: f64, value: f32, gain: f32) {
        let sums = sums(first, second);
        assert_eq!((regularization.value(sums), regularization.gain(sums)), (value, gain), "{sums:?}");
    }

    #[test]
    fn values_and_gains_follow_the_formulas() {
        check(PLAIN, -6.0, 2.0, 2.0, 12.0);
        check(PLAIN, 3.0, 5.0, -0.5, 1.5);
        check(PLAIN, -6.0, 0.5, 4.0, 24.0);
        check(PLAIN, -6.0, 0.0, 0.0, 0.0);
        check(Regularization { lambda: 0.0, ..PLAIN }, -6.0, 2.0, 3.0, 18.0);
        check(Regularization { alpha: 3.0, ..PLAIN }, -6.0, 2.0, 1.0, 3.0);
        check(Regularization { alpha: 7.0, ..PLAIN }, -6.0, 2.0, 0.0, 0.0);
        check(Regularization { max_delta_step: 0.5, ..PLAIN }, -6.0, 2.0, 0.5, 5.25);
    }

    #[test]
    fn both_sides_need_weight() {
        assert_eq!(PLAIN.split_gain(sums(-6.0, 2.0), sums(6.0, 2.0), 0.0), Some(24.0));
        assert_eq!(PLAIN.split_gain(sums(-6.0, 0.5), sums(6.0, 2.0), 0.0), None);
        let free = Regularization { min_child_weight: 0.0, ..PLAIN };
        assert_eq!(free.split_gain(sums(0.0, 0.0), sums(6.0, 2.0), 0.0), None);
    }

    #[test]
    fn bounds_and_directions_limit_gains() {
        let gain = |bounds: Bounds, direction| {
            PLAIN.bounded_split_gain(sums(-6.0, 2.0), sums(6.0, 2.0), 1.0, bounds, direction)
        };
        assert_eq!(gain(Bounds::NONE, None), Some(23.0));
        assert_eq!(gain(Bounds::NONE, Some(Monotone::Decreasing)), Some(23.0));
        assert_eq!(gain(Bounds::NONE, Some(Monotone::Increasing)), None);
        assert_eq!(gain(Bounds { lower: -2.0, upper: 1.0 }, None), Some(20.0));
        let flat = Bounds { lower: 1.0, upper: 1.0 };
        assert_eq!(gain(flat, Some(Monotone::Increasing)), Some(-7.0));
    }

    #[test]
    fn children_stay_on_their_side_of_the_middle() {
        let bounds = Bounds { lower: -8.0, upper: 8.0 };
        let children = |direction, values| bounds.children(direction, values).map(|b| (b.lower, b.upper));
        assert_eq!(children(None, [1.0, 3.0]), [(-8.0, 8.0); 2]);
        assert_eq!(children(Some(Monotone::Increasing), [1.0, 3.0]), [(-8.0, 2.0), (2.0, 8.0)]);
        assert_eq!(children(Some(Monotone::Decreasing), [3.0, 1.0]), [(2.0, 8.0), (-8.0, 2.0)]);
    }

    #[test]
    fn penalties_are_held_in_single_precision() {
        let params =
            BoosterParams { lambda: 0.1, objective: crate::Objective::Poisson, ..Default::default() };
        let regularization = Regularization::new(&params);
        assert_eq!(regularization.lambda, f64::from(0.1_f32));
        assert_eq!(regularization.max_delta_step, f64::from(0.7_f32));
    }

    proptest::proptest! {
        #[test]
        fn only_candidates_that_cannot_win_fail(
            firsts in (-1e4..1e4, -1e4..1e4), seconds in (1.0..1e4, 1.0..1e4), best in -1.0..1e6_f32,
            alpha in 0.0..2.0, max_delta_step in 0.0..2.0, lambda in 0.0..5.0, upper in -1.0..5.0_f32,
        ) {
            let regularization = Regularization { lambda, alpha, max_delta_step, min_child_weight: 1.0 };
            let (left, right) = (sums(firsts.0, seconds.0), sums(firsts.1, seconds.1));
            let bounds = Bounds { lower: -1.0, upper };
            let parent = regularization.gain(sums(firsts.0 + firsts.1, seconds.0 + seconds.1));
            if regularization.fails(left, right, regularization.bar(best, parent)) {
                let gain = regularization.split_gain(left, right, parent);
                proptest::prop_assert!(gain.is_none_or(|gain| gain <= best), "{gain:?} beats {best}");
                let gain = regularization.bounded_split_gain(left, right, parent, bounds, None);
                proptest::prop_assert!(gain.is_none_or(|gain| gain <= best), "{gain:?} beats {best} in bounds");
            }
        }
    }
}
