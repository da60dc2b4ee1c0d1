//! Numbers as people write them, and where an axis is labelled.

/// A number with about five digits.
pub fn short_number(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        _ if value == 0.0 => return "0".to_owned(),
        _ if !value.is_finite() => return value.to_string(),
        _ if !(1e-4..1e7).contains(&size) => {
            let text = format!("{value:.3e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            return format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'));
        }
        _ if size < 0.1 => format!("{value:.6}"),
        _ if size < 1e3 => format!("{value:.4}"),
        _ if size < 1e5 => format!("{value:.2}"),
        _ => return format!("{value:.0}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Round numbers between two, about so many, and the range that they span: wide enough for both.
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

/// Numbers beyond are drawn here: with them, no difference of two is infinite.
const FARTHEST: f64 = f64::MAX / 8.0;

/// The lowest and the highest finite number, apart from each other.
pub(super) fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .map(|value| value.clamp(-FARTHEST, FARTHEST))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    match (low.is_finite(), high > low) {
        (false, _) => (0.0, 1.0),
        (true, true) if (high - low) > high.abs().max(low.abs()) * 1e-12 => (low, high),
        (true, _) => {
            let around = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            (low - around, low + around)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [
            (0.0, "0"),
            (5.0, "5"),
            (0.123456, "0.1235"),
            (-1234.5678, "-1234.57"),
            (0.00123456, "0.001235"),
            (615_341.04, "615341"),
            (1.5e-7, "1.5e-7"),
            (1e12, "1e12"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(short_number(value), expected);
        }
    }

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
