//! One line of cron.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::schedule::ScheduleError;
use crate::schedule::field::{DAY, Field, HOUR, Kind, MINUTE, MONTH, WEEKDAY};

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
/// Fields are numbers, names (`jan`, `mon`), ranges, steps and lists of them. As in Vixie's cron, a day is right if it
/// suits either day field when both are restricted (don't begin with `*`).
///
/// ```
/// use millwork_core::schedule::Cron;
///
/// let cron: Cron = "30 6 * * mon-fri".parse()?;
/// assert_eq!(cron.to_string(), "30 6 * * mon-fri");
///
/// let error = "30 25 * * *".parse::<Cron>().expect_err("no such hour");
/// assert!(error.to_string().starts_with("`25` in the field hour of `30 25 * * *` is not understood; hint: "));
/// # Ok::<(), millwork_core::schedule::ScheduleError>(())
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
    /// Whether the line comes at some time of a day.
    pub(super) fn suits(&self, date: Date) -> bool {
        let day = self.day.has(date.day());
        let weekday = self.weekday.has(date.weekday().to_sunday_zero_offset());
        let suits = if self.day.wildcard || self.weekday.wildcard { day && weekday } else { day || weekday };
        suits && self.month.has(date.month())
    }

    /// The times of an hour at which the line comes.
    pub(super) fn times(&self, hour: i8) -> impl Iterator<Item = Time> + '_ {
        let hours = self.hour.has(hour).then_some(hour);
        let minutes =
            move |hour| self.minute.iter().filter_map(move |minute| Time::new(hour, minute, 0, 0).ok());
        hours.into_iter().flat_map(minutes)
    }

    /// Whether the line comes in every hour, so that an hour that happens twice has it twice.
    pub(super) fn is_hourly(&self) -> bool {
        self.hour.wildcard
    }

    /// Whether a month has a day that suits.
    fn comes(&self) -> bool {
        let most = |month| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let some_day = |month| self.day.iter().any(|day| day <= most(month));
        let any_weekday = !self.day.wildcard && !self.weekday.wildcard;
        any_weekday || self.month.iter().any(some_day)
    }
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
        if parsed.comes() { Ok(parsed) } else { Err(ScheduleError::Never { cron }) }
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

    #[test]
    fn what_is_no_line_is_an_error_that_says_what_one_is() {
        for (text, expected) in [
            ("", "`` has 0 fields and must have five; hint: "),
            ("* * * * * *", "`* * * * * *` has 6 fields"),
            ("@reboot", "unknown name `@reboot`; hint: `@hourly`"),
            ("0 0 30 2 *", "`0 0 30 2 *` never comes"),
            ("0 0 31 4,6,9,11 *", "`0 0 31 4,6,9,11 *` never comes"),
            ("0 0 * * fry", "`fry` in the field day of the week of `0 0 * * fry` is not understood; hint: "),
        ] {
            let error = text.parse::<Cron>().expect_err(text).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        for text in ["0 0 29 2 *", "0 0 30 2 mon", " @Daily ", "*/5\t* * * *"] {
            assert!(text.parse::<Cron>().is_ok(), "{text}");
        }
    }
}
