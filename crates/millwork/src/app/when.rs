//! Moments, durations and sizes as text.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use millwork_core::clock;

/// A moment in the local time zone.
pub(super) fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Reads a moment: an instant such as `2026-05-01T00:00:00Z`, or a time or a date alone in the local time zone.
pub(super) fn read_moment(text: &str) -> Result<Timestamp, String> {
    read_moment_in(text, TimeZone::system())
}

fn read_moment_in(text: &str, zone: TimeZone) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let local: DateTime =
        text.parse().map_err(|_| "write a date or a time, as in 2026-05-01 or 2026-05-01T00:00:00Z")?;
    local.to_zoned(zone).map(|at| at.timestamp()).map_err(|error| error.to_string())
}

/// A duration with about three digits.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        _ if seconds < 0.001 => format!("{} µs", duration.as_micros()),
        _ if seconds < 1.0 => format!("{} ms", duration.as_millis()),
        _ if seconds < 60.0 => format!("{seconds:.1} s"),
        _ if seconds < 3600.0 => format!("{} min {:02} s", seconds as u64 / 60, seconds as u64 % 60),
        _ if seconds < DAY => format!("{} h {:02} min", seconds as u64 / 3600, seconds as u64 / 60 % 60),
        _ => format!("{} d {:02} h", seconds as u64 / DAY as u64, seconds as u64 / 3600 % 24),
    }
}

/// The seconds of a day.
const DAY: f64 = 86_400.0;

/// The time between two moments; unknown where the clock was set back between them.
pub(super) fn between(from: Timestamp, to: Timestamp) -> String {
    clock::between(from, to).map_or_else(|| "unknown (clock set back)".to_owned(), duration)
}

/// How old something is.
pub(super) fn age(made: Timestamp, now: Timestamp) -> String {
    match clock::between(made, now) {
        Some(age) => format!("{} old", duration(age)),
        None => "of unknown age (the clock was set back)".to_owned(),
    }
}

/// A number of bytes with about three digits.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1000.0;
    let mut unit = 0;
    while size >= 1000.0 && unit < UNITS.len() - 1 {
        size /= 1000.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        let zone = || TimeZone::get("Europe/Berlin").expect("a zone");
        for (text, expected) in [
            ("2026-05-01T00:00:00Z", "2026-05-01T00:00:00Z"),
            ("2026-05-01T00:00:00+05:00", "2026-04-30T19:00:00Z"),
            ("2026-05-01", "2026-04-30T22:00:00Z"),
            ("2026-05-01T10:00", "2026-05-01T08:00:00Z"),
            ("2026-05-01 10:00:30", "2026-05-01T08:00:30Z"),
        ] {
            let read = read_moment_in(text, zone()).map(|at| at.to_string());
            assert_eq!(read.as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01"] {
            let expected = "write a date or a time, as in 2026-05-01 or 2026-05-01T00:00:00Z";
            assert_eq!(read_moment_in(text, zone()).map_err(|error| error == expected), Err(true), "{text}");
        }
    }

    #[test]
    fn in_words() {
        let durations = [
            (0.000_5, "500 µs"),
            (0.25, "250 ms"),
            (2.0, "2.0 s"),
            (61.0, "1 min 01 s"),
            (3700.0, "1 h 01 min"),
            (86_399.0, "23 h 59 min"),
            (365.0 * 86_400.0 + 7_200.0, "365 d 02 h"),
        ];
        for (seconds, words) in durations {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), words);
        }
        let (earlier, later) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + Duration::from_secs(2));
        assert_eq!(
            (between(earlier, later), between(later, earlier)),
            ("2.0 s".into(), "unknown (clock set back)".into())
        );
        assert_eq!(
            (age(earlier, later), age(later, earlier)),
            ("2.0 s old".into(), "of unknown age (the clock was set back)".into())
        );
        for (size, words) in [(999, "999 B"), (1_500, "1.5 kB"), (2_000_000_000_000_000, "2000.0 TB")] {
            assert_eq!(bytes(size), words);
        }
    }
}
