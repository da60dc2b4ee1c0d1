//! Time windows as authors write them, and why a definition of them is invalid.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::Calendar;
use super::exclusions::Exclusions;
use super::label::LabelFormat;
use super::numbering::Numbering;
use crate::problem::Problem;
use crate::timetable::{Cron, ScheduleError, Timetable};

/// A start that is written, for messages.
const START_HINT: &str = "a date such as `2024-01-01`, a time such as `2024-01-01T06:00` or an instant such as `2024-01-01T06:00:00Z`";

/// The years in which windows may start, so that there are some before and after them in every calendar.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=9000;

/// More windows than that in advance are a mistake.
const LARGEST_OFFSET: u32 = 100_000;

/// Partitions by time, as written: nothing is checked until [`check`](Self::check) makes a [`Calendar`] of it.
///
/// A window lies between two ticks that follow each other. There is one for each tick at `start` or after it; with an `end`,
/// those that end by then.
///
/// ```
/// use millwork_core::partition::daily;
///
/// let days = daily("Europe/Berlin").from("2024-01-01").check()?;
/// // On the last Sunday of March the clocks go forward.
/// let day = days.window("2024-03-31")?;
/// assert_eq!(day.start().to_string(), "2024-03-30T23:00:00Z");
/// assert_eq!(day.end().to_string(), "2024-03-31T22:00:00Z");
/// # Ok::<(), millwork_core::Problem>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeWindows {
    /// How often one begins.
    pub every: Every,
    /// The time zone, by its IANA name.
    pub zone: String,
    /// Where the first begins: a date, a time of the zone or an instant. It must be given.
    pub start: Option<String>,
    /// When the last has ended, in the same forms; without it there is no last one.
    pub end: Option<String>,
    /// The number of windows that are included though they aren't over: 1 is the one in progress. Negative, the newest that are
    /// over are left out.
    pub end_offset: i32,
    /// Those that are left out.
    pub exclusions: Vec<Exclusion>,
    /// How labels are written, with the conversions of `strftime`; without it as
    /// [`default_format`](Self::default_format) says.
    pub format: Option<String>,
}

/// How often a window begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// At each full hour that the clock shows.
    Hour,
    /// At midnight.
    Day,
    /// At midnight before Sunday.
    Week,
    /// At midnight before the first of a month.
    Month,
    /// At the ticks of a line of cron.
    Cron(String),
}

/// Windows that are left out: those beside them don't grow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// Those that start at a tick of a line of cron.
    Cron(String),
    /// The one with a label.
    Window(String),
}

/// A window for each hour of a time zone.
pub fn hourly(zone: impl Into<String>) -> TimeWindows {
    TimeWindows::new(Every::Hour, zone.into())
}

/// A window for each day of a time zone, from midnight to midnight.
pub fn daily(zone: impl Into<String>) -> TimeWindows {
    TimeWindows::new(Every::Day, zone.into())
}

/// A window for each week of a time zone, from Sunday to Sunday.
pub fn weekly(zone: impl Into<String>) -> TimeWindows {
    TimeWindows::new(Every::Week, zone.into())
}

/// A window for each month of a time zone.
pub fn monthly(zone: impl Into<String>) -> TimeWindows {
    TimeWindows::new(Every::Month, zone.into())
}

/// A window between any two ticks of a line of cron in a time zone.
pub fn cron(line: impl Into<String>, zone: impl Into<String>) -> TimeWindows {
    TimeWindows::new(Every::Cron(line.into()), zone.into())
}

impl Every {
    /// The line of cron at whose ticks windows begin.
    pub fn cron(&self) -> &str {
        match self {
            Self::Hour => "0 * * * *",
            Self::Day => "0 0 * * *",
            Self::Week => "0 0 * * 0",
            Self::Month => "0 0 1 * *",
            Self::Cron(line) => line,
        }
    }

    /// What one is called, such as `a daily window`.
    pub(super) fn window(&self) -> String {
        match self {
            Self::Hour => "an hourly window".to_owned(),
            Self::Day => "a daily window".to_owned(),
            Self::Week => "a weekly window".to_owned(),
            Self::Month => "a monthly window".to_owned(),
            Self::Cron(line) => format!("a window of `{line}`"),
        }
    }

    /// What they are called, such as `daily windows`.
    pub(super) fn windows(&self) -> String {
        match self {
            Self::Hour => "hourly windows".to_owned(),
            Self::Day => "daily windows".to_owned(),
            Self::Week => "weekly windows".to_owned(),
            Self::Month => "monthly windows".to_owned(),
            Self::Cron(line) => format!("windows of `{line}`"),
        }
    }

    /// What one is called, and several of them, within a sentence about others: `day`, `days`.
    pub(super) fn nouns(&self) -> (String, String) {
        let nouns = |one: &str| (one.to_owned(), format!("{one}s"));
        match self {
            Self::Hour => nouns("hour"),
            Self::Day => nouns("day"),
            Self::Week => nouns("week"),
            Self::Month => nouns("month"),
            Self::Cron(line) => (format!("window of `{line}`"), format!("windows of `{line}`")),
        }
    }
}

impl TimeWindows {
    fn new(every: Every, zone: String) -> Self {
        Self { every, zone, start: None, end: None, end_offset: 0, exclusions: Vec::new(), format: None }
    }

    /// The windows from a date, a time or an instant on.
    #[must_use]
    pub fn from(mut self, start: impl Into<String>) -> Self {
        self.start = Some(start.into());
        self
    }

    /// The windows that end by a date, a time or an instant.
    #[must_use]
    pub fn until(mut self, end: impl Into<String>) -> Self {
        self.end = Some(end.into());
        self
    }

    /// The windows with a number of those that aren't over, or, negative, without the newest that are.
    #[must_use]
    pub fn end_offset(mut self, windows: i32) -> Self {
        self.end_offset = windows;
        self
    }

    /// The windows without those that start at a tick of a line of cron.
    #[must_use]
    pub fn except_cron(mut self, line: impl Into<String>) -> Self {
        self.exclusions.push(Exclusion::Cron(line.into()));
        self
    }

    /// The windows without those with these labels.
    #[must_use]
    pub fn except<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.exclusions.extend(labels.into_iter().map(|label| Exclusion::Window(label.into())));
        self
    }

    /// The windows with other labels, by the conversions of `strftime`, such as `%Y-%m`.
    #[must_use]
    pub fn format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into());
        self
    }

    /// How labels are written if nothing else is said: `%Y-%m-%d` for windows that begin at midnight, otherwise
    /// `%Y-%m-%d-%H:%M`.
    pub fn default_format(&self) -> &'static str {
        let is_daily = self.every.cron().parse().is_ok_and(|cron: Cron| cron.is_at_midnight());
        if is_daily { "%Y-%m-%d" } else { "%Y-%m-%d-%H:%M" }
    }

    /// Checks the definition.
    ///
    /// # Errors
    ///
    /// The first of [`problems`](Self::problems).
    pub fn check(&self) -> Result<Calendar, Problem> {
        self.calendar().map_err(|mut problems| problems.swap_remove(0))
    }

    /// All that is wrong with the definition: an unknown zone, a line of cron that isn't one or never comes, no start, an end
    /// before it, a label format with which two windows are called the same, exclusions that leave nothing.
    pub fn problems(&self) -> Vec<Problem> {
        self.calendar().err().unwrap_or_default()
    }

    /// The calendar, or at least one problem.
    pub(super) fn calendar(&self) -> Result<Calendar, Vec<Problem>> {
        let mut problems = Vec::new();
        let timetable = collect(&mut problems, self.timetable([self.every.cron()]));
        let zone = TimeZone::get(&self.zone).ok();
        // What is wrong with the zone has been said.
        let excluded = zone.as_ref().and_then(|_| collect(&mut problems, self.excluded_ticks()));
        if self.end_offset.unsigned_abs() > LARGEST_OFFSET {
            let message = format!(
                "the end offset {} is not between -{LARGEST_OFFSET} and {LARGEST_OFFSET}",
                self.end_offset
            );
            problems.push(Problem::new(message).with_hint("1 includes the window in progress"));
        }
        if self.start.is_none() {
            let problem = Problem::new("it has no start").with_hint("add one, as in `.from(\"2024-01-01\")`");
            problems.push(problem);
        }
        let (Some(timetable), Some(excluded), Some(zone), Some(start)) =
            (timetable, excluded, zone, &self.start)
        else {
            return Err(problems);
        };
        let format = LabelFormat::new(self.format.as_deref().unwrap_or_else(|| self.default_format()));
        let instant = |name: &str, text| {
            instant(text, &zone, &format).map_err(|problem| problem.within(format!("the {name} `{text}`")))
        };
        let start = collect(&mut problems, instant("start", start));
        let end = self.end.as_ref().map(|end| instant("end", end)).transpose();
        let end = collect(&mut problems, end);
        let (Some(start), Some(end)) = (start, end) else { return Err(problems) };
        problems.extend(format.problem(&start.to_zoned(zone.clone())));
        problems.extend(self.bounds_problem(&timetable, start, end));
        if !problems.is_empty() {
            return Err(problems);
        }
        let numbering = Numbering::new(timetable, before(start));
        let bounds = start..end.unwrap_or(Timestamp::MAX);
        let calendar = Calendar::new(self.clone(), numbering, zone, format, bounds);
        if self.format.is_some() {
            problems.extend(calendar.label_problem());
        }
        let numbered = |timetable| Numbering::new(timetable, before(start));
        let crons = excluded.map(|(crons, together)| (numbered(crons), numbered(together)));
        let listed = self.listed(&calendar, &mut problems);
        let calendar = calendar.with_exclusions(Exclusions { crons, listed });
        if problems.is_empty() && !self.exclusions.is_empty() && calendar.is_empty() {
            let problem = Problem::new("its exclusions leave no window").with_hint("exclude fewer of them");
            problems.push(problem);
        }
        if problems.is_empty() { Ok(calendar) } else { Err(problems) }
    }

    /// The timetable of some lines in the zone.
    fn timetable<'a>(&self, lines: impl IntoIterator<Item = &'a str>) -> Result<Timetable, Problem> {
        Timetable::new(lines, &self.zone).map_err(|error| match &error {
            ScheduleError::Never { .. } => {
                Problem::from(&error).with_hint("a window needs a day that exists, as in `0 0 1 * *`")
            }
            ScheduleError::Fields { .. }
            | ScheduleError::Name { .. }
            | ScheduleError::Part { .. }
            | ScheduleError::Empty
            | ScheduleError::Zone { .. } => Problem::from(&error),
        })
    }

    /// The ticks at which excluded windows start, and those together with all ticks.
    fn excluded_ticks(&self) -> Result<Option<(Timetable, Timetable)>, Problem> {
        let crons: Vec<&str> = self
            .exclusions
            .iter()
            .filter_map(|exclusion| match exclusion {
                Exclusion::Cron(line) => Some(line.as_str()),
                Exclusion::Window(_) => None,
            })
            .collect();
        if crons.is_empty() {
            return Ok(None);
        }
        let excluded =
            self.timetable(crons.iter().copied()).map_err(|problem| problem.within("an exclusion"))?;
        let all = self.timetable(crons.into_iter().chain([self.every.cron()]))?;
        Ok(Some((excluded, all)))
    }

    /// The indexes of the windows that are excluded by their labels.
    fn listed(&self, calendar: &Calendar, problems: &mut Vec<Problem>) -> BTreeSet<i64> {
        let labels = self.exclusions.iter().filter_map(|exclusion| match exclusion {
            Exclusion::Window(label) => Some(label),
            Exclusion::Cron(_) => None,
        });
        let mut listed = BTreeSet::new();
        for label in labels {
            match calendar.index_of_label(label) {
                Ok(index) => {
                    listed.insert(index);
                }
                Err(problem) => problems.push(problem.within("an exclusion")),
            }
        }
        listed
    }

    /// Why there is no window between start and end.
    fn bounds_problem(
        &self,
        timetable: &Timetable,
        start: Timestamp,
        end: Option<Timestamp>,
    ) -> Option<Problem> {
        let (start_text, end_text) = (self.start.as_deref()?, self.end.as_deref().unwrap_or_default());
        if let Some(end) = end.filter(|end| *end <= start) {
            let message = if end == start {
                format!("it ends where it starts, at `{start_text}`")
            } else {
                format!("its end `{end_text}` is before its start `{start_text}`")
            };
            return Some(Problem::new(message).with_hint("give an end after the start, or leave it out"));
        }
        let mut ticks = timetable.after(before(start)).take(2);
        let (first, second) = (ticks.next()?, ticks.next()?);
        let end = end.filter(|end| *end < second)?;
        let message = format!("no window lies between its start `{start_text}` and its end `{end_text}`");
        let hint = format!("the first window is from {first} to {second}; let it end later than {end}");
        Some(Problem::new(message).with_hint(hint))
    }
}

fn collect<T>(problems: &mut Vec<Problem>, result: Result<T, Problem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}

/// The instant before another one, so that what comes after it includes that.
pub(super) fn before(instant: Timestamp) -> Timestamp {
    instant.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(instant)
}

/// An instant as authors write one: an instant, a time of the zone, a date, or the beginning of a label.
fn instant(text: &str, zone: &TimeZone, format: &LabelFormat) -> Result<Timestamp, Problem> {
    let labelled = || format.period(text).map(|(begin, _)| begin);
    let of_clock = |time: DateTime| zone.to_timestamp(time).ok();
    let instant = text.parse().ok().or_else(|| text.parse().ok().or_else(labelled).and_then(of_clock));
    let instant: Timestamp = instant.ok_or_else(|| Problem::new("it is not a time").with_hint(START_HINT))?;
    let year = zone.to_datetime(instant).year();
    if YEARS.contains(&year) {
        return Ok(instant);
    }
    let message = format!("the year {year} is not between {} and {}", YEARS.start(), YEARS.end());
    Err(Problem::new(message).with_hint(START_HINT))
}
