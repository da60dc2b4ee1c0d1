//! One time window.

use std::fmt;
use std::hash::{Hash, Hasher};

use jiff::Timestamp;
use jiff::civil::Date;

/// A half-open interval of time, `start` included and `end` not, which is a partition of an asset.
///
/// It is the interval: two windows are equal if they begin and end together, whatever they are called. The label and the date
/// are those of the definition that it was asked of.
#[derive(Clone, Debug)]
pub struct TimeWindow {
    start: Timestamp,
    end: Timestamp,
    label: String,
    date: Date,
}

impl TimeWindow {
    pub(super) fn new(start: Timestamp, end: Timestamp, label: String, date: Date) -> Self {
        Self { start, end, label, date }
    }

    /// Its first instant.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The first instant after it.
    pub fn end(&self) -> Timestamp {
        self.end
    }

    /// Its name in its definition, such as `2024-01-01`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The day on which it starts, in the zone of its definition.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Whether an instant is in it.
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }
}

impl PartialEq for TimeWindow {
    fn eq(&self, other: &Self) -> bool {
        (self.start, self.end) == (other.start, other.end)
    }
}

impl Eq for TimeWindow {}

impl Hash for TimeWindow {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.start, self.end).hash(state);
    }
}

impl PartialOrd for TimeWindow {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By start, then by end.
impl Ord for TimeWindow {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.start, self.end).cmp(&(other.start, other.end))
    }
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.label)
    }
}
