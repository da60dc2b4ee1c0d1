//! The scaling of numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the numbers of a column are scaled. Trees don't care; linear models and distances do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Numbers are not scaled.
    #[default]
    None,
    /// `(x - mean) / standard deviation`, that of a population: scikit-learn's `StandardScaler`.
    Standard,
    /// `(x - minimum) / (maximum - minimum)`: `MinMaxScaler`.
    MinMax,
    /// `x / largest absolute value`: `MaxAbsScaler`.
    MaxAbs,
    /// `(x - median) / (third quartile - first quartile)`: `RobustScaler`.
    Robust,
}

/// What is subtracted, and what the difference is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Scale {
    centre: f64,
    spread: f64,
}

impl Scaling {
    /// The scale of ascending, finite numbers, of which there is at least one. A spread of nearly 0 is taken as 1.
    pub(super) fn of(self, ascending: &[f64]) -> Scale {
        let (first, last) = (ascending[0], ascending[ascending.len() - 1]);
        let (centre, spread) = match self {
            Self::None => (0.0, 1.0),
            Self::Standard => {
                let mean = mean(ascending);
                let squares: f64 = ascending.iter().map(|number| (number - mean).powi(2)).sum();
                let deviation = (squares / ascending.len() as f64).sqrt();
                // The remaining spread of equal numbers is an error of rounding.
                let rounding = 10.0 * f64::EPSILON * mean.abs() * (ascending.len() as f64).sqrt();
                (mean, if first == last || deviation <= rounding { 0.0 } else { deviation })
            }
            Self::MinMax => (first, last - first),
            Self::MaxAbs => (0.0, first.abs().max(last.abs())),
            Self::Robust => (quantile(ascending, 0.5), quantile(ascending, 0.75) - quantile(ascending, 0.25)),
        };
        Scale { centre, spread: if spread < 10.0 * f64::EPSILON { 1.0 } else { spread } }
    }
}

impl Scale {
    pub(super) fn is_finite(self) -> bool {
        self.centre.is_finite() && self.spread.is_finite()
    }

    pub(super) fn apply(self, number: f64) -> f64 {
        (number - self.centre) / self.spread
    }
}

pub(super) fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// The quantile of ascending numbers, between neighbours by their distance: NumPy's `linear`.
pub(super) fn quantile(ascending: &[f64], share: f64) -> f64 {
    let place = share * (ascending.len() - 1) as f64;
    let (below, weight) = (place.floor() as usize, place.fract());
    let above = ascending[(below + 1).min(ascending.len() - 1)];
    ascending[below] + (above - ascending[below]) * weight
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scaling: Scaling, numbers: &[f64], expected: &[f64]) {
        let scale = scaling.of(numbers);
        let scaled: Vec<f64> = numbers.iter().map(|&number| scale.apply(number)).collect();
        assert_eq!(scaled, expected, "{scaling:?}");
    }

    #[test]
    fn numbers_are_scaled() {
        check(Scaling::None, &[-2.0, 1.0], &[-2.0, 1.0]);
        check(Scaling::Standard, &[1.0, 1.0, 3.0, 3.0], &[-1.0, -1.0, 1.0, 1.0]);
        check(Scaling::MinMax, &[-2.0, 0.0, 2.0], &[0.0, 0.5, 1.0]);
        check(Scaling::MaxAbs, &[-4.0, 2.0], &[-1.0, 0.5]);
        check(Scaling::Robust, &[0.0, 1.0, 2.0, 3.0, 4.0], &[-1.0, -0.5, 0.0, 0.5, 1.0]);
    }

    #[test]
    fn equal_numbers_are_only_moved() {
        for scaling in [Scaling::Standard, Scaling::MinMax, Scaling::Robust] {
            check(scaling, &[0.5, 0.5, 0.5], &[0.0; 3]);
        }
        check(Scaling::MaxAbs, &[0.0], &[0.0]);
    }
}
