//! The metrics of a daemon's loops: whether they tick, how long that takes, and how late schedules are.
//!
//! The driver counts for all loops alike, so that no loop has to; pages, alerts of a failing daemon and Prometheus read the same numbers.
//! They belong to this process and begin with it: what has to outlast it is in the store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use millwork_core::exposition::{Exposition, Histogram, Samples};

use crate::loop_name::LoopName;

/// The metrics of the loops of one daemon. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct DaemonMetrics(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    loops: BTreeMap<LoopName, LoopMetrics>,
    lateness: Lateness,
    jump: Option<ClockJump>,
}

/// The last time that the wall clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockJump {
    /// When that was detected, by the wall clock after the jump.
    pub at: Timestamp,
    /// The size of the jump: positive if forward, negative if back.
    pub by: SignedDuration,
    /// The number of jumps since this process began.
    pub count: u64,
    /// When that was detected, by the steady clock.
    pub(crate) steady: Duration,
}

/// The metrics of one loop.
#[derive(Clone, Debug, Default)]
pub struct LoopMetrics {
    /// The number of its ticks.
    pub ticks: u64,
    /// The number of ticks that failed.
    pub failures: u64,
    /// The duration of all ticks together.
    pub busy: Duration,
    /// When the last one ended, by the wall clock; `None` before the first has.
    pub last: Option<Timestamp>,
    ended: Option<Instant>,
    /// The error of the last tick that failed; `None` if one has succeeded since.
    pub error: Option<String>,
}

impl LoopMetrics {
    /// The time since the last tick ended, even if the wall clock was set since.
    pub fn since_last(&self) -> Option<Duration> {
        self.ended.map(|ended| ended.elapsed())
    }
}

/// The bounds of the lateness histogram, in seconds.
const BOUNDS: [f64; 8] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 10.0];

#[derive(Debug, Default)]
struct Lateness {
    /// For each bound, the number of ticks that were no later.
    within: [u64; BOUNDS.len()],
    ticks: u64,
    seconds: f64,
}

impl DaemonMetrics {
    /// The metrics of each loop.
    pub fn loops(&self) -> BTreeMap<LoopName, LoopMetrics> {
        self.state().loops.clone()
    }

    /// The last jump of the wall clock that was detected.
    pub fn last_jump(&self) -> Option<ClockJump> {
        self.state().jump
    }

    /// Records a jump of the wall clock.
    pub(crate) fn jumped(&self, at: Timestamp, by: SignedDuration, steady: Duration) {
        let mut state = self.state();
        let count = state.jump.map_or(0, |jump| jump.count) + 1;
        state.jump = Some(ClockJump { at, by, count, steady });
    }

    /// Records the end of a loop's tick.
    pub(crate) fn ticked(&self, of: LoopName, took: Duration, error: Option<String>, now: Timestamp) {
        let mut state = self.state();
        let metrics = state.loops.entry(of).or_default();
        metrics.ticks += 1;
        metrics.failures += u64::from(error.is_some());
        metrics.busy += took;
        (metrics.last, metrics.ended) = (Some(now), Some(Instant::now()));
        metrics.error = error;
    }

    /// Records by how much a schedule's tick was evaluated after it was due.
    pub(crate) fn was_late(&self, late: Duration) {
        let (mut state, late) = (self.state(), late.as_secs_f64());
        for (bound, count) in BOUNDS.iter().zip(&mut state.lateness.within) {
            *count += u64::from(late <= *bound);
        }
        state.lateness.ticks += 1;
        state.lateness.seconds += late;
    }

    /// Writes the numbers for Prometheus.
    pub fn write_to(&self, exposition: &mut Exposition) {
        let state = self.state();
        let of_loops = |mut samples: Samples<'_>, value: fn(&LoopMetrics) -> f64| {
            for (name, metrics) in &state.loops {
                samples.labelled(&[("loop", name.as_str())], value(metrics));
            }
        };
        of_loops(exposition.counter("millwork_loop_turns_total", "Ticks of the daemon's loops"), |metrics| {
            metrics.ticks as f64
        });
        of_loops(exposition.counter("millwork_loop_failures_total", "Ticks that failed"), |metrics| {
            metrics.failures as f64
        });
        of_loops(exposition.counter("millwork_loop_busy_seconds_total", "Time that ticks took"), |metrics| {
            metrics.busy.as_secs_f64()
        });
        of_loops(
            exposition.gauge("millwork_loop_last_timestamp_seconds", "When the last tick ended"),
            |metrics| metrics.last.map_or(0.0, |last| last.as_millisecond() as f64 / 1e3),
        );
        let jumps = state.jump.map_or(0, |jump| jump.count);
        let help = "How often the wall clock was set while the daemon ran";
        exposition.counter("millwork_clock_jumps_total", help).value(jumps as f64);
        let Lateness { within, ticks, seconds } = &state.lateness;
        let buckets: Vec<(f64, u64)> = BOUNDS.into_iter().zip(*within).collect();
        let histogram = Histogram { buckets: &buckets, sum: *seconds, count: *ticks };
        exposition.histogram(
            "millwork_tick_lateness_seconds",
            "Time from when a schedule's tick was due",
            histogram,
        );
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while it is held leaves slightly wrong numbers at worst.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_prometheus_words() {
        let metrics = DaemonMetrics::default();
        let now = Timestamp::from_second(7).expect("an instant");
        metrics.ticked(LoopName::RunQueue, Duration::from_millis(250), None, now);
        metrics.ticked(LoopName::RunQueue, Duration::from_millis(250), Some("no".to_owned()), now);
        metrics.was_late(Duration::from_millis(20));
        metrics.was_late(Duration::from_secs(100));
        metrics.jumped(now, SignedDuration::from_hours(1), Duration::ZERO);
        let mut exposition = Exposition::default();
        metrics.write_to(&mut exposition);
        let text = exposition.into_text();
        for line in [
            "millwork_loop_turns_total{loop=\"run_queue\"} 2",
            "millwork_loop_failures_total{loop=\"run_queue\"} 1",
            "millwork_loop_busy_seconds_total{loop=\"run_queue\"} 0.5",
            "millwork_loop_last_timestamp_seconds{loop=\"run_queue\"} 7",
            "millwork_clock_jumps_total 1",
            "millwork_tick_lateness_seconds_bucket{le=\"0.01\"} 0",
            "millwork_tick_lateness_seconds_bucket{le=\"0.025\"} 1",
            "millwork_tick_lateness_seconds_bucket{le=\"+Inf\"} 2",
            "millwork_tick_lateness_seconds_count 2",
        ] {
            assert!(text.lines().any(|actual| actual == line), "{line} is not in\n{text}");
        }
        assert_eq!(metrics.loops()[&LoopName::RunQueue].error.as_deref(), Some("no"));
    }
}
