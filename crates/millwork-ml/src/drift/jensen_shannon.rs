//! The Jensen–Shannon distance.

use crate::drift::DriftError;
use crate::drift::error::check_counts;

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
