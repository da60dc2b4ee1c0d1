//! Quantiles of numbers, to the last bit as NumPy's `percentile`: an edge decides which bin a row falls into.

/// `parts + 1` equally spaced numbers from 0 to 1, as NumPy's `linspace`.
pub(super) fn equally_spaced(parts: usize) -> Vec<f64> {
    let step = 1.0 / parts as f64;
    (0..=parts).map(|part| if part == parts { 1.0 } else { part as f64 * step }).collect()
}

/// The quantile at a share from 0 to 1 of ascending numbers, interpolated linearly (definition 7 of Hyndman and Fan,
/// "Sample quantiles in statistical packages", 1996).
pub(super) fn quantile(ascending: &[f64], share: f64) -> f64 {
    let last = ascending.len() - 1;
    // There, shares become percentages and shares again.
    let place = last as f64 * ((share * 100.0) / 100.0);
    let before = place.floor();
    if before as usize >= last {
        return ascending[last];
    }
    let (low, high, part) = (ascending[before as usize], ascending[before as usize + 1], place - before);
    // From the nearer side, so that the ends are met exactly.
    if part >= 0.5 { high - (high - low) * (1.0 - part) } else { low + (high - low) * part }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_numbers() {
        let numbers = [1.0, 2.0, 4.0];
        let found = [0.0, 0.25, 0.5, 0.75, 0.875, 1.0].map(|share| quantile(&numbers, share));
        assert_eq!(found, [1.0, 1.5, 2.0, 3.0, 3.5, 4.0]);
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
        assert_eq!(equally_spaced(3), [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    }
}
