//! When lines of cron come in a time zone.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::schedule::{Cron, ScheduleError};

/// A leap day that is left out at the turn of a century comes eight years after the last one.
const LONGEST_WAIT: i32 = 9 * 366;

/// Lines of cron in a time zone. They come together as one sequence of ticks.
///
/// When clocks change:
/// - a time that doesn't exist moves to the first instant that does;
/// - a time that happens twice comes once, at the second, unless the line is for every hour (its hour begins with `*`): then it
///   comes in both.
///
/// ```
/// use millwork_core::schedule::Timetable;
///
/// let nights = Timetable::new(["30 2 * * *"], "Europe/Berlin")?;
/// let ticks: Vec<String> =
///     nights.after("2026-03-28T00:00:00Z".parse().unwrap()).take(2).map(|tick| tick.to_string()).collect();
/// // On 29 March, 2:30 doesn't exist: clocks go from 2:00 to 3:00, which is 1:00 UTC.
/// assert_eq!(ticks, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z"]);
/// # Ok::<(), millwork_core::schedule::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Timetable {
    crons: Vec<Cron>,
    zone: TimeZone,
    zone_name: String,
}

impl Timetable {
    /// Lines of cron in a zone of the IANA database.
    ///
    /// # Errors
    ///
    /// When there is no line, a line is not understood or never comes, or there is no such zone.
    pub fn new<'a>(crons: impl IntoIterator<Item = &'a str>, zone: &str) -> Result<Self, ScheduleError> {
        let crons: Vec<Cron> = crons.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        if crons.is_empty() {
            return Err(ScheduleError::Empty);
        }
        let zone_name = zone.to_owned();
        let zone = TimeZone::get(zone).map_err(|_| ScheduleError::Zone { zone: zone_name.clone() })?;
        Ok(Self { crons, zone, zone_name })
    }

    /// Its lines.
    pub fn crons(&self) -> &[Cron] {
        &self.crons
    }

    /// The name of its time zone.
    pub fn zone(&self) -> &str {
        &self.zone_name
    }

    /// The ticks after an instant, that itself excluded, for ever.
    pub fn after(&self, instant: Timestamp) -> Ticks<'_> {
        Ticks {
            timetable: self,
            last: instant,
            known: BTreeSet::new(),
            next: self.date(instant).checked_sub(1.day()).ok(),
        }
    }

    /// The ticks after `from`, up to and including `to`.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.after(from).take_while(move |tick| *tick <= to)
    }

    /// The last tick at an instant or before it.
    pub fn latest(&self, instant: Timestamp) -> Option<Timestamp> {
        let mut date = self.date(instant).checked_add(1.day()).ok()?;
        let mut latest = None;
        for _ in 0..LONGEST_WAIT {
            latest = latest.max(self.ticks_of(date).range(..=instant).next_back().copied());
            // The day before may end after this one begins, where clocks go back at midnight.
            let complete = latest.is_some_and(|latest| latest.to_zoned(self.zone.clone()).date() > date);
            if complete {
                break;
            }
            date = date.checked_sub(1.day()).ok()?;
        }
        latest
    }

    fn date(&self, instant: Timestamp) -> Date {
        instant.to_zoned(self.zone.clone()).date()
    }

    /// The instants of a day's times.
    fn ticks_of(&self, date: Date) -> BTreeSet<Timestamp> {
        let mut ticks = BTreeSet::new();
        for cron in self.crons.iter().filter(|cron| cron.suits(date)) {
            for time in (0..24).flat_map(|hour| cron.times(hour)) {
                self.add(date.to_datetime(time), cron.is_hourly(), &mut ticks);
            }
        }
        ticks
    }

    /// Adds the instants at which clocks show a time.
    fn add(&self, time: DateTime, hourly: bool, ticks: &mut BTreeSet<Timestamp>) {
        let at = |offset: jiff::tz::Offset| offset.to_timestamp(time).ok();
        match self.zone.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Unambiguous { offset } => ticks.extend(at(offset)),
            AmbiguousOffset::Fold { before, after } => {
                ticks.extend(at(before).filter(|_| hourly));
                ticks.extend(at(after));
            }
            // By the clock before, the time lies after the change, which is the first instant that exists.
            AmbiguousOffset::Gap { before, .. } => {
                let later =
                    at(before).and_then(|later| later.checked_add(SignedDuration::from_nanos(1)).ok());
                ticks.extend(later.and_then(|later| Some(self.zone.preceding(later).next()?.timestamp())));
            }
        }
    }
}

/// The ticks of a timetable, one after the other.
#[derive(Clone, Debug)]
pub struct Ticks<'a> {
    timetable: &'a Timetable,
    last: Timestamp,
    /// The ticks of the days that have been looked at.
    known: BTreeSet<Timestamp>,
    /// The first day that has not.
    next: Option<Date>,
}

impl Iterator for Ticks<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        for _ in 0..LONGEST_WAIT {
            // A tick is certain when the day after it is known, which may begin before it where clocks go back at midnight.
            let certain = |tick: &Timestamp| {
                self.next.is_none_or(|next| self.timetable.date(*tick) < next.yesterday().unwrap_or(next))
            };
            if let Some(tick) = self.known.first().copied().filter(certain) {
                self.known.pop_first();
                self.last = tick;
                return Some(tick);
            }
            let date = self.next?;
            let ticks = self.timetable.ticks_of(date);
            self.known.extend(ticks.into_iter().filter(|tick| *tick > self.last));
            self.next = date.checked_add(1.day()).ok();
        }
        None
    }
}
