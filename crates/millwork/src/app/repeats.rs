//! Errors that repeat: a daemon on a full disk fails in the same way many times a second, and says so once a minute.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// How long an error isn't said again.
const QUIET: SignedDuration = SignedDuration::from_mins(1);

/// Which errors were said, and when.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    said: HashMap<String, Said>,
}

#[derive(Debug)]
struct Said {
    at: Timestamp,
    /// How often it was left out since.
    left_out: u64,
}

impl Repeats {
    /// The text to log for an error, with the number of times that it was left out; `None` if it was logged within the last minute.
    pub(super) fn text(&mut self, error: &str, now: Timestamp) -> Option<String> {
        self.said.retain(|text, said| text == error || now.duration_since(said.at) < QUIET);
        let Some(said) = self.said.get_mut(error) else {
            self.said.insert(error.to_owned(), Said { at: now, left_out: 0 });
            return Some(error.to_owned());
        };
        // A clock that was set back would keep it quiet for long.
        if (SignedDuration::ZERO..QUIET).contains(&now.duration_since(said.at)) {
            said.left_out += 1;
            return None;
        }
        let left_out = std::mem::replace(said, Said { at: now, left_out: 0 }).left_out;
        Some(match left_out {
            0 => error.to_owned(),
            1 => format!("{error} (once more since it was said)"),
            more => format!("{error} ({more} times more since it was said)"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_said_once_a_minute() {
        let mut repeats = Repeats::default();
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let mut said = Vec::new();
        for second in 0..200 {
            let now = start + SignedDuration::from_secs(second);
            said.extend(repeats.text("the disk is full", now).map(|text| format!("{second}: {text}")));
        }
        let again = "the disk is full (59 times more since it was said)";
        let expected = [
            "0: the disk is full".to_owned(),
            format!("60: {again}"),
            format!("120: {again}"),
            format!("180: {again}"),
        ];
        assert_eq!(said, expected);
        let other = repeats.text("another error", start + SignedDuration::from_secs(200));
        assert_eq!(other.as_deref(), Some("another error"));
        assert!(
            repeats.text("the disk is full", start).is_some(),
            "a clock that was set back keeps nothing quiet"
        );
    }

    #[test]
    fn errors_that_differ_do_not_pile_up() {
        let mut repeats = Repeats::default();
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        for minute in 0..1_000 {
            let error = format!("run {minute} failed");
            assert_eq!(repeats.text(&error, start + SignedDuration::from_mins(minute)), Some(error));
        }
        assert!(repeats.said.len() <= 2, "{}", repeats.said.len());
    }
}
