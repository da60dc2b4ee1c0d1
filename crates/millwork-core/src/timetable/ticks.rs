//! The ticks of lines of cron in a time zone.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::timetable::offset_span::{OffsetSpan, Zone};
use crate::timetable::{Cron, ScheduleError};

const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);

/// Lines of cron in a time zone. They come together as one sequence of ticks.
///
/// When clocks change, cron's own rule holds. A line *repeats* if its minute or its hour is a wildcard: `*`, or the whole range,
/// with or without a step (`*/10`, `0-23`, `0/15`), if that leaves more than one number.
/// - A line that repeats comes whenever the clock shows its times: not at those that are jumped over, twice at those that
///   happen twice. So "every ten minutes" is every ten minutes in each hour that there is.
/// - Another line is for certain times of a day. Those that are jumped over come once, together, at the first instant after
///   the jump; a time that happens twice comes once, at the second.
///
/// A query costs what it returns: ticks are computed from the fields of a line, month by month as far as there is none, and
/// never by trying minutes or days.
///
/// ```
/// use millwork_core::timetable::Timetable;
///
/// let nights = Timetable::new(["30 2 * * *"], "Europe/Berlin")?;
/// let ticks: Vec<String> =
///     nights.after("2026-03-28T00:00:00Z".parse().unwrap()).take(2).map(|tick| tick.to_string()).collect();
/// // On 29 March, 2:30 doesn't exist: clocks go from 2:00 to 3:00, which is 1:00 UTC.
/// assert_eq!(ticks, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z"]);
///
/// let year = nights.count("2026-01-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
/// assert_eq!(year, 365);
/// # Ok::<(), millwork_core::timetable::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Timetable {
    crons: Vec<Cron>,
    pub(super) zone: Zone,
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
        Ok(Self { crons, zone: Zone::new(zone), zone_name })
    }

    /// The lines of cron.
    pub fn crons(&self) -> &[Cron] {
        &self.crons
    }

    /// The name of its time zone.
    pub fn zone(&self) -> &str {
        &self.zone_name
    }

    /// The first tick after an instant, that itself excluded.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.after(after).next()
    }

    /// The last tick at an instant or before it.
    pub fn previous(&self, until: Timestamp) -> Option<Timestamp> {
        self.until(until).next()
    }

    /// The ticks after an instant, that itself excluded, from early to late, as far as the calendar goes.
    pub fn after(&self, instant: Timestamp) -> Ticks<'_> {
        let from = instant.checked_add(NANOSECOND).ok();
        Ticks { lines: self.lines(from, Direction::Forwards) }
    }

    /// The ticks at an instant and before it, from late to early.
    pub fn until(&self, instant: Timestamp) -> Ticks<'_> {
        Ticks { lines: self.lines(Some(instant), Direction::Backwards) }
    }

    /// The ticks after `from`, up to and including `to`.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.after(from).take_while(move |tick| *tick <= to)
    }

    fn lines(&self, from: Option<Timestamp>, direction: Direction) -> Vec<Line<'_>> {
        let line = |cron| {
            let mut line = Line { cron, zone: &self.zone, direction, span: None, head: None };
            line.head = from.and_then(|from| line.seek(from));
            line
        };
        self.crons.iter().map(line).collect()
    }
}

/// The ticks of a timetable, one after the other.
#[derive(Clone, Debug)]
pub struct Ticks<'a> {
    lines: Vec<Line<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Forwards,
    Backwards,
}

/// The ticks of one line.
#[derive(Clone, Debug)]
struct Line<'a> {
    cron: &'a Cron,
    zone: &'a Zone,
    direction: Direction,
    /// The span that was searched last; `None` before the first search.
    span: Option<OffsetSpan>,
    /// The next tick; `None` if there is no other.
    head: Option<Timestamp>,
}

impl Line<'_> {
    /// The first tick from an instant on, that itself included.
    fn seek(&mut self, mut from: Timestamp) -> Option<Timestamp> {
        loop {
            let known = self.span.take().filter(|span| span.has(from));
            let span = self.span.insert(known.unwrap_or_else(|| self.zone.span(from)));
            let found = match self.direction {
                Direction::Forwards => span.first(self.cron, from),
                Direction::Backwards => span.last(self.cron, from),
            };
            if found.is_some() {
                return found;
            }
            from = match self.direction {
                Direction::Forwards => span.towards_next(self.cron)?,
                Direction::Backwards => span.towards_last(self.cron)?,
            };
        }
    }

    /// Goes on after the tick that comes next.
    fn advance(&mut self) {
        let beyond = match (self.head, self.direction) {
            (None, _) => return,
            (Some(head), Direction::Forwards) => head.checked_add(NANOSECOND),
            (Some(head), Direction::Backwards) => head.checked_sub(NANOSECOND),
        };
        self.head = beyond.ok().and_then(|from| self.seek(from));
    }
}

impl Iterator for Ticks<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        let heads = self.lines.iter().filter_map(|line| line.head);
        let tick = match self.lines.first()?.direction {
            Direction::Forwards => heads.min(),
            Direction::Backwards => heads.max(),
        }?;
        self.lines.iter_mut().filter(|line| line.head == Some(tick)).for_each(Line::advance);
        Some(tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timetable::cron::steps;

    /// The number of months that a query of a timetable searches.
    fn cost<T>(cron: &str, zone: &str, query: impl FnOnce(&Timetable) -> T) -> usize {
        let timetable = Timetable::new([cron], zone).expect("a timetable");
        steps::take();
        let _ = query(&timetable);
        steps::take()
    }

    #[test]
    fn a_query_costs_what_it_returns() {
        let now: Timestamp = "2026-05-01T12:00:30Z".parse().expect("an instant");
        let decade = SignedDuration::from_hours(24 * 3650);
        let crons = [
            "* * * * *",
            "*/7 1-4 * * *",
            "30 2 * * *",
            "0 0 L * *",
            "0 0 13 * fri",
            "0 0 1 1 *",
            "0 0 29 2 *",
        ];
        for cron in crons {
            for zone in ["UTC", "Europe/Berlin", "Africa/Casablanca"] {
                let next = cost(cron, zone, |timetable| timetable.next(now));
                let previous = cost(cron, zone, |timetable| timetable.previous(now));
                let many = cost(cron, zone, |timetable| timetable.until(now).take(100).count());
                // The twelve months of ten years, twice: once around each change of the clocks.
                let count = cost(cron, zone, |timetable| timetable.count(now - decade, now));
                assert!(next.max(previous) <= 60, "{cron} in {zone}: {next} and {previous} months");
                assert!(many <= 100 * 60, "{cron} in {zone}: {many} months for 100 ticks");
                assert!(count <= 600, "{cron} in {zone}: {count} months counted");
            }
        }
    }

    #[test]
    fn a_line_that_comes_once_in_decades_is_found_year_by_year() {
        let past: Timestamp = "2033-01-01T00:00:00Z".parse().expect("an instant");
        // 29 February is a Sunday in 2032 and 2060.
        let next = cost("0 0 29 2 */7", "Europe/Berlin", |timetable| timetable.next(past));
        assert!(next <= 200, "{next} months for 27 years");
    }
}
