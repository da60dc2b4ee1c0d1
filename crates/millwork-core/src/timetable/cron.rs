//! One line of cron.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time, date};
use serde::{Deserialize, Serialize};

use crate::timetable::ScheduleError;
use crate::timetable::field::{DAY, Field, HOUR, Kind, MINUTE, MONTH, WEEKDAY};

/// The calendar repeats after 400 years: what doesn't come in them, never does.
const MONTHS_OF_THE_CALENDAR: usize = 400 * 12;

/// The names of usual lines.
const NAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// One line of cron: minute, hour, day of the month, month, day of the week; or a name such as `@daily`.
///
/// Fields are numbers, names (`jan`, `mon`), ranges, steps and lists of them; `L` in the day of the month is its last day.
/// As in Vixie's cron, a day is right if it suits either day field when both are restricted (don't begin with `*`).
///
/// ```
/// use millwork_core::timetable::Cron;
///
/// let cron: Cron = "30 6 * * mon-fri".parse()?;
/// assert_eq!(cron.to_string(), "30 6 * * mon-fri");
///
/// let error = "30 25 * * *".parse::<Cron>().expect_err("no such hour");
/// assert_eq!(error.to_string(), "`25` in the field hour of `30 25 * * *` is not understood");
/// # Ok::<(), millwork_core::timetable::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    text: String,
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

impl Cron {
    /// Whether the line is for something that goes on all the time: its minute or its hour is a wildcard. It then follows
    /// the clock as it is shown, also when clocks change; other lines are for certain times of a day.
    pub(super) fn repeats(&self) -> bool {
        self.minute.wildcard || self.hour.wildcard
    }

    /// The first time at `from` or after it, on a clock that never changes.
    pub(super) fn at_or_after(&self, from: DateTime) -> Option<DateTime> {
        let from = whole_minute_at_or_after(from)?;
        if self.suits(from.date())
            && let Some(time) = self.time_at_or_after(from.time())
        {
            return Some(from.date().to_datetime(time));
        }
        let date = self.day_at_or_after(from.date().tomorrow().ok()?)?;
        Some(date.to_datetime(self.time_at_or_after(Time::MIN)?))
    }

    /// The last time at `until` or before it, on a clock that never changes.
    pub(super) fn at_or_before(&self, until: DateTime) -> Option<DateTime> {
        if self.suits(until.date())
            && let Some(time) = self.time_at_or_before(until.time())
        {
            return Some(until.date().to_datetime(time));
        }
        let date = self.day_at_or_before(until.date().yesterday().ok()?)?;
        Some(date.to_datetime(self.time_at_or_before(Time::MAX)?))
    }

    /// The days of a month at which the line comes: bit 1 is the first. Nothing if the line leaves the month out.
    pub(super) fn days(&self, month: Month) -> u32 {
        steps::count();
        if self.month.numbers() & 1 << month.month == 0 {
            return 0;
        }
        let Ok(first) = Date::new(month.year, month.month, 1) else { return 0 };
        let length = first.days_in_month();
        let all = (1_u64 << (length + 1)) - 2;
        let last = if self.day.last_day { 1 << length } else { 0 };
        let days = (self.day.numbers() | last) & all;
        // Bit n is the nth day counted from a Sunday.
        let weekly = (0..6).fold(0, |weekly, week| weekly | self.weekday.numbers() << (7 * week));
        let weekdays = ((weekly >> first.weekday().to_sunday_zero_offset()) << 1) & all;
        let together =
            if self.day.starred || self.weekday.starred { days & weekdays } else { days | weekdays };
        together as u32
    }

    /// The minutes of an hour at which the line comes: bit 0 is the first.
    pub(super) fn minutes(&self, hour: i8) -> u64 {
        if self.hour.numbers() & 1 << hour == 0 { 0 } else { self.minute.numbers() }
    }

    /// Whether the line comes at some time of a day.
    pub(super) fn suits(&self, date: Date) -> bool {
        self.days(Month::of(date)) & 1 << date.day() != 0
    }

    fn time_at_or_after(&self, time: Time) -> Option<Time> {
        let (hours, minutes) = (self.hour.numbers(), self.minute.numbers());
        if let Some(minute) = first(self.minutes(time.hour()) & !0 << time.minute()) {
            return Time::new(time.hour(), minute, 0, 0).ok();
        }
        Time::new(first(hours & !0 << (time.hour() + 1))?, first(minutes)?, 0, 0).ok()
    }

    fn time_at_or_before(&self, time: Time) -> Option<Time> {
        let (hours, minutes) = (self.hour.numbers(), self.minute.numbers());
        if let Some(minute) = last(self.minutes(time.hour()) & !(!0 << (time.minute() + 1))) {
            return Time::new(time.hour(), minute, 0, 0).ok();
        }
        Time::new(last(hours & !(!0 << time.hour()))?, last(minutes)?, 0, 0).ok()
    }

    fn day_at_or_after(&self, from: Date) -> Option<Date> {
        let mut month = Month::of(from);
        let mut days = self.days(month) & !0 << from.day();
        for _ in 0..MONTHS_OF_THE_CALENDAR {
            if let Some(day) = first(days.into()) {
                return Date::new(month.year, month.month, day).ok();
            }
            month = self.month_after(month);
            days = self.days(month);
        }
        None
    }

    fn day_at_or_before(&self, until: Date) -> Option<Date> {
        let mut month = Month::of(until);
        let mut days = u64::from(self.days(month)) & !(!0 << (until.day() + 1));
        for _ in 0..MONTHS_OF_THE_CALENDAR {
            if let Some(day) = last(days) {
                return Date::new(month.year, month.month, day).ok();
            }
            month = self.month_before(month);
            days = self.days(month).into();
        }
        None
    }

    /// The next month that the line doesn't leave out.
    fn month_after(&self, Month { year, month }: Month) -> Month {
        match first(self.month.numbers() & !0 << (month + 1)) {
            Some(month) => Month { year, month },
            None => Month { year: year + 1, month: first(self.month.numbers()).unwrap_or(1) },
        }
    }

    fn month_before(&self, Month { year, month }: Month) -> Month {
        match last(self.month.numbers() & !(!0 << month)) {
            Some(month) => Month { year, month },
            None => Month { year: year - 1, month: last(self.month.numbers()).unwrap_or(12) },
        }
    }
}

/// A month of a year. One that no calendar has, has no days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Month {
    pub(super) year: i16,
    pub(super) month: i8,
}

impl Month {
    pub(super) fn of(date: Date) -> Self {
        Self { year: date.year(), month: date.month() }
    }

    pub(super) fn next(self) -> Self {
        match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            month => Self { month: month + 1, ..self },
        }
    }
}

/// The lowest number of a set of bits.
fn first(numbers: u64) -> Option<i8> {
    (numbers != 0).then(|| numbers.trailing_zeros() as i8)
}

/// The highest number of a set of bits.
fn last(numbers: u64) -> Option<i8> {
    (numbers != 0).then(|| 63 - numbers.leading_zeros() as i8)
}

fn whole_minute_at_or_after(time: DateTime) -> Option<DateTime> {
    let begun = time.date().at(time.hour(), time.minute(), 0, 0);
    if begun == time { Some(time) } else { begun.checked_add(SignedDuration::from_mins(1)).ok() }
}

/// Counts the months that are looked at, so that a test can say what a look costs.
#[cfg(test)]
pub(super) mod steps {
    use std::cell::Cell;

    thread_local!(static STEPS: Cell<usize> = const { Cell::new(0) });

    pub(super) fn count() {
        STEPS.set(STEPS.get() + 1);
    }

    /// The months looked at since the last call.
    pub(crate) fn take() -> usize {
        STEPS.replace(0)
    }
}

#[cfg(not(test))]
mod steps {
    pub(super) fn count() {}
}

impl FromStr for Cron {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let named = NAMES.iter().find(|(name, _)| text.trim().eq_ignore_ascii_case(name));
        let line = named.map_or(text, |(_, line)| line);
        let cron = text.trim().to_owned();
        if named.is_none() && cron.starts_with('@') {
            return Err(ScheduleError::Name { cron });
        }
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(ScheduleError::Fields { cron, fields: fields.len() });
        };
        let field = |text: &str, kind: &Kind| {
            Field::parse(text, kind).map_err(|part| ScheduleError::Part {
                cron: cron.clone(),
                field: kind.name,
                part: part.to_owned(),
                hint: kind.hint(),
            })
        };
        let parsed = Self {
            minute: field(minute, &MINUTE)?,
            hour: field(hour, &HOUR)?,
            day: field(day, &DAY)?,
            month: field(month, &MONTH)?,
            weekday: field(weekday, &WEEKDAY)?,
            text: cron.clone(),
        };
        let comes = parsed.day_at_or_after(date(2000, 1, 1)).is_some();
        if comes { Ok(parsed) } else { Err(ScheduleError::Never { cron }) }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Cron {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, ScheduleError> {
        text.parse()
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> Self {
        cron.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Advice;

    #[test]
    fn what_is_no_line_is_an_error_that_says_what_one_is() {
        for (text, expected) in [
            ("", "`` has 0 fields and must have five; hint: "),
            ("* * * * * *", "`* * * * * *` has 6 fields"),
            ("@reboot", "unknown name `@reboot`; hint: `@hourly`"),
            ("0 0 30 2 *", "`0 0 30 2 *` never comes"),
            ("0 0 31 4,6,9,11 *", "`0 0 31 4,6,9,11 *` never comes"),
            ("0 0 30 2 */7", "`0 0 30 2 */7` never comes"),
            ("0 0 * * fry", "`fry` in the field day of the week of `0 0 * * fry` is not understood; hint: "),
        ] {
            let error = text.parse::<Cron>().expect_err(text).one_line();
            assert!(error.starts_with(expected), "{error}");
        }
        for text in ["0 0 29 2 *", "0 0 29 2 */7", "0 0 30 2 mon", "0 0 L 2 *", " @Daily ", "*/5\t* * * *"] {
            assert!(text.parse::<Cron>().is_ok(), "{text}");
        }
    }
}
