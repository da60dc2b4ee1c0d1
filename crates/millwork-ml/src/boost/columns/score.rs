//! What a leaf's value and a split's gain are, given the gradients on each side.
//!
//! The formulas are those of the XGBoost paper (Chen and Guestrin, "XGBoost: a scalable tree boosting system", KDD 2016,
//! equations 5 to 7), with its documentation's `alpha` and `max_delta_step`. A value is rounded to single precision
//! before its gain is computed, and gains are added in single precision, as XGBoost does: two splits are equally good
//! here exactly if they are there.

use std::ops::{AddAssign, Sub};

/// The first and second derivative of the loss by a row's margin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::boost) struct Gradient {
    pub(in crate::boost) first: f32,
    pub(in crate::boost) second: f32,
}

/// Sums of [`Gradient`]s.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sums {
    pub(super) first: f64,
    pub(super) second: f64,
}

/// The penalties on trees, by XGBoost's names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::boost) struct Regularization {
    pub(in crate::boost) lambda: f64,
    pub(in crate::boost) alpha: f64,
    /// 0 is no limit.
    pub(in crate::boost) max_delta_step: f64,
    pub(in crate::boost) min_child_weight: f64,
}

/// What a candidate has to beat: a gain that one cannot reach, told without a division.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bar(f64);

/// Twice as much as single precision loses in the gain of a candidate, and more than its smallest step.
const ROUNDING: f64 = 1e-6;

impl AddAssign<Gradient> for Sums {
    fn add_assign(&mut self, gradient: Gradient) {
        self.first += f64::from(gradient.first);
        self.second += f64::from(gradient.second);
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
    /// The value of a leaf, before it is scaled by `eta`.
    pub(super) fn value(&self, sums: Sums) -> f32 {
        if sums.second <= 0.0 || sums.second < self.min_child_weight {
            return 0.0;
        }
        let value = -self.thresholded(sums.first) / (sums.second + self.lambda);
        if self.max_delta_step > 0.0 && value.abs() > self.max_delta_step {
            return self.max_delta_step.copysign(value) as f32;
        }
        value as f32
    }

    /// Twice the loss that a leaf takes away.
    pub(super) fn gain(&self, sums: Sums) -> f32 {
        let value = self.value(sums);
        let square = f64::from(value * value);
        let linear = 2.0 * sums.first * f64::from(value);
        -(linear + (sums.second + self.lambda) * square + 2.0 * self.alpha * f64::from(value.abs())) as f32
    }

    /// The gain of a split over the leaf that it replaces, whose gain is `parent`; `None` if a side has too little
    /// weight.
    pub(super) fn split_gain(&self, left: Sums, right: Sums, parent: f32) -> Option<f32> {
        let heavy = |side: Sums| side.second > 0.0 && side.second >= self.min_child_weight;
        if !heavy(left) || !heavy(right) {
            return None;
        }
        let gain = self.gain(left) + self.gain(right) - parent;
        gain.is_finite().then_some(gain)
    }

    /// The bar for candidates of a node whose gain is `parent` and whose best split so far gains `best`.
    pub(super) fn bar(&self, best: f32, parent: f32) -> Bar {
        let (best, parent) = (f64::from(best), f64::from(parent));
        Bar(best + parent - ROUNDING * (best.abs() + parent.abs() + 1e-30))
    }

    /// Whether a candidate certainly does not pass the bar. The gain of a side is at most `first² / (second + lambda)`:
    /// that is the most a leaf of any value can take away.
    pub(super) fn fails(&self, left: Sums, right: Sums, bar: Bar) -> bool {
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
        check(PLAIN, -6.0, 0.5, 0.0, 0.0);
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

    proptest::proptest! {
        #[test]
        fn only_candidates_that_cannot_win_fail(
            firsts in (-1e4..1e4, -1e4..1e4), seconds in (1.0..1e4, 1.0..1e4), best in -1.0..1e6_f32,
            alpha in 0.0..2.0, max_delta_step in 0.0..2.0, lambda in 0.0..5.0,
        ) {
            let regularization = Regularization { lambda, alpha, max_delta_step, min_child_weight: 1.0 };
            let (left, right) = (sums(firsts.0, seconds.0), sums(firsts.1, seconds.1));
            let parent = regularization.gain(sums(firsts.0 + firsts.1, seconds.0 + seconds.1));
            if regularization.fails(left, right, regularization.bar(best, parent)) {
                let gain = regularization.split_gain(left, right, parent);
                proptest::prop_assert!(gain.is_none_or(|gain| gain <= best), "{gain:?} beats {best}");
            }
        }
    }
}
