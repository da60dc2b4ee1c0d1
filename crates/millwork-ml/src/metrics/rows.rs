//! Checked rows, which every metric starts from: of numbers, and of two classes with scores; and sums that don't lose small numbers.

use crate::metrics::{Binary, MetricError, Number, Targets};

/// One row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) target: f64,
    pub(super) prediction: f64,
    pub(super) weight: f64,
}

/// Rows of finite numbers, as many as the metric needs, not all of weight 0. They are read where they are, so that a metric takes no
/// memory for them.
pub(super) struct Rows<'a, T, P> {
    metric: &'static str,
    targets: &'a [T],
    predictions: &'a [P],
    /// `None` where each row counts once.
    weights: Option<&'a [f64]>,
    weight: f64,
}

impl<'a, T: Number, P: Number> Rows<'a, T, P> {
    /// Reads and checks the rows of a metric that needs at least `needed`.
    pub(super) fn read(
        metric: &'static str,
        needed: usize,
        targets: &'a impl Targets<Target = T>,
        predictions: &'a [P],
    ) -> Result<Self, MetricError> {
        let weights = weights_of(metric, needed, targets, predictions.len())?;
        let targets = targets.targets();
        check_finite("target", targets)?;
        check_finite("prediction", predictions)?;
        let weight = weights.map_or(targets.len() as f64, |weights| compensated(weights.iter().copied()));
        Ok(Self { metric, targets, predictions, weights, weight })
    }

    /// The rows, also those of weight 0.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = Row> + Clone {
        self.targets.iter().zip(self.predictions).enumerate().map(|(row, (&target, &prediction))| Row {
            target: read(target),
            prediction: read(prediction),
            weight: self.weights.map_or(1.0, |weights| read(weights[row])),
        })
    }

    /// The weighted mean of a number per row, `Σ wᵢ f(rowᵢ) / Σ wᵢ`.
    pub(super) fn mean(&self, number: impl Fn(&Row) -> f64) -> f64 {
        compensated(self.iter().map(|row| row.weight * number(&row))) / self.weight
    }

    /// The weighted variance of a number per row, `Σ wᵢ (xᵢ − x̄)² / Σ wᵢ`, which is exactly 0 where all are equal.
    pub(super) fn variance(&self, number: impl Fn(&Row) -> f64) -> f64 {
        let mut counted = self.iter().filter(|row| row.weight > 0.0).map(|row| number(&row));
        let first = counted.next();
        if counted.all(|other| Some(other) == first) {
            return 0.0;
        }
        let mean = self.mean(&number);
        self.mean(|row| (number(row) - mean).powi(2))
    }

    /// The metric's value, unless numbers that are finite by themselves have overflowed together.
    pub(super) fn value(&self, value: f64) -> Result<f64, MetricError> {
        if value.is_finite() { Ok(value) } else { Err(MetricError::Overflow { metric: self.metric }) }
    }

    /// Checks that the metric is defined for the target or prediction of each row; the error names the first that it isn't defined for.
    pub(super) fn require(
        &self,
        value: &'static str,
        needed: &'static str,
        number: impl Fn(&Row) -> f64,
        allowed: impl Fn(f64) -> bool,
    ) -> Result<(), MetricError> {
        let numbers = self.iter().map(|row| number(&row)).enumerate();
        let mut refused = numbers.filter(|&(_, number)| !allowed(number));
        match refused.next() {
            Some((row, number)) => {
                Err(MetricError::OutOfRange { metric: self.metric, value, row, number, needed })
            }
            None => Ok(()),
        }
    }
}

/// The weights of rows that pair up and are enough: finite, not negative, not all 0, and 1 where none are given.
pub(super) fn checked_weights(
    metric: &'static str,
    needed: usize,
    targets: &impl Targets,
    predictions: usize,
) -> Result<Vec<f64>, MetricError> {
    let weights = weights_of(metric, needed, targets, predictions)?;
    Ok(weights.map_or_else(|| vec![1.0; predictions], |weights| weights.iter().copied().map(read).collect()))
}

/// The same weights where they are, `None` where each row counts once.
fn weights_of<'a>(
    metric: &'static str,
    needed: usize,
    targets: &'a impl Targets,
    predictions: usize,
) -> Result<Option<&'a [f64]>, MetricError> {
    let rows = targets.targets().len();
    if rows != predictions {
        return Err(MetricError::LengthMismatch { targets: rows, values: "predictions", count: predictions });
    }
    if rows < needed {
        return Err(MetricError::TooFewRows { metric, needed, rows });
    }
    let Some(weights) = targets.weights() else { return Ok(None) };
    if rows != weights.len() {
        return Err(MetricError::LengthMismatch { targets: rows, values: "weights", count: weights.len() });
    }
    check_finite("weight", weights)?;
    if let Some(row) = weights.iter().position(|&weight| weight < 0.0) {
        return Err(MetricError::NegativeWeight { row, weight: weights[row] });
    }
    if weights.iter().any(|&weight| weight > 0.0) { Ok(Some(weights)) } else { Err(MetricError::NoWeight) }
}

/// Numbers as `f64`, all of them finite.
pub(super) fn finite(value: &'static str, numbers: &[impl Number]) -> Result<Vec<f64>, MetricError> {
    check_finite(value, numbers)?;
    Ok(numbers.iter().copied().map(read).collect())
}

fn check_finite(value: &'static str, numbers: &[impl Number]) -> Result<(), MetricError> {
    match numbers.iter().position(|&number| !number.into().is_finite()) {
        Some(row) => Err(MetricError::NotFinite { value, row }),
        None => Ok(()),
    }
}

/// A number as `f64`. Adding 0 makes one zero of the two, so that a total order keeps them together.
fn read(number: impl Number) -> f64 {
    number.into() + 0.0
}

/// The sum with its rounding errors carried along (Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation
/// endlicher Summen", ZAMM 1974): the error stays near one rounding, however many numbers there are.
pub(crate) fn compensated(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for number in numbers {
        let next = sum + number;
        lost += if sum.abs() >= number.abs() { (sum - next) + number } else { (number - next) + sum };
        sum = next;
    }
    sum + lost
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub(super) struct BinaryRow {
    pub(super) positive: bool,
    pub(super) score: f64,
    pub(super) weight: f64,
}

/// Rows of two classes with a finite score each, not all of weight 0.
pub(super) struct BinaryRows {
    pub(super) metric: &'static str,
    pub(super) rows: Vec<BinaryRow>,
}

impl BinaryRows {
    pub(super) fn read(
        metric: &'static str,
        targets: &impl Targets<Target: Binary>,
        scores: &[impl Number],
    ) -> Result<Self, MetricError> {
        let weights = checked_weights(metric, 1, targets, scores.len())?;
        let scores = finite("prediction", scores)?;
        let rows = targets.targets().iter().zip(scores).zip(weights).enumerate();
        let rows = rows.map(|(row, ((target, score), weight))| {
            let positive = target.positive().ok_or(MetricError::NotBinary { row })?;
            Ok(BinaryRow { positive, score, weight })
        });
        Ok(Self { metric, rows: rows.collect::<Result<_, MetricError>>()? })
    }

    /// As [`BinaryRows::read`], for scores that are probabilities.
    pub(super) fn read_probabilities(
        metric: &'static str,
        targets: &impl Targets<Target: Binary>,
        probabilities: &[impl Number],
    ) -> Result<Self, MetricError> {
        let rows = Self::read(metric, targets, probabilities)?;
        match rows.rows.iter().position(|row| !(0.0..=1.0).contains(&row.score)) {
            Some(row) => Err(not_a_probability(metric, row, rows.rows[row].score)),
            None => Ok(rows),
        }
    }

    /// The weighted mean of a number per row, `Σ wᵢ f(rowᵢ) / Σ wᵢ`.
    pub(super) fn mean(&self, number: impl Fn(&BinaryRow) -> f64) -> f64 {
        let weight = compensated(self.rows.iter().map(|row| row.weight));
        compensated(self.rows.iter().map(|row| row.weight * number(row))) / weight
    }
}

pub(super) fn not_a_probability(metric: &'static str, row: usize, number: f64) -> MetricError {
    let (value, needed) = ("prediction", "probabilities from 0 to 1");
    MetricError::OutOfRange { metric, value, row, number, needed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_not_lost() {
        assert_eq!(compensated([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(compensated([0.1; 10]), 1.0);
        assert_eq!(compensated([]), 0.0);
    }
}
