//! Counts the ticks between two instants.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};

use crate::timetable::cron::Month;
use crate::timetable::offset_span::OffsetSpan;
use crate::timetable::{Cron, Timetable};

const MINUTES_OF_A_DAY: i32 = 24 * 60;

impl Timetable {
    /// How many ticks there are after `from`, up to and including `to`. They are not walked: of each month it is counted how
    /// many days are right, and how many minutes of such a day.
    pub fn count(&self, from: Timestamp, to: Timestamp) -> u64 {
        let nanosecond = SignedDuration::from_nanos(1);
        let (Ok(mut begin), Ok(end)) = (from.checked_add(nanosecond), to.checked_add(nanosecond)) else {
            return 0;
        };
        let mut count = 0;
        while begin < end {
            let span = self.zone.span(begin);
            let end_of_part = span.end().map_or(end, |after| after.min(end));
            count += self.count_in(&span, begin, end_of_part);
            begin = end_of_part;
        }
        count
    }

    /// The ticks of a part of a span, `end` excluded.
    fn count_in(&self, span: &OffsetSpan, begin: Timestamp, end: Timestamp) -> u64 {
        let (from, to) = (span.shown(begin), span.shown(end));
        // Where the clock will go back, lines that don't repeat end earlier than the others.
        let (repeating, others): (Vec<&Cron>, Vec<&Cron>) =
            self.crons().iter().partition(|cron| cron.repeats());
        let others_end = others.first().and_then(|cron| span.last_time(cron)).map_or(to, |last| last.min(to));
        let all: Vec<&Cron> = self.crons().iter().collect();
        let count = times(&all, from, others_end) + times(&repeating, others_end.max(from), to);
        // A tick that makes up for times that were jumped over may be one of another line as well.
        let made_up = span.begins_at(begin) && others.iter().any(|cron| span.makes_up_for(cron));
        let comes_anyway = || {
            let comes = |cron: &Cron| span.last_time(cron).is_none_or(|last| from < last);
            self.crons().iter().any(|cron| comes(cron) && cron.at_or_after(from) == Some(from))
        };
        count + u64::from(made_up && !comes_anyway())
    }
}

/// How many times on a clock that never changes suit any of the lines, `to` excluded.
fn times(crons: &[&Cron], from: DateTime, to: DateTime) -> u64 {
    if crons.is_empty() || from >= to {
        return 0;
    }
    if from.date() == to.date() {
        return times_of_day(&on(crons, from.date()), minute_at_or_after(from), minute_at_or_after(to));
    }
    let first = times_of_day(&on(crons, from.date()), minute_at_or_after(from), MINUTES_OF_A_DAY);
    let last = times_of_day(&on(crons, to.date()), 0, minute_at_or_after(to));
    let between = from.date().tomorrow().map_or(0, |begin| times_of_days(crons, begin, to.date()));
    first + between + last
}

/// How many times whole days have, `end` excluded.
fn times_of_days(crons: &[&Cron], begin: Date, end: Date) -> u64 {
    let (mut month, until) = (Month::of(begin), Month::of(end));
    // All days of one line have as many times.
    let of_day = |cron: &Cron| times_of_day(&[cron], 0, MINUTES_OF_A_DAY);
    let only = if let [cron] = crons { Some((cron, of_day(cron))) } else { None };
    let mut count = 0;
    loop {
        let after_begin = if month == Month::of(begin) { !0 << begin.day() } else { !0 };
        let before_end = if month == until { !(!0 << end.day()) } else { !0 };
        let days = |cron: &Cron| cron.days(month) & after_begin & before_end;
        count += match only {
            Some((cron, of_day)) => u64::from(days(cron).count_ones()) * of_day,
            None => times_of_month(crons, &crons.iter().map(|cron| days(cron)).collect::<Vec<_>>()),
        };
        if month == until {
            return count;
        }
        month = month.next();
    }
}

/// How many times the days of a month have, if each line comes at `days` of it.
fn times_of_month(crons: &[&Cron], days: &[u32]) -> u64 {
    let mut left = days.iter().fold(0, |all, days| all | days);
    let mut count = 0;
    // Days at which the same lines come have as many times each.
    while left != 0 {
        let day = 1 << left.trailing_zeros();
        let mut alike = left;
        let mut suiting = Vec::with_capacity(crons.len());
        for (cron, days) in crons.iter().zip(days) {
            alike &= if days & day != 0 { *days } else { !days };
            suiting.extend((days & day != 0).then_some(*cron));
        }
        count += u64::from(alike.count_ones()) * times_of_day(&suiting, 0, MINUTES_OF_A_DAY);
        left &= !alike;
    }
    count
}

/// How many minutes of a day suit any of the lines, from the minute `from` on, `to` excluded.
fn times_of_day(crons: &[&Cron], from: i32, to: i32) -> u64 {
    let minutes_of = |hour: i8| {
        let minutes = crons.iter().fold(0, |minutes, cron| minutes | cron.minutes(hour));
        let begin = i32::from(hour) * 60;
        minutes & below(to - begin) & !below(from - begin)
    };
    // The midnight at the end belongs to the last hour.
    let hour = |minute: i32| minute.clamp(0, MINUTES_OF_A_DAY - 1) / 60;
    (hour(from) as i8..=hour(to) as i8).map(|hour| u64::from(minutes_of(hour).count_ones())).sum()
}

/// The minutes of an hour before one, a bit each.
fn below(minute: i32) -> u64 {
    (1 << minute.clamp(0, 60)) - 1
}

/// The lines that come on a day.
fn on<'a>(crons: &[&'a Cron], date: Date) -> Vec<&'a Cron> {
    crons.iter().copied().filter(|cron| cron.suits(date)).collect()
}

fn minute_at_or_after(time: DateTime) -> i32 {
    let begun = i32::from(time.hour()) * 60 + i32::from(time.minute());
    begun + i32::from(time.second() > 0 || time.subsec_nanosecond() > 0)
}
