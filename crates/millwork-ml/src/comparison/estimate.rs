//! What the resamples say about a difference: its interval, its standard error, and how likely it is an improvement.

use serde::{Deserialize, Serialize};

use crate::comparison::ComparisonError;
use crate::comparison::differences::Differences;
use crate::comparison::normal;
use crate::comparison::part::Part;
use crate::comparison::resamples::Resamples;
use crate::comparison::statistic::Statistic;
use crate::search::Goal;

/// Where a difference lies at a confidence level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The metric of champion and challenger on the same rows, and what resamples of them say about the difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Whether a small or a large metric is good.
    pub goal: Goal,
    /// The champion's metric.
    pub champion: f64,
    /// The challenger's metric.
    pub challenger: f64,
    /// The challenger's metric less the champion's: below 0 is an improvement of a loss, above 0 one of a score.
    pub difference: f64,
    /// The percentile interval of the difference: the quantiles of the resampled differences.
    pub percentile: Interval,
    /// The bias-corrected and accelerated interval of the difference; `None` if it is not defined.
    pub bca: Option<Interval>,
    /// The share of the resamples in which the challenger is better; those in which both are equal count half.
    pub better_probability: f64,
    /// The standard error of the difference: the standard deviation of the resampled differences.
    pub standard_error: f64,
    /// The number of rows, without those of weight 0.
    pub rows: usize,
    /// The number of clusters that were drawn; `None` if rows were.
    pub clusters: Option<usize>,
    /// The number of resamples in which the metric has a value.
    pub resamples: usize,
    /// The number of resamples in which it has none, such as an area under the curve where one class wasn't drawn. They are left out.
    pub undefined: usize,
}

impl Estimate {
    /// What resamples of a part's rows say, and their differences, ascending.
    pub(super) fn of(
        metric: &str,
        goal: Goal,
        part: &Part,
        statistic: &impl Statistic,
        resamples: &Resamples,
        level: f64,
    ) -> Result<(Self, Vec<f64>), ComparisonError> {
        let whole = statistic.whole()?;
        let differences = Differences::of(metric, statistic, resamples)?;
        // Metrics are right to some roundings; differences that are closer are equal.
        let rounding = 8.0 * f64::EPSILON * (whole.champion.abs() + whole.challenger.abs());
        let tail = (1.0 - level) / 2.0;
        let bias = differences.share_below(whole.difference, rounding);
        let bca = statistic.left_out().and_then(|left_out| {
            let tails = corrected(tail, normal::quantile(bias), acceleration(&left_out)?)?;
            Some(tails.map(|share| differences.quantile(share)))
        });
        let below = differences.share_below(0.0, rounding);
        let estimate = Self {
            goal,
            champion: whole.champion,
            challenger: whole.challenger,
            difference: whole.difference,
            percentile: Interval { low: differences.quantile(tail), high: differences.quantile(1.0 - tail) },
            bca: bca.map(|[low, high]| Interval { low, high }),
            better_probability: match goal {
                Goal::Minimize => below,
                Goal::Maximize => 1.0 - below,
            },
            standard_error: differences.standard_deviation(),
            rows: part.rows.len(),
            clusters: part.clusters(),
            resamples: differences.ascending.len(),
            undefined: differences.undefined,
        };
        Ok((estimate, differences.ascending))
    }

    /// The interval of the difference that decides: the bias-corrected and accelerated one, or the percentile interval where that is not
    /// defined.
    pub fn interval(&self) -> Interval {
        self.bca.unwrap_or(self.percentile)
    }

    /// Whether the challenger is better by more than `gain`, in the metric's unit, at the whole of the interval.
    ///
    /// With 0 it is better by more than chance. A negative gain asks whether it is at most that much worse.
    pub fn improves_by(&self, gain: f64) -> bool {
        self.improvement().low > gain
    }

    /// Whether the challenger is worse at the whole of the interval.
    pub fn is_worse(&self) -> bool {
        self.improvement().high < 0.0
    }

    /// The interval of the difference in the direction of better.
    fn improvement(&self) -> Interval {
        let Interval { low, high } = self.interval();
        match self.goal {
            Goal::Minimize => Interval { low: -high, high: -low },
            Goal::Maximize => Interval { low, high },
        }
    }
}

/// The acceleration: how fast the standard error changes with the difference, by the skewness of the jackknife's influences (Efron and
/// Tibshirani 1993, equation 14.15). `None` if nothing changes.
fn acceleration(left_out: &[f64]) -> Option<f64> {
    if left_out.iter().all(|other| other == &left_out[0]) {
        return None;
    }
    let mean = left_out.iter().sum::<f64>() / left_out.len() as f64;
    let sum = |power: i32| -> f64 { left_out.iter().map(|difference| (mean - difference).powi(power)).sum() };
    let acceleration = sum(3) / (6.0 * sum(2).powf(1.5));
    acceleration.is_finite().then_some(acceleration)
}

/// The shares of the differences that the BCa interval leaves out below, and keeps up to its upper end (Efron and Tibshirani 1993,
/// equation 14.10). `None` if the correction has no limit.
fn corrected(tail: f64, bias: f64, acceleration: f64) -> Option<[f64; 2]> {
    let share = |z: f64| {
        let shifted = bias + z;
        let scale = 1.0 - acceleration * shifted;
        let share = normal::cumulative(bias + shifted / scale);
        (scale > 0.0 && share.is_finite()).then_some(share)
    };
    let z = normal::quantile(tail);
    Some([share(z)?, share(-z)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_bias_and_skewness_the_shares_are_the_percentile_interval_s() {
        let [low, high] = corrected(0.025, 0.0, 0.0).expect("shares");
        assert!((low - 0.025).abs() < 1e-15 && (high - 0.975).abs() < 1e-15);
    }

    /// The figures of Efron and Tibshirani 1993, section 14.3, for the variance of 26 spatial test scores: z₀ = 0.146 and a = 0.061 give
    /// 11.0 % and 98.5 % at the level 90 %.
    #[test]
    fn shares_are_those_of_the_textbook() {
        let [low, high] = corrected(0.05, 0.146, 0.061).expect("shares");
        assert!((low - 0.110).abs() < 6e-4 && (high - 0.985).abs() < 6e-4, "{low} {high}");
    }

    #[test]
    fn a_correction_without_a_limit_is_none() {
        assert_eq!(corrected(0.025, f64::INFINITY, 0.0), None);
        assert_eq!(corrected(0.025, 0.0, 0.6), None);
        assert_eq!(acceleration(&[0.1; 9]), None);
    }

    fn estimate(goal: Goal, low: f64, high: f64) -> Estimate {
        Estimate {
            goal,
            champion: 2.0,
            challenger: 1.0,
            difference: -1.0,
            percentile: Interval { low: 7.0, high: 8.0 },
            bca: Some(Interval { low, high }),
            better_probability: 1.0,
            standard_error: 0.5,
            rows: 100,
            clusters: None,
            resamples: 2_000,
            undefined: 0,
        }
    }

    fn check(goal: Goal, [low, high]: [f64; 2], gain: f64, improves: bool, is_worse: bool) {
        let estimate = estimate(goal, low, high);
        assert_eq!(
            (estimate.improves_by(gain), estimate.is_worse()),
            (improves, is_worse),
            "{goal:?} {low} {high} {gain}"
        );
    }

    #[test]
    fn the_whole_interval_is_better_or_worse() {
        check(Goal::Minimize, [-3.0, -1.0], 0.0, true, false);
        check(Goal::Minimize, [-3.0, -1.0], 1.0, false, false);
        check(Goal::Minimize, [-3.0, 1.0], 0.0, false, false);
        check(Goal::Minimize, [-3.0, 1.0], -1.5, true, false);
        check(Goal::Minimize, [0.1, 1.0], 0.0, false, true);
        check(Goal::Maximize, [1.0, 3.0], 0.5, true, false);
        check(Goal::Maximize, [-3.0, -1.0], 0.0, false, true);
        check(Goal::Maximize, [0.0, 0.0], 0.0, false, false);
        check(Goal::Maximize, [1.0, 3.0], f64::NAN, false, false);
    }

    #[test]
    fn where_bca_is_not_defined_the_percentile_interval_decides() {
        let estimate = Estimate { bca: None, ..estimate(Goal::Maximize, 0.0, 0.0) };
        assert_eq!(estimate.interval(), Interval { low: 7.0, high: 8.0 });
        assert!(estimate.improves_by(6.0));
    }
}
