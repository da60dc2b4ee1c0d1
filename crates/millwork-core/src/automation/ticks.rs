//! The ticks of the schedules in conditions, and which of them were taken.
//!
//! An evaluation asks for the latest tick since the one before. Where the clock was set back meanwhile, the same ticks come again: so those
//! that were taken are recorded, and none is taken twice.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Automation;
use crate::schedule::Timetable;

/// Computes when schedules tick.
pub trait Ticks {
    /// The latest tick of `cron` in the IANA time zone `zone` that is later than `after` and not later than `until`.
    fn latest(&self, cron: &str, zone: &str, after: Timestamp, until: Timestamp) -> Option<Timestamp>;
}

/// The timetables of conditions. The next tick is cached, as it is asked for far more often than it comes.
#[derive(Debug, Default)]
pub struct Timetables {
    by_schedule: Mutex<BTreeMap<(String, String), CachedTimetable>>,
    /// When windows of time begin and end, which assets have as partitions.
    windows: Mutex<Vec<CachedTimetable>>,
}

#[derive(Debug)]
struct CachedTimetable {
    timetable: Timetable,
    /// An instant, and the first tick after it.
    next: Option<(Timestamp, Option<Timestamp>)>,
}

impl CachedTimetable {
    fn next(&mut self, after: Timestamp) -> Option<Timestamp> {
        if let Some((asked, next)) = self.next
            && asked <= after
            && next.is_none_or(|next| next > after)
        {
            return next;
        }
        let next = self.timetable.next(after);
        self.next = Some((after, next));
        next
    }
}

impl Timetables {
    /// The timetables that the conditions wait for.
    pub fn of(automation: &Automation) -> Self {
        let timetables = automation.schedules().filter_map(|(cron, zone)| {
            // They were checked when the conditions were prepared.
            let timetable = Timetable::new([cron], zone).ok()?;
            Some(((cron.to_owned(), zone.to_owned()), CachedTimetable { timetable, next: None }))
        });
        let windows = automation.windows();
        let windows = windows.map(|timetable| CachedTimetable { timetable: timetable.clone(), next: None });
        Self { by_schedule: Mutex::new(timetables.collect()), windows: Mutex::new(windows.collect()) }
    }

    /// The first tick of any of them after an instant, or the first time at which a window may open.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let opens = windows.iter_mut().filter_map(|timetable| timetable.next(after)).min();
        let ticks = self.lock().values_mut().filter_map(|timetable| timetable.next(after)).min();
        ticks.into_iter().chain(opens).min()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, String), CachedTimetable>> {
        self.by_schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticks for Timetables {
    fn latest(&self, cron: &str, zone: &str, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let mut all = self.lock();
        let timetable = all.get_mut(&(cron.to_owned(), zone.to_owned()))?;
        timetable.next(after).filter(|next| *next <= until)?;
        timetable.timetable.previous(until)
    }
}

/// The most ranges of a schedule's ticks that are kept: a new one begins whenever ticks were skipped.
const MOST_STRETCHES: usize = 8;

/// The ticks that were taken, by schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct TakenTicks(Vec<OfSchedule>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OfSchedule {
    cron: String,
    zone: String,
    /// Ticks in a row: the first and the last.
    stretches: Vec<(Timestamp, Timestamp)>,
}

impl TakenTicks {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a tick. Returns whether it wasn't taken before.
    pub(super) fn take(
        &mut self,
        (cron, zone): &(String, String),
        tick: Timestamp,
        ticks: &dyn Ticks,
    ) -> bool {
        let known = self.0.iter().position(|taken| taken.cron == *cron && taken.zone == *zone);
        let index = known.unwrap_or_else(|| {
            self.0.push(OfSchedule { cron: cron.clone(), zone: zone.clone(), stretches: Vec::new() });
            self.0.len() - 1
        });
        let stretches = &mut self.0[index].stretches;
        if stretches.iter().any(|(first, last)| (first..=last).contains(&&tick)) {
            return false;
        }
        let before = tick.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(tick);
        let is_next = |last: Timestamp| last < tick && ticks.latest(cron, zone, last, before).is_none();
        match stretches.iter_mut().find(|(_, last)| is_next(*last)) {
            Some((_, last)) => *last = tick,
            None => stretches.push((tick, tick)),
        }
        if stretches.len() > MOST_STRETCHES {
            // What lies furthest back comes last again.
            stretches.sort_by_key(|(_, last)| *last);
            stretches.remove(0);
        }
        true
    }

    /// Forgets schedules that nothing waits for any more.
    pub(super) fn retain(&mut self, is_used: impl Fn(&str, &str) -> bool) {
        self.0.retain(|taken| is_used(&taken.cron, &taken.zone));
    }
}
