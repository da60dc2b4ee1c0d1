//! Measures of how far two samples are apart, each a function of the samples alone: numbers, or counts of the same bins.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::drift::DriftError;

/// A share counts as at least this: the logarithm of an empty bin's would be infinite.
const LEAST_SHARE: f64 = 1e-4;

/// How much two distributions over the same bins or categories differ: the sum of `(c - r) ln(c / r)` over the shares
/// `r` of the reference and `c` of the current sample, each at least 0.0001 (Siddiqi, "Credit Risk Scorecards", 2006, who
/// takes less than 0.1 as little and more than 0.25 as much).
///
/// ```
/// use millwork_ml::drift::population_stability_index;
///
/// assert_eq!(population_stability_index(&[10.0, 10.0], &[500.0, 500.0])?, 0.0);
/// let moved = population_stability_index(&[50.0, 50.0], &[20.0, 80.0])?;
/// assert!((moved - 0.3 * (0.8_f64 / 0.2).ln()).abs() < 1e-12);
/// # Ok::<(), millwork_ml::drift::DriftError>(())
/// ```
///
/// # Errors
///
/// When the lists of counts have different lengths, a count is negative or not finite, or a sample is empty.
pub fn population_stability_index(reference: &[f64], current: &[f64]) -> Result<f64, DriftError> {
    check_counts(reference, current)?;
    let (all_reference, all_current): (f64, f64) = (reference.iter().sum(), current.iter().sum());
    let term = |(reference, current): (&f64, &f64)| {
        let reference = (reference / all_reference).max(LEAST_SHARE);
        let current = (current / all_current).max(LEAST_SHARE);
        (current - reference) * (current / reference).ln()
    };
    Ok(reference.iter().zip(current).map(term).sum())
}

/// A two-sample Kolmogorov–Smirnov test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KolmogorovSmirnov {
    /// The largest difference of the two distribution functions, from 0 to 1.
    pub statistic: f64,
    /// The probability of a statistic that large if both samples are of one distribution.
    pub p_value: f64,
}

/// The test that two samples of numbers are of one distribution: SciPy's `ks_2samp` statistic, and the limiting
/// distribution of Kolmogorov for its p-value, which is right for some hundred rows and rougher for fewer (with
/// ten rows in each, up to two thirds too large).
///
/// # Errors
///
/// When a sample is empty, or a number is not finite.
pub fn kolmogorov_smirnov(reference: &[f64], current: &[f64]) -> Result<KolmogorovSmirnov, DriftError> {
    let [reference, current] = sorted(reference, current)?;
    let (rows, others) = (reference.len() as f64, current.len() as f64);
    let (mut below, mut others_below, mut statistic) = (0, 0, 0.0_f64);
    while below < reference.len() && others_below < current.len() {
        let number = reference[below].min(current[others_below]);
        below += reference[below..].partition_point(|&other| other <= number);
        others_below += current[others_below..].partition_point(|&other| other <= number);
        statistic = statistic.max((below as f64 / rows - others_below as f64 / others).abs());
    }
    let p_value = kolmogorov_tail((rows * others / (rows + others)).sqrt() * statistic);
    Ok(KolmogorovSmirnov { statistic, p_value })
}

/// The result of a chi-square test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChiSquare {
    /// The sum of the squared differences from the expected counts, each over the expected count.
    pub statistic: f64,
    /// One less than the number of categories that occur.
    pub degrees_of_freedom: usize,
    /// The probability of a statistic that large if both samples are of one distribution.
    pub p_value: f64,
}

/// The test that two samples, given by the counts of the same categories, are of one distribution (Pearson, 1900),
/// without a correction for continuity: SciPy's `chi2_contingency` with `correction=False`. Categories that occur in neither
/// are left out. The p-value is an approximation that asks for about five expected rows per category.
///
/// # Errors
///
/// As [`population_stability_index`](crate::drift::population_stability_index).
pub fn chi_square(reference: &[f64], current: &[f64]) -> Result<ChiSquare, DriftError> {
    check_counts(reference, current)?;
    let (all_reference, all_current): (f64, f64) = (reference.iter().sum(), current.iter().sum());
    let all = all_reference + all_current;
    let (mut statistic, mut categories) = (0.0, 0_usize);
    for (reference, current) in reference.iter().zip(current).filter(|(left, right)| *left + *right > 0.0) {
        let both = reference + current;
        for (found, of_sample) in [(reference, all_reference), (current, all_current)] {
            let expected = both * of_sample / all;
            statistic += (found - expected).powi(2) / expected;
        }
        categories += 1;
    }
    let degrees_of_freedom = categories - 1;
    let p_value = chi_square_tail(statistic, degrees_of_freedom);
    Ok(ChiSquare { statistic, degrees_of_freedom, p_value })
}

/// How far the numbers of one sample have to be moved on average to become those of the other, in their unit: the area
/// between the two distribution functions (the first Wasserstein distance; Vallender, 1974). SciPy's
/// `wasserstein_distance`.
///
/// ```
/// use millwork_ml::drift::wasserstein_distance;
///
/// assert_eq!(wasserstein_distance(&[0.0, 10.0], &[3.0, 13.0])?, 3.0);
/// # Ok::<(), millwork_ml::drift::DriftError>(())
/// ```
///
/// # Errors
///
/// When a sample is empty, or a number is not finite.
pub fn wasserstein_distance(reference: &[f64], current: &[f64]) -> Result<f64, DriftError> {
    let [reference, current] = sorted(reference, current)?;
    let (rows, others) = (reference.len() as f64, current.len() as f64);
    let (mut below, mut others_below, mut distance) = (0, 0, 0.0);
    let mut last = reference[0].min(current[0]);
    while below < reference.len() || others_below < current.len() {
        let next = |numbers: &[f64], place: usize| numbers.get(place).copied().unwrap_or(f64::INFINITY);
        let number = next(&reference, below).min(next(&current, others_below));
        // By halves, as the difference of two numbers may be above what an `f64` holds.
        let half = number / 2.0 - last / 2.0;
        distance += (below as f64 / rows - others_below as f64 / others).abs() * 2.0 * half;
        below += reference[below..].partition_point(|&other| other <= number);
        others_below += current[others_below..].partition_point(|&other| other <= number);
        last = number;
    }
    Ok(distance)
}

/// How far two distributions over the same bins or categories are apart: the root of the Jensen–Shannon divergence in
/// bits, 0 for the same and 1 for nothing in common (Endres and Schindelin, "A new metric for probability distributions",
/// 2003). SciPy's `jensenshannon` with `base=2`.
///
/// # Errors
///
/// As [`population_stability_index`](crate::drift::population_stability_index).
pub fn jensen_shannon_distance(reference: &[f64], current: &[f64]) -> Result<f64, DriftError> {
    check_counts(reference, current)?;
    let (all_reference, all_current): (f64, f64) = (reference.iter().sum(), current.iter().sum());
    let towards = |share: f64, mean: f64| if share > 0.0 { share * (share / mean).log2() } else { 0.0 };
    let term = |(reference, current): (&f64, &f64)| {
        let (reference, current) = (reference / all_reference, current / all_current);
        let mean = f64::midpoint(reference, current);
        towards(reference, mean) + towards(current, mean)
    };
    let divergence: f64 = reference.iter().zip(current).map(term).sum::<f64>() / 2.0;
    Ok(divergence.max(0.0).sqrt())
}

/// Terms of a series or fraction at most; it takes a few dozen, or about the root of the argument.
const MOST_TERMS: usize = 100_000;

/// The probability that a chi-square variable is above `statistic`: the regularized upper incomplete gamma function
/// Q(df / 2, statistic / 2).
fn chi_square_tail(statistic: f64, degrees_of_freedom: usize) -> f64 {
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
fn kolmogorov_tail(statistic: f64) -> f64 {
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

/// What the two samples are called in errors.
const SAMPLES: [&str; 2] = ["reference", "current sample"];

/// Checks counts per bin: as many, none negative, and some in each sample.
fn check_counts(reference: &[f64], current: &[f64]) -> Result<(), DriftError> {
    if reference.len() != current.len() {
        return Err(DriftError::Bins { reference: reference.len(), current: current.len() });
    }
    for (sample, counts) in SAMPLES.into_iter().zip([reference, current]) {
        if let Some(index) = counts.iter().position(|&count| !(count.is_finite() && count >= 0.0)) {
            return Err(DriftError::Number { sample, index, number: counts[index] });
        }
        if counts.iter().sum::<f64>() <= 0.0 {
            return Err(DriftError::Empty { sample });
        }
    }
    Ok(())
}

/// Checks that both samples have finite numbers, and sorts them.
fn sorted(reference: &[f64], current: &[f64]) -> Result<[Vec<f64>; 2], DriftError> {
    let mut sorted = [reference.to_vec(), current.to_vec()];
    for (sample, numbers) in SAMPLES.into_iter().zip(&mut sorted) {
        if let Some(index) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(DriftError::Number { sample, index, number: numbers[index] });
        }
        if numbers.is_empty() {
            return Err(DriftError::Empty { sample });
        }
        numbers.sort_by(f64::total_cmp);
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_far_apart_are_numbers() {
        let wide = [-1e308, 1e308];
        assert_eq!(wasserstein_distance(&wide, &wide), Ok(0.0));
        assert_eq!(wasserstein_distance(&wide, &[1e308, 1e308]), Ok(1e308));
    }

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
