//! Quantiles of labels, as XGBoost takes them.

use rayon::prelude::*;

/// The quantile of values, interpolated between the two around the place `quantile * (n + 1)` (NIST's Engineering Statistics
/// Handbook, 7.2.6.2). `None` without values.
pub(super) fn quantile(mut values: Vec<f32>, quantile: f64) -> Option<f32> {
    let count = values.len() as f64;
    let last = values.len().checked_sub(1)?;
    let mut at = |place: usize| *values.select_nth_unstable_by(place, f32::total_cmp).1;
    if quantile <= 1.0 / (count + 1.0) {
        return Some(at(0));
    }
    if quantile >= count / (count + 1.0) {
        return Some(at(last));
    }
    let place = quantile * (count + 1.0);
    let below = place.floor() - 1.0;
    let (low, high) = (at(below as usize), at((below as usize + 1).min(last)));
    Some((f64::from(low) + (place - 1.0 - below) * f64::from(high - low)) as f32)
}

/// The first of the values, ascending, up to which their weights add up to `quantile` times all weights. `None` without values.
pub(super) fn weighted_quantile(mut values: Vec<(f32, f32)>, quantile: f64) -> Option<f32> {
    values.par_sort_by(|(left, _), (right, _)| left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal));
    let mut sum = 0.0;
    let sums: Vec<f32> = values
        .iter()
        .map(|(_, weight)| {
            sum += weight;
            sum
        })
        .collect();
    let enough = (f64::from(sum) * quantile) as f32;
    let place = sums.partition_point(|&sum| sum < enough).min(values.len().checked_sub(1)?);
    Some(values[place].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f32], at: f64, expected: Option<f32>) {
        assert_eq!(quantile(values.to_vec(), at), expected, "{at} of {values:?}");
    }

    #[test]
    fn quantiles_are_interpolated() {
        check(&[], 0.5, None);
        check(&[3.0], 0.9, Some(3.0));
        check(&[4.0, 1.0], 0.5, Some(2.5));
        check(&[3.0, 1.0, 2.0], 0.5, Some(2.0));
        check(&[4.0, 3.0, 2.0, 1.0], 0.5, Some(2.5));
        check(&[4.0, 3.0, 2.0, 1.0], 0.1, Some(1.0));
        check(&[4.0, 3.0, 2.0, 1.0], 0.9, Some(4.0));
        check(&[4.0, 3.0, 2.0, 1.0], 0.3, Some(1.5));
    }

    #[test]
    fn weighted_quantiles_are_values() {
        let check = |values: &[(f32, f32)], at, expected| {
            assert_eq!(weighted_quantile(values.to_vec(), at), expected, "{at} of {values:?}");
        };
        check(&[], 0.5, None);
        check(&[(2.0, 1.0), (1.0, 1.0)], 0.5, Some(1.0));
        check(&[(2.0, 3.0), (1.0, 1.0)], 0.5, Some(2.0));
        check(&[(2.0, 0.0), (1.0, 0.0)], 0.5, Some(1.0));
    }
}
