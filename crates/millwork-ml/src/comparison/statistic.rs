//! What is resampled: the difference of the means of losses, or of a metric's values.

use rayon::prelude::*;

use crate::comparison::ComparisonError;
use crate::comparison::part::Part;
use crate::comparison::resamples::Resamples;
use crate::metrics::{MetricError, compensated};

/// The values of both models on the same rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    pub(super) champion: f64,
    pub(super) challenger: f64,
    /// The challenger's less the champion's.
    pub(super) difference: f64,
}

/// A difference that rows give, and each resample of them.
pub(super) trait Statistic: Sync {
    /// The values on all rows.
    fn whole(&self) -> Result<Pair, ComparisonError>;

    /// The difference on the rows of a resample.
    fn difference(&self, resamples: &Resamples, resample: usize) -> Result<f64, ComparisonError>;

    /// The difference without each row or cluster, or without each of many equal blocks of them: the jackknife. `None` if one of these
    /// differences has no value.
    fn left_out(&self) -> Option<Vec<f64>>;
}

/// The difference of mean losses. Means are linear, so it is the mean of the rows' differences: a draw adds one number for each row.
#[derive(Debug)]
pub(super) struct MeanLoss {
    whole: Pair,
    /// The sum of the weighted differences of each unit, and of its weights.
    units: Vec<(f64, f64)>,
    /// The differences of plain rows: the same numbers without the weights, which are all 1.
    plain: Option<Vec<f64>>,
    /// The difference of every row, if it is the same for all.
    constant: Option<f64>,
}

impl MeanLoss {
    /// Of a part's rows, out of finite losses of all rows.
    pub(super) fn new(part: &Part, champion: &[f64], challenger: &[f64]) -> Result<Self, ComparisonError> {
        let differences: Vec<f64> = part.rows.iter().map(|&row| challenger[row] - champion[row]).collect();
        let mut units = vec![(0.0, 0.0); part.units];
        for (place, difference) in differences.iter().enumerate() {
            let (weight, unit) = (part.weight(place), &mut units[part.unit(place)]);
            *unit = (unit.0 + weight * difference, unit.1 + weight);
        }
        let weight = compensated((0..part.rows.len()).map(|place| part.weight(place)));
        let mean = |number: &dyn Fn(usize) -> f64| {
            compensated((0..part.rows.len()).map(|place| part.weight(place) * number(place))) / weight
        };
        let constant =
            differences.first().copied().filter(|first| differences.iter().all(|other| other == first));
        let whole = Pair {
            champion: mean(&|place| champion[part.rows[place]]),
            challenger: mean(&|place| challenger[part.rows[place]]),
            difference: constant.unwrap_or_else(|| mean(&|place| differences[place])),
        };
        let largest = units.iter().map(|unit| unit.0.abs().max(unit.1)).fold(0.0, f64::max);
        let numbers = [whole.champion, whole.challenger, whole.difference, largest * part.units as f64];
        if numbers.iter().any(|number| !number.is_finite()) {
            return Err(ComparisonError::Overflow);
        }
        Ok(Self { whole, units, plain: part.is_plain().then_some(differences), constant })
    }
}

impl Statistic for MeanLoss {
    fn whole(&self) -> Result<Pair, ComparisonError> {
        Ok(self.whole)
    }

    fn difference(&self, resamples: &Resamples, resample: usize) -> Result<f64, ComparisonError> {
        let units = self.units.len();
        Ok(match (self.constant, &self.plain) {
            (Some(constant), _) => constant,
            (None, Some(differences)) => {
                let mut sum = 0.0;
                resamples.draw(resample, units, |row| sum += differences[row]);
                sum / units as f64
            }
            (None, None) => {
                let (mut sum, mut weight) = (0.0, 0.0);
                resamples.draw(resample, units, |unit| {
                    sum += self.units[unit].0;
                    weight += self.units[unit].1;
                });
                sum / weight
            }
        })
    }

    fn left_out(&self) -> Option<Vec<f64>> {
        if let Some(constant) = self.constant {
            return Some(vec![constant; self.units.len()]);
        }
        let sum = compensated(self.units.iter().map(|unit| unit.0));
        let weight = compensated(self.units.iter().map(|unit| unit.1));
        Some(self.units.iter().map(|unit| (sum - unit.0) / (weight - unit.1)).collect())
    }
}

/// The most blocks of rows that are left out of a metric, one at a time. With that many the acceleration is off by some 0.001, and where a few
/// rows weigh most by 0.005, which moves a tail of 2.5 % by 0.1 %: less than the resamples vary.
const BLOCKS: usize = 1_000;

/// The difference of a metric's values. Its function computes champion's and challenger's where each unit counts so often, or all rows as
/// they are.
pub(super) struct MetricValues<'a, V> {
    pub(super) metric: &'a str,
    pub(super) part: &'a Part,
    pub(super) values: V,
}

impl<V> MetricValues<'_, V>
where
    V: Fn(Option<Vec<f64>>) -> [Result<f64, MetricError>; 2] + Sync,
{
    fn pair(&self, counts: Option<Vec<f64>>) -> Result<Pair, ComparisonError> {
        let [champion, challenger] = (self.values)(counts);
        let (champion, challenger) =
            (self.value("champion", champion)?, self.value("challenger", challenger)?);
        Ok(Pair { champion, challenger, difference: challenger - champion })
    }

    fn value(&self, model: &'static str, value: Result<f64, MetricError>) -> Result<f64, ComparisonError> {
        let metric = || self.metric.to_owned();
        match value {
            // Half of the largest number, so that differences are finite, too.
            Ok(value) if value.abs() <= f64::MAX / 2.0 => Ok(value),
            Ok(value) => Err(ComparisonError::MetricNotFinite { model, metric: metric(), value }),
            Err(source) => Err(ComparisonError::NoValue { model, metric: metric(), source }),
        }
    }
}

impl<V> Statistic for MetricValues<'_, V>
where
    V: Fn(Option<Vec<f64>>) -> [Result<f64, MetricError>; 2] + Sync,
{
    fn whole(&self) -> Result<Pair, ComparisonError> {
        self.pair(None)
    }

    fn difference(&self, resamples: &Resamples, resample: usize) -> Result<f64, ComparisonError> {
        Ok(self.pair(Some(resamples.counts(resample, self.part.units)))?.difference)
    }

    /// Blocks have every 1,000th row, so that neighbours, which may be alike, are in different ones.
    fn left_out(&self) -> Option<Vec<f64>> {
        let units = self.part.units;
        let blocks = units.min(BLOCKS);
        let without = |block: usize| {
            let counts = (0..units).map(|unit| if unit % blocks == block { 0.0 } else { 1.0 });
            Some(self.pair(Some(counts.collect())).ok()?.difference)
        };
        (0..blocks).into_par_iter().map(without).collect()
    }
}
