//! Smooth surrogates of the absolute error and of the pinball loss, as XGBoost learns from them from 3.4 on.
//!
//! Both have kinks at 0, where second derivatives are of no use. Around them they are replaced by a smooth function whose width follows
//! the errors that are left: the scale `s = (mean of √|m - y|)²`, anew in each round. The second derivative is that of the parabola
//! that touches the surrogate at the current error and lies above it everywhere else (majorization and minimization, MM), so that
//! steps don't overshoot.

use rayon::prelude::*;

use super::rowwise::ROWS;
use crate::data::{Gradient, Labels};

/// How wide the pinball loss is rounded, as a share of the scale.
const WIDTH: f32 = 0.04;

/// The smallest curvature of the surrogate of the pinball loss, as a share of the largest.
const FLAT: f32 = 3e-4;

/// The smooth surrogate of a loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Surrogate {
    /// Charbonnier's √(s² + (m - y)²) for the absolute error, times s: the first derivative is `s (m - y) / √(s² + (m - y)²)`.
    Absolute,
    /// A logistic convolution of the pinball loss (Fernandes, Guerre and Horta 2021, "Smoothing quantile regressions"): the first
    /// derivative is `s/2 (tanh x + 1 - 2 alpha)` with `x = (m - y) / (0.04 s)`.
    Quantile {
        /// Which quantile, from 0 to 1.
        alpha: f32,
    },
}

/// The gradients of all rows. `margins` has `stride` margins for each row, of which the one numbered `output` counts.
pub(super) fn gradients(
    surrogate: Surrogate,
    margins: &[f32],
    stride: usize,
    output: usize,
    labels: &Labels,
) -> Vec<Gradient> {
    let error = |row: usize| margins[row * stride + output] - labels.targets[row];
    let scale = scale(error, labels, surrogate);
    let row = |row: usize| surrogate.gradient(error(row), scale, labels.weight(row));
    (0..labels.targets.len()).into_par_iter().with_min_len(ROWS).map(row).collect()
}

fn scale(error: impl Fn(usize) -> f32, labels: &Labels, surrogate: Surrogate) -> f32 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for row in 0..labels.targets.len() {
        sum += f64::from(labels.weight(row) * error(row).abs().sqrt());
        weights += f64::from(labels.weight(row));
    }
    let least = if surrogate == Surrogate::Absolute { 1e-6 } else { f64::MIN_POSITIVE };
    if weights < least { 0.0 } else { (sum / weights).powi(2) as f32 }
}

impl Surrogate {
    fn gradient(self, error: f32, scale: f32, weight: f32) -> Gradient {
        match self {
            Self::Absolute => {
                let distance = scale.hypot(error);
                let curvature = if distance > 0.0 { scale / distance } else { 1.0 };
                Gradient { first: weight * error * curvature, second: weight * curvature }
            }
            Self::Quantile { .. } if scale <= 0.0 || scale.is_nan() || weight == 0.0 => Gradient::default(),
            Self::Quantile { alpha } => {
                let x = error / (WIDTH * scale);
                let side = x.tanh();
                let ratio = if x == 0.0 { 1.0 } else { side / x }.max(FLAT);
                let first = 0.5 * scale * (side + 1.0 - 2.0 * alpha);
                Gradient { first: weight * first, second: weight * (0.5 / WIDTH * ratio) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(surrogate: Surrogate, margins: &[f32], targets: &[f32], expected: &[f32]) {
        let labels = Labels { targets: targets.to_vec(), ..Labels::default() };
        let gradients = gradients(surrogate, margins, 1, 0, &labels);
        let firsts: Vec<f32> = gradients.iter().map(|gradient| gradient.first).collect();
        let near = firsts.iter().zip(expected).all(|(first, expected)| (first - expected).abs() < 1e-6);
        assert!(near && gradients.len() == expected.len(), "{surrogate:?}: {firsts:?}, not {expected:?}");
    }

    #[test]
    fn far_errors_have_the_slopes_of_the_loss() {
        // The scale is 1.
        let half = 0.5_f32.sqrt();
        check(Surrogate::Absolute, &[1.0, -1.0], &[0.0, 0.0], &[half, -half]);
        check(Surrogate::Quantile { alpha: 0.9 }, &[1.0, -1.0], &[0.0, 0.0], &[0.1, -0.9]);
        check(Surrogate::Quantile { alpha: 0.9 }, &[3.0], &[3.0], &[0.0]);
        check(Surrogate::Absolute, &[3.0], &[3.0], &[0.0]);
    }
}
