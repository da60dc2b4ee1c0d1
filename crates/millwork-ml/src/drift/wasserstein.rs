//! The Wasserstein distance.

use crate::drift::DriftError;
use crate::drift::error::sorted;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_far_apart_are_numbers() {
        let wide = [-1e308, 1e308];
        assert_eq!(wasserstein_distance(&wide, &wide), Ok(0.0));
        assert_eq!(wasserstein_distance(&wide, &[1e308, 1e308]), Ok(1e308));
    }
}
