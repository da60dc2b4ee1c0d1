//! Gradients of the losses that look at one row at a time.

use rayon::prelude::*;

use super::link::sigmoid;
use crate::data::{Gradient, Labels};

/// How many rows a thread takes at least.
pub(super) const ROWS: usize = 4096;

/// The loss of a row. `margin` is m, `label` is y, both in the target's unit unless there is a link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RowLoss {
    /// (m - y)² / 2. Rows with label 1 weigh `positive` times as much.
    Squared { positive: f32 },
    /// (ln(1 + m) - ln(1 + y))² / 2.
    SquaredLog,
    /// Charbonnier's smooth Huber loss: s² (√(1 + ((m - y) / s)²) - 1).
    PseudoHuber { slope: f32 },
    /// -y ln p - (1 - y) ln(1 - p) with p = 1 / (1 + exp(-m)). Rows with label 1 weigh `positive` times as much.
    Logistic { positive: f32 },
    /// exp(m) - y m, a Poisson likelihood; the second derivative is exp(m + `step`), so that leaves stay small.
    Poisson { step: f32 },
    /// y exp(-m) + m, a gamma likelihood. Rows with label 1 weigh `positive` times as much, as in XGBoost.
    Gamma { positive: f32 },
    /// -y exp((1 - ρ) m) / (1 - ρ) + exp((2 - ρ) m) / (2 - ρ), a Tweedie likelihood with variance `power` ρ.
    Tweedie { power: f32 },
    /// max(0, 1 - m (2 y - 1)).
    Hinge,
}

/// The gradients of all rows. `margins` has `stride` margins for each row, of which the one numbered `output` counts.
pub(super) fn gradients(
    loss: RowLoss,
    margins: &[f32],
    stride: usize,
    output: usize,
    labels: &Labels,
) -> Vec<Gradient> {
    let row =
        |row: usize| loss.gradient(margins[row * stride + output], labels.targets[row], labels.weight(row));
    (0..labels.targets.len()).into_par_iter().with_min_len(ROWS).map(row).collect()
}

impl RowLoss {
    fn gradient(self, margin: f32, label: f32, weight: f32) -> Gradient {
        match self {
            Self::Squared { positive } => {
                let weight = scaled(weight, label, positive);
                Gradient { first: (margin - label) * weight, second: weight }
            }
            Self::SquaredLog => squared_log(margin, label, weight),
            Self::PseudoHuber { slope } => pseudo_huber(margin, label, weight, slope),
            Self::Logistic { positive } => {
                let weight = scaled(weight, label, positive);
                let probability = sigmoid(margin);
                let second = (probability * (1.0 - probability)).max(1e-16);
                Gradient { first: (probability - label) * weight, second: second * weight }
            }
            Self::Poisson { step } => {
                Gradient { first: (margin.exp() - label) * weight, second: (margin + step).exp() * weight }
            }
            Self::Gamma { positive } => {
                let weight = scaled(weight, label, positive);
                let ratio = label / margin.exp();
                Gradient { first: (1.0 - ratio) * weight, second: ratio * weight }
            }
            Self::Tweedie { power } => tweedie(margin, label, weight, power),
            Self::Hinge => {
                let side = label * 2.0 - 1.0;
                if margin * side < 1.0 {
                    Gradient { first: -side * weight, second: weight }
                } else {
                    Gradient { first: 0.0, second: f32::MIN_POSITIVE }
                }
            }
        }
    }
}

/// The weight of a row, larger or smaller by a factor if its label is 1.
fn scaled(weight: f32, label: f32, positive: f32) -> f32 {
    if label == 1.0 { weight * positive } else { weight }
}

fn squared_log(margin: f32, label: f32, weight: f32) -> Gradient {
    let margin = margin.max(-0.999_999);
    let shifted = margin + 1.0;
    let first = (margin.ln_1p() - label.ln_1p()) / shifted;
    let curvature = f64::from(-margin.ln_1p() + label.ln_1p() + 1.0) / f64::from(shifted).powi(2);
    Gradient { first: first * weight, second: (curvature as f32).max(1e-6) * weight }
}

fn pseudo_huber(margin: f32, label: f32, weight: f32, slope: f32) -> Gradient {
    let error = margin - label;
    let (slope, error_squared) = (slope * slope, error * error);
    let root = (1.0 + error_squared / slope).sqrt();
    let second = slope / ((slope + error_squared) * root);
    Gradient { first: error / root * weight, second: second * weight }
}

fn tweedie(margin: f32, label: f32, weight: f32, power: f32) -> Gradient {
    let (one, two) = (1.0 - power, 2.0 - power);
    let (left, right) = ((one * margin).exp(), (two * margin).exp());
    Gradient { first: (-label * left + right) * weight, second: (-label * one * left + two * right) * weight }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first derivative is the slope of the loss, which is written in double precision.
    fn check(loss: RowLoss, of: impl Fn(f64, f64) -> f64, cases: &[(f32, f32)]) {
        for &(margin, label) in cases {
            let gradient = loss.gradient(margin, label, 1.0);
            let (m, y, step) = (f64::from(margin), f64::from(label), 1e-5);
            let slope = (of(m + step, y) - of(m - step, y)) / (2.0 * step);
            let tolerance = 1e-4 * (1.0 + slope.abs());
            assert!((f64::from(gradient.first) - slope).abs() < tolerance, "{loss:?} {margin} {label}");
            assert!(gradient.second > 0.0, "{loss:?} {margin} {label}");
        }
    }

    #[test]
    fn first_derivatives_are_slopes() {
        let plain = [(0.3, 1.5), (2.0, 0.5), (-0.5, 3.0)];
        check(RowLoss::Squared { positive: 1.0 }, |m, y| (m - y).powi(2) / 2.0, &plain);
        check(RowLoss::SquaredLog, |m, y| (m.ln_1p() - y.ln_1p()).powi(2) / 2.0, &plain);
        check(
            RowLoss::PseudoHuber { slope: 2.0 },
            |m, y| 4.0 * ((1.0 + ((m - y) / 2.0).powi(2)).sqrt() - 1.0),
            &plain,
        );
        let log_loss = |m: f64, y: f64| m.exp().ln_1p() - y * m;
        check(RowLoss::Logistic { positive: 1.0 }, log_loss, &[(0.3, 1.0), (-2.0, 0.0), (1.0, 0.4)]);
        check(RowLoss::Poisson { step: 0.7 }, |m, y| m.exp() - y * m, &plain);
        check(RowLoss::Gamma { positive: 1.0 }, |m, y| y * (-m).exp() + m, &plain);
        let tweedie = |m: f64, y: f64| y * (-0.5 * m).exp() / 0.5 + (0.5 * m).exp() / 0.5;
        check(RowLoss::Tweedie { power: 1.5 }, tweedie, &plain);
        check(RowLoss::Hinge, |m, y| (1.0 - m * (2.0 * y - 1.0)).max(0.0), &[(0.3, 1.0), (-0.2, 0.0)]);
    }

    #[test]
    fn rows_of_class_1_weigh_more() {
        let loss = RowLoss::Logistic { positive: 3.0 };
        assert_eq!(loss.gradient(0.0, 1.0, 2.0), Gradient { first: -3.0, second: 1.5 });
        assert_eq!(loss.gradient(0.0, 0.0, 2.0), Gradient { first: 1.0, second: 0.5 });
    }

    #[test]
    fn extreme_margins_give_numbers() {
        for loss in
            [RowLoss::SquaredLog, RowLoss::PseudoHuber { slope: 1.0 }, RowLoss::Logistic { positive: 1.0 }]
        {
            for margin in [-1e30, -100.0, 100.0, 1e15] {
                let gradient = loss.gradient(margin, 1.0, 1.0);
                assert!(
                    gradient.first.is_finite() && gradient.second >= 0.0,
                    "{loss:?} {margin}: {gradient:?}"
                );
            }
        }
    }
}
