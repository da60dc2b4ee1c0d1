//! The labels of an axis.

use millwork_core::asset::plot::range;

/// Round numbers that cover a range, close to a wanted count, and the range that they span.
pub(super) fn ticks(low: f64, high: f64, about: usize) -> Vec<f64> {
    let (low, high) = range([low, high].into_iter());
    let raw = (high - low) / about.max(1) as f64;
    let power = 10_f64.powf(raw.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= raw * 0.999);
    let step = step.unwrap_or(raw);
    let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
    let count = ((last - first) as usize).min(50);
    // Zero is written as 0 and not as what is left of a subtraction.
    (0..=count)
        .map(|index| (first + index as f64) * step)
        .map(|tick| if tick.abs() < step * 1e-6 { 0.0 } else { tick })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        for (low, high, expected) in [
            (0.0, 1.0, &[0.0, 0.25, 0.5, 0.75, 1.0][..]),
            (11.03, 13.99, &[11.0, 12.0, 13.0, 14.0]),
            (-0.3, 0.4, &[-0.4, -0.2, 0.0, 0.2, 0.4]),
            (5.0, 5.0, &[4.5, 4.75, 5.0, 5.25, 5.5]),
        ] {
            let found = ticks(low, high, 4);
            let is_close = |(one, other): (&f64, &f64)| (one - other).abs() < 1e-9;
            assert!(
                found.len() == expected.len() && found.iter().zip(expected).all(is_close),
                "{low} to {high}: {found:?}"
            );
        }
        for (low, high) in
            [(f64::NAN, 1.0), (f64::NEG_INFINITY, f64::INFINITY), (f64::MIN, f64::MAX), (1e300, 1e300)]
        {
            assert!(ticks(low, high, 4).iter().all(|tick| tick.is_finite()), "{low} to {high}");
        }
    }
}
