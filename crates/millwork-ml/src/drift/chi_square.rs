//! The chi-square test of homogeneity.

use serde::{Deserialize, Serialize};

use crate::drift::DriftError;
use crate::drift::error::check_counts;
use crate::drift::tail::chi_square_tail;

/// A chi-square test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
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
