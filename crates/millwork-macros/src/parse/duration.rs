//! Durations as people write them: `500ms`, `30s`, `5m`, `2h`.

use std::time::Duration;

/// Reads a whole number and its unit.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let milliseconds_per_unit = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(not_a_duration(text)),
    };
    let number: u64 = number.parse().map_err(|_| not_a_duration(text))?;
    let milliseconds = number.checked_mul(milliseconds_per_unit).filter(|milliseconds| *milliseconds > 0);
    milliseconds.map(Duration::from_millis).ok_or_else(|| not_a_duration(text))
}

fn not_a_duration(text: &str) -> String {
    format!("`{text}` is not a duration; hint: write a number and a unit, as in `500ms`, `30s`, `5m` or `2h`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, milliseconds: Option<u64>) {
        assert_eq!(parse_duration(text).ok(), milliseconds.map(Duration::from_millis), "{text:?}");
    }

    #[test]
    fn durations() {
        check("500ms", Some(500));
        check("30s", Some(30_000));
        check("5m", Some(300_000));
        check("5 m", Some(300_000));
        check("2h", Some(7_200_000));
        check("1d", Some(86_400_000));
        check("", None);
        check("s", None);
        check("30", None);
        check("0s", None);
        check("-1s", None);
        check("1.5h", None);
        check("1h30m", None);
        check("18446744073709551615d", None);
    }
}
