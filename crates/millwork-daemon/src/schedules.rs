//! Schedules: requesting runs at their ticks.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use jiff::Timestamp;
use millwork_core::run::{RunId, RunRequest};
use millwork_core::schedule::{Due, Schedule, ScheduleCursor, Timetable, due};
use millwork_storage::{Commit, NewRun, Tick, TickOutcome};

use crate::cursor::Cursor;
use crate::daemon::{Loop, error_with_causes};
use crate::{Daemon, DaemonError, Happening};

/// The longest rest: someone may switch a schedule on.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// The timetables, read once.
#[derive(Debug, Default)]
pub(crate) struct Schedules {
    timetables: BTreeMap<String, Timetable>,
}

impl Loop for Schedules {
    fn name(&self) -> &'static str {
        "schedules"
    }

    /// Evaluates every schedule that is on; the rest is how long nothing will be due.
    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        let states = daemon.store.states().await?;
        let (mut rest, mut records) = (LONGEST_REST, Vec::new());
        for schedule in daemon.pipeline.schedules() {
            let instigator = schedule.instigator();
            let state = states.get(&instigator).cloned().unwrap_or_default();
            if !state.on.unwrap_or(schedule.default_on) {
                continue;
            }
            let timetable = self.timetable(schedule)?;
            let now = daemon.options.clock.now();
            let cursor: Cursor<ScheduleCursor> = Cursor::of(daemon, instigator, state);
            let due = due(timetable, schedule.misfire, cursor.position.as_ref(), now);
            let next = timetable.after(now).next();
            if is_news(&due, cursor.position.as_ref()) {
                records.push(record(daemon, schedule, cursor, due, now));
            }
            let until_next = next.and_then(|next| Duration::try_from(next.duration_since(now)).ok());
            rest = until_next.map_or(rest, |until| rest.min(until));
        }
        // Together, so that many schedules that are due at once share a few commits.
        try_join_all(records).await?;
        Ok(rest)
    }
}

impl Schedules {
    fn timetable(&mut self, schedule: &Schedule) -> Result<&Timetable, DaemonError> {
        if !self.timetables.contains_key(&schedule.name) {
            self.timetables.insert(schedule.name.clone(), schedule.timetable()?);
        }
        Ok(&self.timetables[&schedule.name])
    }
}

/// Whether an evaluation has to be written down: it has ticks, or is the first one of a timetable.
fn is_news(due: &Due, cursor: Option<&ScheduleCursor>) -> bool {
    let is_first = cursor.is_none_or(|cursor| cursor.timetable != due.cursor.timetable);
    is_first || !due.ticks.is_empty() || due.skipped > 0
}

/// Writes an evaluation down, with its runs. If another daemon was faster, nothing is written or told.
async fn record(
    daemon: &Daemon,
    schedule: &Schedule,
    cursor: Cursor<ScheduleCursor>,
    due: Due,
    now: Timestamp,
) -> Result<(), DaemonError> {
    let (name, instigator) = (&schedule.name, schedule.instigator());
    let began = Instant::now();
    let tick = |due, outcome| {
        let micros = u64::try_from(began.elapsed().as_micros()).ok();
        Tick { instigator: instigator.clone(), due, at: now, micros, outcome }
    };
    let (mut runs, mut ticks, mut happenings) = (Vec::new(), Vec::new(), Vec::new());
    if due.skipped > 0 {
        ticks.push(tick(now, TickOutcome::Skipped { ticks: due.skipped }));
        happenings.push(Happening::Missed { schedule: name.clone(), ticks: due.skipped });
    }
    for &at in &due.ticks {
        let requests = match requests(daemon, schedule, at) {
            Ok(requests) => requests,
            Err(reason) => {
                let (of, error) = ("schedules", format!("schedule `{name}` at {at}: {reason}"));
                ticks.push(tick(at, TickOutcome::Failed { reason }));
                happenings.push(Happening::Trouble { of, error });
                continue;
            }
        };
        if requests.is_empty() {
            let reason = "its function asks for no run".to_owned();
            ticks.push(tick(at, TickOutcome::Idle { reason }));
        }
        for request in requests {
            let run = RunId::new(now);
            runs.push(NewRun { id: run, request, at: now });
            ticks.push(tick(at, TickOutcome::Requested { run }));
            happenings.push(Happening::Requested { by: instigator.to_string(), due: Some(at), run });
        }
    }
    let commit = Commit { runs, ticks, ..cursor.moved_to(&due.cursor)? };
    if daemon.store.commit(commit).await? {
        let recorded_at = daemon.options.clock.now();
        due.ticks.iter().for_each(|at| daemon.pulse.ticked(recorded_at.duration_since(*at).unsigned_abs()));
        daemon.wake().notify_waiters();
        happenings.iter().for_each(|happening| daemon.tell(happening));
    }
    Ok(())
}

/// The runs of a tick, or why there are none.
fn requests(daemon: &Daemon, schedule: &Schedule, at: Timestamp) -> Result<Vec<RunRequest>, String> {
    let runs = schedule.runs_at(at).map_err(|error| error_with_causes(&*error))?;
    let graph = daemon.pipeline.graph();
    runs.into_iter().map(|run| run.request(graph).map_err(|error| error.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use jiff::SignedDuration;
    use millwork_core::{AssetDefinition, Definitions, Misfire, Schedule, TestClock};
    use millwork_storage::{Home, InstigatorStore as _, RunQuery, RunStore as _};

    use super::*;
    use crate::{DaemonOptions, Launcher};

    fn asset(name: &str) -> AssetDefinition {
        AssetDefinition::new(name).produces::<u32, _>().blocking(|_| Ok(1_u32))
    }

    fn definitions() -> Definitions {
        let all = Misfire::All { limit: 1_000 };
        let schedule =
            |name, cron: &'static str| Schedule::new(name, [cron], name).misfire(all).on_by_default();
        Definitions::new()
            .assets(["ingestion", "prediction", "training"].map(asset))
            .schedule(schedule("ingestion", "@hourly"))
            .schedule(schedule("prediction", "* * * * *"))
            .schedule(schedule("training", "0 4 * * *"))
            .schedule(Schedule::new("never", ["* * * * *"], "training"))
    }

    async fn daemon(folder: &std::path::Path, clock: &Arc<TestClock>) -> Daemon {
        let home = Home::open(folder).await.expect("a home");
        let pipeline = definitions().resolve().expect("definitions that fit together");
        let launcher = Launcher::new("nothing is launched", folder);
        let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
        Daemon::new(pipeline, home, launcher, Arc::new(|_| {})).options(options)
    }

    /// 24 hours of a virtual clock, evaluated at odd moments; 50 times the evaluation is cut off somewhere, and another
    /// daemon goes on.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_day_of_ticks_is_requested_once_each_however_often_the_daemon_dies() {
        let folder = tempfile::tempdir().expect("a folder");
        let start: Timestamp = "2026-05-01T00:00:30Z".parse().expect("an instant");
        let clock = Arc::new(TestClock::at(start));
        let (mut now, end) = (start, start + SignedDuration::from_hours(24));
        let mut current = daemon(folder.path(), &clock).await;
        let mut schedules = Schedules::default();
        schedules.turn(&current).await.expect("an evaluation");
        let mut random: u64 = 7;
        let mut below = |bound: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % bound
        };
        let (mut turns, mut deaths) = (0, 0);
        while now < end {
            let step = SignedDuration::from_secs(1 + below(150) as i64).min(end.duration_since(now));
            clock.advance(step);
            now += step;
            turns += 1;
            if deaths < 50 && below(12) == 0 {
                deaths += 1;
                let dying = current.clone();
                let task = tokio::spawn(async move { Schedules::default().turn(&dying).await });
                tokio::time::sleep(Duration::from_micros(below(3_000))).await;
                task.abort();
                let _ = task.await;
                current = daemon(folder.path(), &clock).await;
                schedules = Schedules::default();
            } else {
                schedules.turn(&current).await.expect("an evaluation");
            }
        }
        schedules.turn(&current).await.expect("an evaluation");
        assert!(deaths == 50 && turns > 1_000, "{deaths} deaths in {turns} turns");

        let store = current.home.store();
        let runs = store.runs(RunQuery::default()).await.expect("runs");
        let mut ticks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for run in &runs {
            let tag = |tag: &str| run.request.tags[tag].as_str();
            ticks.entry(tag("millwork/schedule")).or_default().push(tag("millwork/scheduled_for"));
        }
        let counts: Vec<(&str, usize)> = ticks.iter().map(|(name, ticks)| (*name, ticks.len())).collect();
        assert_eq!(counts, [("ingestion", 24), ("prediction", 1_440), ("training", 1)]);
        for ticks in ticks.values_mut() {
            ticks.sort_unstable();
            assert!(ticks.is_sorted_by(|left, right| left < right), "a tick was requested twice");
        }
        assert_eq!(store.ticks(&[], 10_000).await.expect("ticks").len(), runs.len());
    }
}
