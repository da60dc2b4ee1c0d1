//! The labels of windows: a format of their starts, written and read.

use jiff::civil::{Date, DateTime, ISOWeekDate, Weekday};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::{ToSpan, Zoned};

use crate::problem::Problem;

/// A format of labels, with the conversions of `strftime`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LabelFormat(String);

impl LabelFormat {
    pub(super) fn new(format: impl Into<String>) -> Self {
        Self(format.into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The start of a window as the format says, without what tells a repeated hour from the one before. A format that was
    /// checked writes every instant.
    pub(super) fn plain(&self, start: &Zoned) -> String {
        strtime::format(&self.0, start).unwrap_or_else(|_| start.timestamp().to_string())
    }

    /// The span of a clock in which windows with this plain label can start, its end excluded; `None` if it isn't a label.
    pub(super) fn period(&self, plain: &str) -> Option<(DateTime, DateTime)> {
        let parts = strtime::parse(&self.0, plain).ok()?;
        let (first, end) = days(&parts)?;
        let is_one_day = first.tomorrow().ok() == Some(end);
        let Some(hour) = parts.hour().filter(|_| is_one_day) else {
            return Some((first.at(0, 0, 0, 0), end.at(0, 0, 0, 0)));
        };
        let begin = DateTime::from_parts(
            first,
            jiff::civil::Time::new(hour, parts.minute().unwrap_or(0), 0, 0).ok()?,
        );
        let length = if parts.minute().is_some() { 1.minute() } else { 1.hour() };
        Some((begin, begin.checked_add(length).ok()?))
    }

    /// Why no window can be labelled so, whatever the windows; `None` if they may.
    pub(super) fn problem(&self, sample: &Zoned) -> Option<Problem> {
        const HINT: &str =
            "write the parts of the start with the year first, as in `%Y-%m-%d` or `%Y-%m-%d-%H:%M`";
        let format = &self.0;
        let message = match strtime::format(format, sample) {
            Err(error) => format!("the label format `{format}` is not understood: {error}"),
            Ok(label) if label.is_empty() => "the label format is empty".to_owned(),
            Ok(label) if strtime::parse(format, &label).is_err() => {
                format!("the label format `{format}` has a part that can be written but not read")
            }
            Ok(label) if self.period(&label).is_none() => {
                format!("the label format `{format}` doesn't say which year it is")
            }
            Ok(_) if format.contains("%y") || format.contains("%g") => {
                format!("the label format `{format}` has a year of two digits, which is one of several")
            }
            Ok(_) => return None,
        };
        Some(Problem::new(message).with_hint(HINT))
    }
}

/// The days that a label names, the end excluded.
fn days(parts: &BrokenDownTime) -> Option<(Date, Date)> {
    if let Ok(date) = parts.to_date() {
        return Some((date, date.tomorrow().ok()?));
    }
    if parts.day().is_some() {
        // There is no such day.
        return None;
    }
    if let (Some(year), Some(week)) = (parts.iso_week_year(), parts.iso_week()) {
        let first = ISOWeekDate::new(year, week, Weekday::Monday).ok()?.date();
        return Some((first, first.checked_add(1.week()).ok()?));
    }
    let year = parts.year()?;
    let (first, length) = match parts.month() {
        Some(month) => (Date::new(year, month, 1).ok()?, 1.month()),
        None => (Date::new(year, 1, 1).ok()?, 1.year()),
    };
    Some((first, first.checked_add(length).ok()?))
}
