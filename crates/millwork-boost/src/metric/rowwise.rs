//! Metrics that are a mean over rows.

use rayon::prelude::*;

use crate::data::Labels;

/// How many rows (or rows × quantiles) are summed before the sums are.
pub(super) const BLOCK: usize = 2048;

/// The smallest probability or mean whose logarithm is taken.
pub(super) const SMALLEST: f32 = 1e-16;

/// What a row contributes. p is the prediction, y the label, both in the label's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RowMetric {
    /// (y - p)²; the metric is the root of the mean.
    SquaredError,
    /// (ln(1 + y) - ln(1 + p))²; the metric is the root of the mean.
    SquaredLogError,
    /// |y - p|.
    AbsoluteError,
    /// |(y - p) / y|.
    AbsoluteShare,
    /// Charbonnier's s² (√(1 + ((y - p) / s)²) - 1).
    PseudoHuber { slope: f32 },
    /// -y ln p - (1 - y) ln(1 - p).
    LogLoss,
    /// 1 - y if p is above the threshold, else y.
    Error { threshold: f32 },
    /// ln Γ(y + 1) + p - y ln p.
    Poisson,
    /// y / p + ln p, a gamma likelihood with dispersion 1.
    Gamma,
    /// ln(p / y) + y / p - 1; the metric is twice the mean.
    GammaDeviance,
    /// -y p^(1 - ρ) / (1 - ρ) + p^(2 - ρ) / (2 - ρ) with the variance `power` ρ.
    Tweedie { power: f32 },
}

/// The metric of all rows, weighted.
pub(super) fn mean(metric: RowMetric, predictions: &[f32], labels: &Labels) -> f64 {
    let (sum, weights) = sums(predictions.len(), |row| {
        let weight = labels.weight(row);
        (metric.of(labels.targets[row], predictions[row], weight), weight)
    });
    let mean = if weights == 0.0 { sum } else { sum / weights };
    match metric {
        RowMetric::SquaredError | RowMetric::SquaredLogError => mean.sqrt(),
        RowMetric::GammaDeviance if weights <= 0.0 => 2.0 * sum / 1e-6,
        RowMetric::GammaDeviance => 2.0 * sum / weights,
        RowMetric::AbsoluteError
        | RowMetric::AbsoluteShare
        | RowMetric::PseudoHuber { .. }
        | RowMetric::LogLoss
        | RowMetric::Error { .. }
        | RowMetric::Poisson
        | RowMetric::Gamma
        | RowMetric::Tweedie { .. } => mean,
    }
}

/// Koenker and Bassett's pinball loss, α (y - p) for y above p and (1 - α) (p - y) below, averaged over rows and quantiles.
/// `predictions` are rows × quantiles.
pub(super) fn mean_pinball(alphas: &[f32], predictions: &[f32], labels: &Labels) -> f64 {
    let (sum, weights) = sums(predictions.len(), |place| {
        let (row, alpha) = (place / alphas.len(), alphas[place % alphas.len()]);
        let (error, weight) = (labels.targets[row] - predictions[place], labels.weight(row));
        let above = f32::from(error >= 0.0);
        let loss = alpha * above * error - (1.0 - alpha) * (1.0 - above) * error;
        (loss * weight, weight)
    });
    sum / weights
}

/// The sums of what each place gives, in blocks, so that threads don't change them.
pub(super) fn sums(places: usize, of: impl Fn(usize) -> (f32, f32) + Sync) -> (f64, f64) {
    let block = |start: usize| {
        (start..places.min(start + BLOCK)).map(&of).fold((0.0, 0.0), |(sum, weights), (value, weight)| {
            (sum + f64::from(value), weights + f64::from(weight))
        })
    };
    let blocks: Vec<(f64, f64)> =
        (0..places.div_ceil(BLOCK)).into_par_iter().map(|number| block(number * BLOCK)).collect();
    blocks.iter().fold((0.0, 0.0), |(sum, weights), block| (sum + block.0, weights + block.1))
}

impl RowMetric {
    fn of(self, label: f32, prediction: f32, weight: f32) -> f32 {
        let value = match self {
            Self::SquaredError => square(label - prediction),
            Self::SquaredLogError => square(label.ln_1p() - prediction.ln_1p()),
            Self::AbsoluteError => (label - prediction).abs(),
            Self::AbsoluteShare => ((label - prediction) / label).abs(),
            Self::PseudoHuber { slope } => {
                square(slope) * ((1.0 + square((label - prediction) / slope)).sqrt() - 1.0)
            }
            Self::LogLoss => times_log(-label, prediction) + times_log(-(1.0 - label), 1.0 - prediction),
            Self::Error { threshold } if prediction > threshold => 1.0 - label,
            Self::Error { .. } => label,
            Self::Poisson => {
                let mean = if prediction < SMALLEST { SMALLEST } else { prediction };
                log_gamma(label + 1.0) + mean - mean.ln() * label
            }
            Self::Gamma => {
                let theta = (-1.0 / f64::from(prediction.max(1e-6))) as f32;
                -(label * theta + (-theta).ln())
            }
            Self::GammaDeviance => {
                let (prediction, label) = (prediction + 1e-6, label + 1e-6);
                (prediction / label).ln() + label / prediction - 1.0
            }
            Self::Tweedie { power } => {
                let (one, two, log) = (1.0 - power, 2.0 - power, prediction.ln());
                -(label * (one * log).exp() / one) + (two * log).exp() / two
            }
        };
        value * weight
    }
}

fn square(value: f32) -> f32 {
    value * value
}

/// `factor * ln(value)`, which is 0 if the factor is.
fn times_log(factor: f32, value: f32) -> f32 {
    if factor == 0.0 { 0.0 } else { factor * value.max(SMALLEST).ln() }
}

/// The logarithm of the gamma function of a number from 1 on, by Stirling's series from 24 on, to which smaller ones are carried by
/// `ln Γ(x) = ln Γ(x + 1) - ln x` (Abramowitz and Stegun, 6.1.41 and 6.1.15). NaN below 0, where labels are out of range.
fn log_gamma(value: f32) -> f32 {
    let (mut x, mut product) = (f64::from(value), 1.0);
    if x <= 0.0 {
        return f32::NAN;
    }
    if x == 1.0 || x == 2.0 {
        return 0.0;
    }
    while x < 24.0 {
        product *= x;
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    let half_log_of_circle = 0.5 * std::f64::consts::TAU.ln();
    ((x - 0.5) * x.ln() - x + half_log_of_circle + series - product.ln()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_gamma_is_that_of_factorials() {
        let mut factorial = 1.0_f64;
        for number in 1..=40 {
            factorial *= f64::from(number);
            assert_eq!(log_gamma((number + 1) as f32), factorial.ln() as f32, "{number}");
        }
        assert_eq!(log_gamma(1.0), 0.0);
        assert!((log_gamma(1.5) + 0.120_782_24).abs() < 1e-7);
        assert!(log_gamma(-1.0).is_nan() && log_gamma(1e30).is_finite());
    }

    #[test]
    fn means_are_weighted() {
        let labels = Labels { targets: vec![0.0, 0.0], weights: Some(vec![3.0, 1.0]), group_offsets: None };
        assert_eq!(mean(RowMetric::AbsoluteError, &[1.0, 5.0], &labels), 2.0);
    }

    #[test]
    fn threads_do_not_change_sums() {
        let labels =
            Labels { targets: (0..10_000).map(|row| (row as f32).sin()).collect(), ..Labels::default() };
        let predictions = vec![0.1; 10_000];
        let with_threads = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| mean(RowMetric::SquaredError, &predictions, &labels))
        };
        assert_eq!(with_threads(1).to_bits(), with_threads(7).to_bits());
    }
}
