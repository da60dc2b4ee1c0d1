//! The differences of all resamples, ascending.

use rayon::prelude::*;

use crate::comparison::ComparisonError;
use crate::comparison::resamples::Resamples;
use crate::comparison::statistic::Statistic;

/// The differences of the resamples on which the metric has a value, ascending, and the number of the others.
#[derive(Debug)]
pub(super) struct Differences {
    pub(super) ascending: Vec<f64>,
    pub(super) undefined: usize,
}

impl Differences {
    /// Those of every resample, drawn in parallel and kept in order.
    pub(super) fn of(
        metric: &str,
        statistic: &impl Statistic,
        resamples: &Resamples,
    ) -> Result<Self, ComparisonError> {
        let count = resamples.count();
        let drawn: Vec<Result<f64, ComparisonError>> =
            (0..count).into_par_iter().map(|resample| statistic.difference(resamples, resample)).collect();
        let (mut ascending, mut first) = (Vec::with_capacity(count), None);
        for difference in drawn {
            match difference {
                Ok(difference) => ascending.push(difference),
                Err(error) => first = first.or(Some(error)),
            }
        }
        let undefined = count - ascending.len();
        match first {
            // The others are no fair sample any more.
            Some(error) if undefined * 10 > count => Err(ComparisonError::Undefined {
                metric: metric.to_owned(),
                undefined,
                resamples: count,
                source: Box::new(error),
            }),
            Some(_) | None => {
                ascending.sort_unstable_by(f64::total_cmp);
                Ok(Self { ascending, undefined })
            }
        }
    }

    /// The number that a share of the differences is below, interpolated linearly between neighbours, as NumPy's `quantile` does
    /// (definition 7 of Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 1996).
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let last = self.ascending.len() - 1;
        let place = share * last as f64;
        let (below, part) = ((place as usize).min(last), place.fract());
        let (low, high) = (self.ascending[below], self.ascending[(below + 1).min(last)]);
        low + (high - low) * part
    }

    /// The share of differences below a number, and half of those that equal it but for rounding.
    pub(super) fn share_below(&self, number: f64, rounding: f64) -> f64 {
        let below = self.ascending.partition_point(|&difference| difference < number - rounding);
        let up_to = self.ascending.partition_point(|&difference| difference <= number + rounding);
        (below + up_to) as f64 / (2 * self.ascending.len()) as f64
    }

    /// The standard deviation, which estimates the standard error of the difference; 0 if all are equal.
    pub(super) fn standard_deviation(&self) -> f64 {
        let numbers = &self.ascending;
        if numbers.first() == numbers.last() {
            return 0.0;
        }
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
        (squares / (numbers.len() - 1) as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ascending: &[f64]) -> Differences {
        Differences { ascending: ascending.to_vec(), undefined: 0 }
    }

    #[test]
    fn quantiles_are_interpolated() {
        let differences = of(&[1.0, 2.0, 4.0, 8.0, 16.0]);
        for (share, expected) in [(0.0, 1.0), (0.25, 2.0), (0.375, 3.0), (0.9, 12.8), (1.0, 16.0)] {
            assert!((differences.quantile(share) - expected).abs() < 1e-12, "{share}");
        }
        assert_eq!(of(&[0.1; 7]).quantile(0.37), 0.1);
    }

    #[test]
    fn equal_differences_count_half() {
        let differences = of(&[-1.0, 0.0, 0.0, 1e-17, 3.0]);
        assert_eq!(differences.share_below(0.0, 1e-15), 0.5);
        assert_eq!(differences.share_below(0.0, 0.0), 0.4);
        assert_eq!(differences.share_below(9.0, 0.0), 1.0);
        assert_eq!(of(&[0.5; 4]).share_below(0.5, 0.0), 0.5);
    }

    #[test]
    fn equal_differences_do_not_vary() {
        assert_eq!(of(&[0.1; 9]).standard_deviation(), 0.0);
        assert_eq!(of(&[1.0, 3.0]).standard_deviation(), 2.0_f64.sqrt());
    }
}
