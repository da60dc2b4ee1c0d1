//! One line of cron, and the numbers that its fields allow.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time, date};
use serde::{Deserialize, Serialize};

use crate::timetable::ScheduleError;

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
    /// Whether the line is for recurring work within the day: its minute or its hour is a wildcard. It then follows
    /// the clock as it is shown, also when clocks change; other lines are for certain times of a day.
    pub(super) fn repeats(&self) -> bool {
        self.minute.wildcard || self.hour.wildcard
    }

    /// Whether it comes at midnight only, so that a date names a tick.
    pub(crate) fn is_at_midnight(&self) -> bool {
        self.minutes(0) == 1 && (1..24).all(|hour| self.minutes(hour) == 0)
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

    /// The days of a month at which the line comes: bit 1 is the first. 0 if the line leaves the month out.
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

/// Counts the months that are searched, so that a test can measure the cost of a search.
#[cfg(test)]
pub(super) mod steps {
    use std::cell::Cell;

    thread_local!(static STEPS: Cell<usize> = const { Cell::new(0) });

    pub(super) fn count() {
        STEPS.set(STEPS.get() + 1);
    }

    /// The number of months searched since the last call.
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

/// The numbers that a field allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    /// A bit per number.
    numbers: u64,
    /// Whether it begins with `*`, which decides how the two day fields go together.
    starred: bool,
    /// Whether it is for the whole of its range, with or without a step: `*`, `*/10`, `0-23`, or every number. A step
    /// that leaves one number is that number.
    wildcard: bool,
    /// Whether the last day of the month is in it.
    last_day: bool,
}

/// What a field may hold.
#[derive(Debug)]
struct Kind {
    name: &'static str,
    first: u8,
    last: u8,
    /// Names of the numbers from `first` on.
    names: &'static [&'static str],
    /// Whether `L` is the last day of the month.
    has_last_day: bool,
}

const MINUTE: Kind = Kind { name: "minute", first: 0, last: 59, names: &[], has_last_day: false };
const HOUR: Kind = Kind { name: "hour", first: 0, last: 23, names: &[], has_last_day: false };
const DAY: Kind = Kind { name: "day of the month", first: 1, last: 31, names: &[], has_last_day: true };
const MONTH: Kind = Kind {
    name: "month",
    first: 1,
    last: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    has_last_day: false,
};
/// Sunday is 0, and 7 as well.
const WEEKDAY: Kind = Kind {
    name: "day of the week",
    first: 0,
    last: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    has_last_day: false,
};

impl Field {
    /// Reads a list of numbers, ranges and steps; the part that is not understood is the error.
    fn parse<'a>(text: &'a str, kind: &Kind) -> Result<Self, &'a str> {
        let (mut numbers, mut whole, mut last_day) = (0_u64, false, false);
        for part in text.split(',') {
            if kind.has_last_day && part.eq_ignore_ascii_case("l") {
                last_day = true;
                continue;
            }
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, step.parse().ok().filter(|&step| step > 0).ok_or(part)?),
                None => (part, 1),
            };
            let (first, last) = match range.split_once('-') {
                _ if range == "*" => (kind.first, kind.last),
                Some((first, last)) => (kind.number(first).ok_or(part)?, kind.number(last).ok_or(part)?),
                // A step without a range extends to the end.
                None if part.contains('/') => (kind.number(range).ok_or(part)?, kind.last),
                None => kind.number(range).map(|number| (number, number)).ok_or(part)?,
            };
            if first > last {
                return Err(part);
            }
            whole |= (first, last) == (kind.first, kind.last);
            (first..=last).step_by(step).for_each(|number| numbers |= 1_u64 << number);
        }
        if kind.last == 7 && numbers & 1 << 7 != 0 {
            numbers = (numbers | 1) & !(1 << 7);
        }
        let count = numbers.count_ones();
        let wildcard = count > 1 && (whole || count == u32::from(kind.last - kind.first) + 1);
        Ok(Self { numbers, starred: text.starts_with('*'), wildcard, last_day })
    }

    /// The numbers, a bit for each.
    fn numbers(self) -> u64 {
        self.numbers
    }
}

impl Kind {
    fn number(&self, text: &str) -> Option<u8> {
        let lower = text.to_ascii_lowercase();
        let named = self.names.iter().position(|name| *name == lower).map(|place| self.first + place as u8);
        let digits = || text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        named.or_else(digits).filter(|number| (self.first..=self.last).contains(number))
    }

    /// What a part of the field may be.
    fn hint(&self) -> String {
        let names = match self.names {
            [] => String::new(),
            names => format!(" or a name from `{}` to `{}`", names[0], names[names.len() - 1]),
        };
        let last_day = if self.has_last_day { ", `L` for the last day of the month" } else { "" };
        format!(
            "a number from {} to {}{names}, a range such as `1-5`, a step such as `*/2`{last_day}, or several with commas",
            self.first, self.last
        )
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

    fn check(text: &str, kind: &Kind, expected: Result<&[u32], &str>) {
        let numbers = |field: Field| (0..64).filter(|number| field.numbers & 1 << number != 0).collect();
        let found: Result<Vec<u32>, &str> = Field::parse(text, kind).map(numbers);
        assert_eq!(found.as_deref().map_err(|part| *part), expected, "{text}");
    }

    #[test]
    fn a_field_is_a_list_of_numbers_ranges_and_steps() {
        check("5,1-3,*/30", &MINUTE, Ok(&[0, 1, 2, 3, 5, 30]));
        check("20/15", &MINUTE, Ok(&[20, 35, 50]));
        check("8-17/4", &HOUR, Ok(&[8, 12, 16]));
        check("Jan,DEC", &MONTH, Ok(&[1, 12]));
        check("mon-fri", &WEEKDAY, Ok(&[1, 2, 3, 4, 5]));
        check("5-7", &WEEKDAY, Ok(&[0, 5, 6]));
        check("0,7", &WEEKDAY, Ok(&[0]));
        check("1,L", &DAY, Ok(&[1]));
    }

    #[test]
    fn a_wildcard_is_for_the_whole_range() {
        for (text, kind, expected) in [
            ("*", &MINUTE, true),
            ("*/10", &MINUTE, true),
            ("0-59", &MINUTE, true),
            ("0/15", &MINUTE, true),
            ("5,*/20", &MINUTE, true),
            ("0-23/2", &HOUR, true),
            ("0-11,12-23", &HOUR, true),
            ("*/24", &HOUR, false),
            ("1-4", &HOUR, false),
            ("0,12", &HOUR, false),
            ("5/10", &MINUTE, false),
        ] {
            assert_eq!(Field::parse(text, kind).map(|field| field.wildcard), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, kind, part) in [
            ("60", &MINUTE, "60"),
            ("1,x", &MINUTE, "x"),
            ("", &HOUR, ""),
            ("1,,2", &HOUR, ""),
            ("*/0", &HOUR, "*/0"),
            ("5-3", &HOUR, "5-3"),
            ("0", &DAY, "0"),
            ("+1", &DAY, "+1"),
            ("mon", &MONTH, "mon"),
            ("L", &HOUR, "L"),
            ("5L", &WEEKDAY, "5L"),
            ("L-3", &DAY, "L-3"),
            ("1-L", &DAY, "1-L"),
            ("15W", &DAY, "15W"),
            ("1-2-3", &DAY, "1-2-3"),
        ] {
            check(text, kind, Err(part));
        }
    }
}
