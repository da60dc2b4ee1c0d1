//! Which ticks conditions have taken, so that none is taken twice when the clock is set back.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Ticks;

/// So many stretches of a schedule's ticks are remembered: there is a new one whenever ticks were passed over.
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
