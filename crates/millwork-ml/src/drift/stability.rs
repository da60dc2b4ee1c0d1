//! The population stability index.

use crate::drift::DriftError;
use crate::drift::error::check_counts;

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
