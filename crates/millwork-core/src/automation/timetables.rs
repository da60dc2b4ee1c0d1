//! When the schedules tick that conditions wait for.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{Automation, Ticks};
use crate::schedule::Timetable;

/// The timetables of conditions. What comes next is remembered, as it is asked for far more often than it comes.
#[derive(Debug, Default)]
pub struct Timetables {
    known: Mutex<BTreeMap<(String, String), Known>>,
}

#[derive(Debug)]
struct Known {
    timetable: Timetable,
    /// An instant, and the first tick after it.
    next: Option<(Timestamp, Option<Timestamp>)>,
}

impl Known {
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
        let known = automation.schedules().filter_map(|(cron, zone)| {
            // They were checked when the conditions were prepared.
            let timetable = Timetable::new([cron], zone).ok()?;
            Some(((cron.to_owned(), zone.to_owned()), Known { timetable, next: None }))
        });
        Self { known: Mutex::new(known.collect()) }
    }

    /// The first tick of any of them after an instant.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.known().values_mut().filter_map(|known| known.next(after)).min()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<(String, String), Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticks for Timetables {
    fn latest(&self, cron: &str, zone: &str, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let mut all = self.known();
        let known = all.get_mut(&(cron.to_owned(), zone.to_owned()))?;
        known.next(after).filter(|next| *next <= until)?;
        known.timetable.previous(until)
    }
}
