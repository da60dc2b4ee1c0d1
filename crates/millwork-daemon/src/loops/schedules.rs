//! Schedules: requesting runs at their ticks.
//!
//! The due ticks follow from the stored cursor and the time, so a daemon that was down finds the ticks that it has missed, and the
//! schedule's misfire policy decides about them. Runs, ticks and the new cursor are one commit: each tick is requested once.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures::future::try_join_all;
use jiff::Timestamp;
use millwork_core::Instigator;
use millwork_core::advice::one_line_of;
use millwork_core::clock::between;
use millwork_core::run::{RunSpec, RunTag};
use millwork_core::schedule::{Due, Misfire, Schedule, ScheduleCursor, Timetable, due};
use millwork_storage::{Pending, PendingWork, RunQuery, RunRecord, Store, TickOutcome};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::activation::Activation;
use crate::cursor::Cursor;
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::decision::{Decision, due_again, pending_of, set_back};
use crate::error::DaemonError;
use crate::evaluation_context::EvaluationContext;
use crate::event::DaemonEvent;
use crate::functions::{Answer, Call, guarded, stuck};
use crate::loop_name::LoopName;
use crate::metrics::DaemonMetrics;

/// The poll interval, since a schedule may be switched on at any time.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Requests runs at the ticks of schedules.
pub(crate) struct Schedules {
    pub(crate) context: EvaluationContext,
    /// Records how late ticks are.
    pub(crate) metrics: DaemonMetrics,
    /// The timetables by the names of their schedules, parsed once.
    pub(crate) timetables: BTreeMap<String, Timetable>,
    /// The evaluations that are in progress.
    pub(crate) under_way: HashMap<String, JoinHandle<()>>,
}

impl DaemonLoop for Schedules {
    const NAME: LoopName = LoopName::Schedules;
    const WOKEN_BY: &'static [Activation] =
        &[Activation::StoreWritten, Activation::ClockSet, Activation::FunctionReturned];

    fn poll_interval(&self) -> Duration {
        POLL_INTERVAL
    }

    /// Evaluates every schedule that is on, and returns when the next one is due. A schedule with a function is evaluated in a task of its
    /// own, so that no other waits for it.
    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        let (context, metrics) = (self.context.clone(), self.metrics.clone());
        // Read before the states: an evaluation that ends meanwhile has moved its cursor, and isn't repeated at this one.
        let schedules = context.pipeline.schedules().iter();
        let idle: Vec<&Schedule> = schedules.filter(|schedule| !self.is_under_way(schedule)).collect();
        let states = context.store.states().await?;
        let is_on = |schedule: &&Schedule| {
            let state = states.get(&schedule.instigator());
            state.and_then(|state| state.on).unwrap_or(schedule.default_on)
        };
        let schedules: Vec<&Schedule> = idle.into_iter().filter(is_on).collect();
        let of: Vec<Instigator> = schedules.iter().map(|schedule| schedule.instigator()).collect();
        let mut again = due_again(&*context.store, context.clock.now(), &of).await?;
        let (mut soonest, mut evaluations) = (POLL_INTERVAL, Vec::new());
        for schedule in schedules {
            let instigator = schedule.instigator();
            let state = states.get(&instigator).cloned().unwrap_or_default();
            let retried = again.remove(&instigator).unwrap_or_default();
            let was_stuck = state.stuck_since.is_some();
            let timetable = self.timetable(schedule)?;
            let now = context.clock.now();
            let cursor: Cursor<ScheduleCursor> = Cursor::of(&context.observer, instigator, state);
            let due = due(timetable, schedule.misfire, cursor.position.as_ref(), now);
            let next = timetable.next(now);
            if was_stuck || !retried.is_empty() || is_news(&due, cursor.position.as_ref()) {
                let schedule = schedule.clone();
                let evaluation = Evaluation { schedule, cursor, due, retried, pending: None, now };
                if evaluation.schedule.runs.is_some() {
                    let name = evaluation.schedule.name.clone();
                    let kept = tokio::spawn(kept(context.clone(), metrics.clone(), evaluation));
                    self.under_way.insert(name, kept);
                } else {
                    evaluations.push(evaluation);
                }
            }
            let until_next = next.and_then(|next| Duration::try_from(next.duration_since(now)).ok());
            soonest = until_next.map_or(soonest, |until| soonest.min(until));
        }
        // Together, so that many schedules that are due at once share a query and a few commits.
        let of: Vec<Instigator> =
            evaluations.iter().map(|evaluation| evaluation.schedule.instigator()).collect();
        let mut pending = pending_of(&*context.store, &of).await?;
        let records = evaluations.into_iter().zip(of).map(|(mut evaluation, instigator)| {
            evaluation.pending =
                pending.as_mut().map(|pending| pending.remove(&instigator).unwrap_or_default());
            evaluate(&context, &metrics, evaluation)
        });
        try_join_all(records).await?;
        Ok(NextTick::Within(soonest))
    }

    /// Schedules that were never evaluated begin with their ticks from now on.
    async fn begin(&mut self) -> Result<(), DaemonError> {
        let context = self.context.clone();
        let states = context.store.states().await?;
        for schedule in context.pipeline.schedules() {
            let instigator = schedule.instigator();
            let state = states.get(&instigator).cloned().unwrap_or_default();
            let cursor: Cursor<ScheduleCursor> = Cursor::of(&context.observer, instigator, state.clone());
            if state.on.unwrap_or(schedule.default_on) && cursor.position.is_none() {
                let now = context.clock.now();
                let first = due(self.timetable(schedule)?, schedule.misfire, None, now).cursor;
                context.store.commit(cursor.moved_to(&first)?).await?;
            }
        }
        Ok(())
    }
}

impl Schedules {
    fn timetable(&mut self, schedule: &Schedule) -> Result<&Timetable, DaemonError> {
        if !self.timetables.contains_key(&schedule.name) {
            self.timetables.insert(schedule.name.clone(), schedule.timetable()?);
        }
        Ok(&self.timetables[&schedule.name])
    }

    fn is_under_way(&self, schedule: &Schedule) -> bool {
        self.under_way.get(&schedule.name).is_some_and(|evaluation| !evaluation.is_finished())
    }
}

/// Whether an evaluation has to be recorded: it has ticks, is the first one of a timetable, or the first one after the clock was set back.
fn is_news(due: &Due, cursor: Option<&ScheduleCursor>) -> bool {
    let is_first = cursor.is_none_or(|cursor| cursor.timetable != due.cursor.timetable);
    is_first || !due.ticks.is_empty() || due.skipped > 0 || due.set_back.is_some()
}

/// One evaluation of a schedule.
struct Evaluation {
    schedule: Schedule,
    cursor: Cursor<ScheduleCursor>,
    due: Due,
    /// The pending work that is due.
    retried: Vec<Pending>,
    /// All that is pending. `None` if it wasn't read yet.
    pending: Option<Vec<Pending>>,
    now: Timestamp,
}

/// A tick to run for, and the pending work because of it, if the schedule's function failed at it before.
type DueTick = (Timestamp, Option<Pending>);

/// The answer of a schedule's function for a tick.
type Answered = Result<Vec<RunSpec>, String>;

/// Evaluates a schedule, and waits until its function has returned: it isn't called again before.
async fn kept(context: EvaluationContext, metrics: DaemonMetrics, evaluation: Evaluation) {
    let instigator = evaluation.schedule.instigator();
    match evaluate(&context, &metrics, evaluation).await {
        Ok(Some(stuck)) => stuck.returned().await,
        Ok(None) => {}
        Err(error) => {
            let error = format!("{instigator}: {}", one_line_of(&error));
            (context.observer)(&DaemonEvent::LoopFailed { of: LoopName::Schedules, error });
        }
    }
    context.activations.send(Activation::FunctionReturned);
}

/// Evaluates a schedule and records the outcome. If another daemon was first, nothing is written or reported. Returns the call of its
/// function if that doesn't return.
async fn evaluate(
    context: &EvaluationContext,
    metrics: &DaemonMetrics,
    evaluation: Evaluation,
) -> Result<Option<Call<Answered>>, DaemonError> {
    let Evaluation { schedule, cursor, due, retried, pending, now } = evaluation;
    let began = Instant::now();
    let is_newest_only = !matches!(schedule.misfire, Misfire::All { .. });
    let is_superseded = is_newest_only && !due.ticks.is_empty();
    let (mut ticks, mut repeated): (Vec<DueTick>, Vec<Timestamp>) = (Vec::new(), Vec::new());
    for &at in &due.ticks {
        if due.may_be_requested(at) && is_requested(&*context.store, &schedule.name, at).await? {
            repeated.push(at);
        } else {
            ticks.push((at, None));
        }
    }
    for pending in retried.iter().filter(|_| !is_superseded) {
        if let PendingWork::Tick { due } = pending.work {
            ticks.push((due, Some(pending.clone())));
        }
    }
    let (answers, stuck) = answers(context, &schedule, &ticks).await?;
    if answers.len() < ticks.len() && stuck.is_none() {
        // The daemon stops: the due ticks stay due.
        return Ok(None);
    }
    let (instigator, window) = (schedule.instigator(), schedule.dedup_window);
    let mut decision = match pending {
        Some(pending) => Decision::beside(context, instigator, pending, window, now),
        None => Decision::new(context, instigator, window, now).await?,
    };
    decision.micros = u64::try_from(began.elapsed().as_micros()).ok();
    if let Some(by) = due.set_back {
        let reason = set_back(by);
        let error = format!("schedule `{}`: {reason}", schedule.name);
        decision.tick(Some(now), TickOutcome::Idle { reason });
        decision.report(DaemonEvent::LoopFailed { of: LoopName::Schedules, error });
    }
    if due.skipped > 0 {
        let missed = usize::try_from(due.skipped).unwrap_or(usize::MAX);
        decision.tick(Some(now), TickOutcome::Skipped { ticks: missed });
        decision.report(DaemonEvent::Missed { schedule: schedule.name.clone(), ticks: missed });
    }
    for at in repeated {
        let reason = "it was requested before the clock was set back".to_owned();
        decision.tick(Some(at), TickOutcome::Idle { reason });
    }
    for pending in &retried {
        if let PendingWork::Run { run, due } = &pending.work {
            decision.request_again(pending, run, *due).await?;
        }
    }
    let unreached = || Err("its function hasn't returned from an earlier tick".to_owned());
    let answers = answers.into_iter().chain(std::iter::repeat_with(unreached));
    for ((at, pending), answer) in ticks.into_iter().zip(answers) {
        take(&mut decision, at, pending, answer).await?;
    }
    match schedule.misfire {
        Misfire::Skip | Misfire::One if !due.ticks.is_empty() => decision.supersede_ticks(0),
        Misfire::Skip | Misfire::One => {}
        Misfire::All { limit } => decision.supersede_ticks(limit),
    }
    let stuck_since = stuck.is_some().then_some(now);
    if decision.commit(cursor, &due.cursor, stuck_since).await? {
        let recorded_at = context.clock.now();
        let late = |at: &Timestamp| between(*at, recorded_at).unwrap_or_default();
        due.ticks.iter().for_each(|at| metrics.was_late(late(at)));
    }
    Ok(stuck)
}

/// Whether a run of the tick has been requested.
async fn is_requested(store: &dyn Store, schedule: &str, at: Timestamp) -> Result<bool, DaemonError> {
    let tag = Some((RunTag::ScheduledFor.key().to_owned(), at.to_string()));
    let runs = store.runs(RunQuery { tag, ..RunQuery::default() }).await?;
    let of = |run: &RunRecord| RunTag::Schedule.of(&run.request.tags) == Some(schedule);
    Ok(runs.iter().any(of))
}

/// The answers of the schedule's function for each tick, in their order, and its call if it doesn't return. A schedule without a function
/// has its answers at once.
async fn answers(
    context: &EvaluationContext,
    schedule: &Schedule,
    ticks: &[DueTick],
) -> Result<(Vec<Answered>, Option<Call<Answered>>), DaemonError> {
    let dues: Vec<Timestamp> = ticks.iter().map(|(due, _)| *due).collect();
    if schedule.runs.is_none() || dues.is_empty() {
        return Ok((dues.into_iter().map(|due| guarded(|| schedule.runs_at(due))).collect(), None));
    }
    let (count, called, limit) = (dues.len(), schedule.clone(), schedule.timeout);
    let call = context.functions.call(&schedule.name, limit, move |answers| {
        for due in dues {
            if answers.are_unwanted() {
                return;
            }
            answers.leave(guarded(|| called.runs_at(due)));
        }
    });
    let mut call = call.ok_or(DaemonError::TooManyCalls)?;
    let mut answers = Vec::with_capacity(count);
    while answers.len() < count {
        match call.next().await {
            Answer::Of(answer) => answers.push(answer),
            Answer::Returned => break,
            Answer::Stuck => {
                answers.push(Err(stuck(limit)));
                return Ok((answers, Some(call)));
            }
        }
    }
    Ok((answers, None))
}

/// Decides about a tick: its runs, or why there are none. A tick at which the function failed isn't dropped: it becomes pending.
async fn take(
    decision: &mut Decision<'_>,
    at: Timestamp,
    pending: Option<Pending>,
    answer: Answered,
) -> Result<(), DaemonError> {
    match (answer, pending) {
        (Err(reason), Some(pending)) => decision.fail_again(&pending, Some(at), reason),
        (Err(reason), None) => decision.fail_pending(PendingWork::Tick { due: at }, Some(at), reason),
        (Ok(runs), pending) => {
            decision.idle = runs.is_empty().then(|| "its function requested no run".to_owned());
            for run in runs {
                decision.request(run, Some(at)).await?;
            }
            if let Some(reason) = decision.idle.take() {
                decision.tick(Some(at), TickOutcome::Idle { reason });
            }
            if let Some(pending) = pending {
                decision.done(&pending);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use millwork_core::{AssetDefinition, Definitions, Misfire, Schedule, TestClock};
    use millwork_storage::Home;

    use super::*;
    use crate::cut_off::cut_off;
    use crate::daemon::{Daemon, DaemonOptions};
    use crate::launcher::fake::FakeLauncher;
    use jiff::SignedDuration;

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
        let launcher = Arc::new(FakeLauncher::default());
        let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
        Daemon::new(pipeline, home, launcher, Arc::new(|_| {})).options(options)
    }

    /// 24 hours of a virtual clock, evaluated at odd moments; 50 times the evaluation is cut off somewhere, and another daemon goes on.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_day_of_ticks_is_requested_once_each_however_often_the_daemon_dies() {
        let folder = millwork_testing::folder();
        let start: Timestamp = "2026-05-01T00:00:30Z".parse().expect("an instant");
        let clock = Arc::new(TestClock::at(start));
        let (mut now, end) = (start, start + SignedDuration::from_hours(24));
        let mut current = daemon(folder.path(), &clock).await;
        let mut schedules = current.schedules();
        schedules.tick().await.expect("an evaluation");
        let mut random: u64 = 7;
        let mut below = |bound: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % bound
        };
        let (mut ticks, mut deaths) = (0, 0);
        while now < end {
            let step = SignedDuration::from_secs(1 + below(150) as i64).min(end.duration_since(now));
            clock.advance(step);
            now += step;
            ticks += 1;
            if deaths < 50 && below(12) == 0 {
                deaths += 1;
                let mut dying = current.schedules();
                cut_off(dying.tick(), below(24)).await;
                current = daemon(folder.path(), &clock).await;
                schedules = current.schedules();
            } else {
                schedules.tick().await.expect("an evaluation");
            }
        }
        schedules.tick().await.expect("an evaluation");
        assert!(deaths == 50 && ticks > 1_000, "{deaths} deaths in {ticks} ticks");

        let store = current.home.store();
        let runs = store.runs(RunQuery::default()).await.expect("runs");
        let mut ticks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for run in &runs {
            let tag = |tag: RunTag| tag.of(&run.request.tags).expect("a tag of the schedule's");
            ticks.entry(tag(RunTag::Schedule)).or_default().push(tag(RunTag::ScheduledFor));
        }
        let counts: Vec<(&str, usize)> = ticks.iter().map(|(name, ticks)| (*name, ticks.len())).collect();
        assert_eq!(counts, [("ingestion", 24), ("prediction", 1_440), ("training", 1)]);
        for ticks in ticks.values_mut() {
            ticks.sort_unstable();
            assert!(ticks.is_sorted_by(|left, right| left < right), "a tick was requested twice");
        }
        assert_eq!(store.ticks(&[], 10_000).await.expect("ticks").len(), runs.len());
    }

    /// The ticks of a minutely schedule for which runs were requested, oldest first.
    async fn requested(daemon: &Daemon) -> Vec<String> {
        let mut runs = daemon.store.runs(RunQuery::default()).await.expect("runs");
        runs.retain(|run| RunTag::Schedule.of(&run.request.tags) == Some("prediction"));
        let mut ticks: Vec<String> =
            runs.iter().map(|run| run.request.tags[RunTag::ScheduledFor.key()].clone()).collect();
        ticks.sort();
        ticks
    }

    async fn tick(daemon: &Daemon, clock: &TestClock, by: SignedDuration) {
        clock.jump(by);
        daemon.schedules().tick().await.expect("an evaluation");
    }

    #[tokio::test]
    async fn after_the_clock_was_a_year_ahead_ticks_go_on_and_none_is_requested_twice() {
        let folder = millwork_testing::folder();
        let clock = Arc::new(TestClock::at("2026-05-01T12:00:30Z".parse().expect("an instant")));
        let daemon = daemon(folder.path(), &clock).await;
        let (minute, year) = (SignedDuration::from_mins(1), SignedDuration::from_hours(24 * 365));
        tick(&daemon, &clock, SignedDuration::ZERO).await;
        tick(&daemon, &clock, minute).await;
        tick(&daemon, &clock, year).await;
        let ahead = requested(&daemon).await.len();
        tick(&daemon, &clock, -year).await;
        assert_eq!(requested(&daemon).await.len(), ahead, "nothing is due at the moment of the jump");
        let ticks = daemon.store.ticks(&[Instigator::Schedule("prediction".into())], 1).await.expect("ticks");
        let TickOutcome::Idle { reason } = &ticks[0].outcome else { panic!("{ticks:?}") };
        assert!(reason.starts_with("the clock was set back by 8760h: ticks go on from now"), "{reason}");
        for _ in 0..3 {
            tick(&daemon, &clock, minute).await;
        }
        let ticks = requested(&daemon).await;
        let of_today: Vec<&str> = ticks.iter().filter_map(|tick| tick.strip_prefix("2026-05-01T")).collect();
        assert_eq!(of_today, ["12:01:00Z", "12:02:00Z", "12:03:00Z", "12:04:00Z"]);
    }

    #[tokio::test]
    async fn ticks_that_were_requested_by_a_clock_that_was_ahead_are_not_requested_again() {
        let folder = millwork_testing::folder();
        let clock = Arc::new(TestClock::at("2026-05-01T12:00:30Z".parse().expect("an instant")));
        let daemon = daemon(folder.path(), &clock).await;
        let minute = SignedDuration::from_mins(1);
        tick(&daemon, &clock, SignedDuration::ZERO).await;
        for _ in 0..5 {
            tick(&daemon, &clock, minute).await;
        }
        let before = requested(&daemon).await;
        assert_eq!(before.len(), 5);
        // Four minutes back, and on over the same minutes.
        tick(&daemon, &clock, minute * -4).await;
        for _ in 0..4 {
            tick(&daemon, &clock, minute).await;
        }
        assert_eq!(requested(&daemon).await, before);
        let ticks = daemon.store.ticks(&[Instigator::Schedule("prediction".into())], 1).await.expect("ticks");
        let reason = "it was requested before the clock was set back".to_owned();
        assert_eq!(ticks[0].outcome, TickOutcome::Idle { reason });
        tick(&daemon, &clock, minute).await;
        assert_eq!(requested(&daemon).await.len(), 6);
    }
}

#[cfg(test)]
mod backfill_tests;
#[cfg(test)]
mod function_tests;
