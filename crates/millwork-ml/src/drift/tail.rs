//! Tails of distributions: the probabilities of values that large.

use std::f64::consts::PI;

/// Terms of a series or fraction at most; it takes a few dozen, or about the root of the argument.
const MOST_TERMS: usize = 100_000;

/// The probability that a chi-square variable is above `statistic`: the regularized upper incomplete gamma function
/// Q(df / 2, statistic / 2).
pub(super) fn chi_square_tail(statistic: f64, degrees_of_freedom: usize) -> f64 {
    let (shape, bound) = (degrees_of_freedom as f64 / 2.0, statistic / 2.0);
    if bound <= 0.0 || shape <= 0.0 {
        return 1.0;
    }
    let scale = (shape * bound.ln() - bound - libm::lgamma(shape)).exp();
    let tail = if bound < shape + 1.0 {
        1.0 - scale * lower_series(shape, bound)
    } else {
        scale * upper_fraction(shape, bound)
    };
    tail.clamp(0.0, 1.0)
}

/// The lower incomplete gamma function over `bound^shape e^-bound`, as a series (DLMF 8.11.4).
fn lower_series(shape: f64, bound: f64) -> f64 {
    let (mut term, mut sum) = (1.0 / shape, 1.0 / shape);
    for step in 1..MOST_TERMS {
        term *= bound / (shape + step as f64);
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum
}

/// The upper incomplete gamma function over `bound^shape e^-bound`, as a continued fraction (DLMF 8.9.2, by Lentz's method).
fn upper_fraction(shape: f64, bound: f64) -> f64 {
    let mut denominator = bound + 1.0 - shape;
    let (mut above, mut below) = (1.0 / f64::MIN_POSITIVE, 1.0 / denominator);
    let mut fraction = below;
    for step in 1..MOST_TERMS {
        let numerator = -(step as f64) * (step as f64 - shape);
        denominator += 2.0;
        let away_from_zero =
            |number: f64| if number.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { number };
        below = 1.0 / away_from_zero(numerator * below + denominator);
        above = away_from_zero(denominator + numerator / above);
        let change = above * below;
        fraction *= change;
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    fraction
}

/// The probability that Kolmogorov's limiting variable is above `statistic`: 2 Σ (-1)^(k-1) e^(-2 k² s²), and below 1,
/// where that converges slowly, 1 - √(2π) / s Σ e^(-(2k - 1)² π² / (8 s²)) (Kolmogorov, 1933).
pub(super) fn kolmogorov_tail(statistic: f64) -> f64 {
    if statistic <= 0.0 {
        return 1.0;
    }
    if statistic < 1.0 {
        let exponent = -PI * PI / (8.0 * statistic * statistic);
        let sum: f64 = (1..20).map(|k| (f64::from(2 * k - 1).powi(2) * exponent).exp()).sum();
        return 1.0 - (2.0 * PI).sqrt() / statistic * sum;
    }
    let sign = |k: i32| if k % 2 == 1 { 1.0 } else { -1.0 };
    2.0 * (1..20).map(|k| sign(k) * (-2.0 * f64::from(k * k) * statistic * statistic).exp()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected, "{found} is not {expected}");
    }

    #[test]
    fn tails_are_those_of_closed_forms() {
        for statistic in [0.01, 0.5, 3.0, 20.0, 400.0] {
            check(chi_square_tail(statistic, 2), (-statistic / 2.0).exp());
            check(chi_square_tail(statistic, 4), (-statistic / 2.0).exp() * (1.0 + statistic / 2.0));
            check(chi_square_tail(statistic, 1), libm::erfc((statistic / 2.0).sqrt()));
        }
        assert_eq!(
            (chi_square_tail(0.0, 3), chi_square_tail(5.0, 0), chi_square_tail(1e6, 3)),
            (1.0, 1.0, 0.0)
        );
    }

    #[test]
    fn both_series_of_kolmogorov_agree() {
        let left = kolmogorov_tail(1.0 - 1e-12);
        assert!((left - kolmogorov_tail(1.0)).abs() < 1e-11, "{left}");
        assert_eq!((kolmogorov_tail(0.0), kolmogorov_tail(0.05)), (1.0, 1.0));
    }
}
