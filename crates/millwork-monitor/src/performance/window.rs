//! Windows of time: hours, and days, weeks and months of a time zone.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::MonitorError;

/// How long a window is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowLength {
    /// An hour of UTC.
    Hour,
    /// A day of the time zone; 23 or 25 hours where its clocks change.
    #[default]
    Day,
    /// A week of the time zone, which begins on Monday.
    Week,
    /// A month of the time zone.
    Month,
}

const HOUR: i64 = 3_600_000_000;

/// The windows of a length and a time zone.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    length: WindowLength,
    zone: TimeZone,
}

/// A window, in microseconds since 1970: from its start to before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Window {
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Windows {
    pub(super) fn new(length: WindowLength, zone: &str) -> Result<Self, MonitorError> {
        let unknown = |_| MonitorError::Setting {
            setting: "time_zone",
            problem: format!("there is no time zone `{zone}`"),
        };
        Ok(Self { length, zone: TimeZone::get(zone).map_err(unknown)? })
    }

    /// The window in which a time lies.
    pub(super) fn of(&self, at: i64) -> Result<Window, MonitorError> {
        let outside = |_| MonitorError::Time { microseconds: at };
        let zoned = Timestamp::from_microsecond(at).map_err(outside)?.to_zoned(self.zone.clone());
        let date = zoned.date();
        let (first, next) = match self.length {
            WindowLength::Hour => {
                let start = at.div_euclid(HOUR) * HOUR;
                return Ok(Window { start, end: start + HOUR });
            }
            WindowLength::Day => (date, date.tomorrow().map_err(outside)?),
            WindowLength::Week => {
                let days = i64::from(date.weekday().to_monday_zero_offset());
                let monday = date.checked_sub(days.days()).map_err(outside)?;
                (monday, monday.checked_add(7.days()).map_err(outside)?)
            }
            WindowLength::Month => (date.first_of_month(), date.last_of_month().tomorrow().map_err(outside)?),
        };
        let begins = |date: Date| -> Result<i64, MonitorError> {
            Ok(date.to_zoned(self.zone.clone()).map_err(outside)?.timestamp().as_microsecond())
        };
        Ok(Window { start: begins(first)?, end: begins(next)? })
    }
}

/// Windows that were found, so that the calendar is asked once for each.
pub(super) struct KnownWindows<'a> {
    windows: &'a Windows,
    known: BTreeMap<i64, i64>,
    last: Window,
}

impl<'a> KnownWindows<'a> {
    pub(super) fn new(windows: &'a Windows) -> Self {
        Self { windows, known: BTreeMap::new(), last: Window { start: 0, end: 0 } }
    }

    pub(super) fn of(&mut self, at: i64) -> Result<Window, MonitorError> {
        if !(self.last.start..self.last.end).contains(&at) {
            let known = self.known.range(..=at).next_back().filter(|(_, end)| at < **end);
            self.last = match known {
                Some((&start, &end)) => Window { start, end },
                None => self.windows.of(at)?,
            };
            self.known.insert(self.last.start, self.last.end);
        }
        Ok(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(length: WindowLength, zone: &str, at: &str, expected: (&str, &str)) {
        let micros = |text: &str| text.parse::<Timestamp>().expect("a time").as_microsecond();
        let window = Windows::new(length, zone).expect("a zone").of(micros(at)).expect("a window");
        assert_eq!((window.start, window.end), (micros(expected.0), micros(expected.1)), "{at} {zone}");
    }

    #[test]
    fn windows_follow_the_calendar() {
        use WindowLength::{Day, Hour, Month, Week};
        check(Day, "UTC", "2026-03-01T00:00:00Z", ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"));
        check(Day, "UTC", "2026-03-01T23:59:59.999999Z", ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"));
        let changed = ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
        check(Day, "Europe/Berlin", "2026-03-29T21:59:59Z", changed);
        let changed = ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
        check(Day, "Europe/Berlin", "2026-10-25T00:30:00Z", changed);
        check(Hour, "Asia/Kolkata", "1969-12-31T23:59:59Z", ("1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"));
        check(Week, "UTC", "2026-11-29T12:00:00Z", ("2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"));
        check(Month, "UTC", "2024-02-29T12:00:00Z", ("2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"));
    }

    #[test]
    fn times_at_the_end_of_the_calendar_are_errors() {
        let windows = Windows::new(WindowLength::Month, "UTC").expect("a zone");
        for at in [Timestamp::MIN, Timestamp::MAX] {
            let _ = windows.of(at.as_microsecond());
        }
        assert!(windows.of(i64::MAX).is_err());
    }
}
