//! Numbers as text with few digits, and their range.

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

/// Numbers beyond count as these: with them, no difference of two is infinite.
const FARTHEST: f64 = f64::MAX / 8.0;

/// The lowest and the highest finite number, apart from each other: an axis from one to the other has room for all of them. Their
/// difference is finite; where there is no finite number, it is 0 to 1.
pub fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
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
}
