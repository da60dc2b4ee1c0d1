//! Backfills by daemons that come and go between any two steps, with runs that are really executed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use jiff::SignedDuration;
use millwork_core::backfill::{BackfillOptions, Operation, StopRule};
use millwork_core::definitions::BackfillSpec;
use millwork_core::event::EventKind;
use millwork_core::partition::{TimeWindows, daily, weekly};
use millwork_core::run::{RunRetries, RunSpec};
use millwork_core::{
    AssetDefinition, AssetKey, BackfillPolicy, Computation, Definitions, Problem, StepPartition, TestClock,
};
use millwork_engine::{Cancel, Engine, EngineOptions};
use millwork_storage::{Claim, Home, NewBackfill, RunQuery, operate_backfill, plan_backfill};

use super::*;
use crate::daemon::{Daemon, DaemonOptions};
use crate::launcher::fake::FakeLauncher;

const WEEK: &str = "2024-01-07..2024-01-13";

fn days() -> TimeWindows {
    daily("UTC").from("2024-01-07").until("2024-01-21")
}

/// The labels of days that fail.
type Failing = Arc<Mutex<BTreeSet<String>>>;

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u8, _>()
}

/// Days, of which some fail, what follows from each, and their weeks.
fn definitions(failing: &Failing, policy: Option<BackfillPolicy>) -> Definitions {
    let failing = failing.clone();
    let day = asset("days").partitions(days()).blocking(move |step| {
        let label = step.partition().map(|key| key.label().to_owned()).unwrap_or_default();
        match failing.lock().expect("the labels").contains(&label) {
            true => Err(Problem::new("it rains").into()),
            false => Ok(1_u8),
        }
    });
    let next = asset("next").input::<u8>("days").partitions(days()).blocking(|_| Ok(2_u8));
    let limited = |asset: AssetDefinition| AssetDefinition { backfill: policy, ..asset };
    let weeks = weekly("UTC").from("2024-01-07").until("2024-01-21");
    let gather = |computation: &mut Computation| computation.requirements.partitions::<u8>("days");
    let weeks = asset("weeks").partitions(weeks).policy(gather).blocking(|_| Ok(3_u8));
    Definitions::new().asset(limited(day)).asset(limited(next)).asset(weeks)
}

struct Bench {
    folder: tempfile::TempDir,
    clock: Arc<TestClock>,
    failing: Failing,
    policy: Option<BackfillPolicy>,
    adjust: fn(Definitions) -> Definitions,
    reported: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    fn new(adjust: fn(Definitions) -> Definitions) -> Self {
        let clock = Arc::new(TestClock::at("2024-02-01T00:00:00Z".parse().expect("an instant")));
        let (failing, reported) = (Failing::default(), Arc::default());
        Self { folder: millwork_testing::folder(), clock, failing, policy: None, adjust, reported }
    }

    fn failing(self, labels: &[&str]) -> Self {
        self.fail(labels);
        self
    }

    fn fail(&self, labels: &[&str]) {
        *self.failing.lock().expect("the labels") = labels.iter().map(|label| (*label).to_owned()).collect();
    }

    /// A daemon that has just started.
    async fn daemon(&self) -> Daemon {
        let home = Home::open(self.folder.path()).await.expect("a home");
        let pipeline = (self.adjust)(definitions(&self.failing, self.policy)).resolve().expect("definitions");
        let options = DaemonOptions { clock: self.clock.clone(), ..DaemonOptions::default() };
        let reported = self.reported.clone();
        let observer = Arc::new(move |event: &DaemonEvent| {
            reported.lock().expect("the list").push(event.to_string());
        });
        Daemon::new(pipeline, home, Arc::new(FakeLauncher::default()), observer).options(options)
    }

    async fn create(&self, options: BackfillOptions) -> BackfillId {
        let daemon = self.daemon().await;
        let spec = BackfillSpec { options, ..BackfillSpec::new(RunSpec::of("*"), WEEK) };
        let at = self.clock.now();
        let planned = plan_backfill(&*daemon.store, &daemon.pipeline, spec, at).await.expect("the store");
        let planned = planned.expect("a plan");
        let new = NewBackfill { request: planned.request, plan: planned.plan, at };
        daemon.store.create_backfill(new).await.expect("a backfill")
    }

    async fn operate(&self, id: BackfillId, operation: Operation) -> String {
        let daemon = self.daemon().await;
        let done =
            operate_backfill(&*daemon.store, id, operation, self.clock.now()).await.expect("the store");
        done.map_or_else(|error| error.to_string(), |stored| stored.record.status.to_string())
    }

    /// A tick of a daemon that has just started.
    async fn tick(&self) {
        self.daemon().await.backfills().tick().await.expect("a tick");
    }

    async fn queued(&self) -> Vec<RunRecord> {
        let query = RunQuery { statuses: vec![RunStatus::Queued], ..RunQuery::default() };
        let mut runs = self.daemon().await.store.runs(query).await.expect("runs");
        runs.reverse();
        runs
    }

    /// Executes the queued runs, and returns how many there were.
    async fn execute(&self) -> usize {
        let daemon = self.daemon().await;
        let queued = self.queued().await;
        for run in &queued {
            let (home, options) =
                (&daemon.home, EngineOptions { clock: self.clock.clone(), ..EngineOptions::default() });
            let holder = home.holder().clone();
            let engine = Engine::new(daemon.pipeline.clone(), home.store(), &home.values_path(), holder)
                .options(options);
            if let Err(error) = engine.execute(run.id, &Cancel::default(), Arc::new(|_| {})).await {
                // The queue settles a run whose process ends without an end of its run.
                let record = daemon.store.run(run.id).await.expect("the store").expect("a run");
                let fence = Fence { run: run.id, epoch: record.epoch };
                let end = EventBody::run_failed(error.to_string());
                daemon.store.end_run(fence, end, self.clock.now()).await.expect("its end");
            }
        }
        queued.len()
    }

    /// Ticks and executes until nothing is to be done; the backfill as it is then.
    async fn go_on(&self, id: BackfillId) -> String {
        loop {
            self.tick().await;
            if self.execute().await == 0 {
                return self.shown(id).await;
            }
        }
    }

    async fn shown(&self, id: BackfillId) -> String {
        let stored = self.daemon().await.store.backfill(id).await.expect("the store").expect("a backfill");
        assert_eq!(stored.record.status, stored.backfill.status());
        assert_eq!(stored.record.counts, stored.backfill.state().counts());
        format!("{}: {}", stored.record.status, stored.record.counts)
    }

    /// How often each step succeeded, of each partition.
    async fn successes(&self) -> BTreeMap<StepPartition, usize> {
        let kinds = Some(EventKind::StepSucceeded.into());
        let query = EventQuery { kinds, ..EventQuery::default() };
        let mut counts = BTreeMap::new();
        for event in self.daemon().await.store.events(query).await.expect("events") {
            *counts.entry(event.step_partition().expect("a step")).or_default() += 1;
        }
        counts
    }

    /// A run ends as if its process had been killed.
    async fn kill(&self, run: RunId) {
        let (daemon, now) = (self.daemon().await, self.clock.now());
        let (holder, until) = (daemon.home.holder().clone(), now + SignedDuration::from_hours(24));
        let fence =
            daemon.store.claim(Claim { run, holder, now, until, resumes: false }).await.expect("a claim");
        let end = EventBody::RunLost { reason: "killed".to_owned(), class: FailureClass::Killed };
        assert!(daemon.store.end_run(fence, end, now).await.expect("its end"));
    }
}

fn at_a_time(runs: u32) -> BackfillOptions {
    let runs_at_a_time = runs.try_into().expect("more than 0");
    BackfillOptions { runs_at_a_time, ..BackfillOptions::default() }
}

#[tokio::test]
async fn each_partition_is_made_once_by_daemons_that_come_and_go() {
    let bench = Bench::new(|definitions| definitions);
    let id = bench.create(at_a_time(3)).await;
    bench.tick().await;
    bench.tick().await;
    let queued = bench.queued().await;
    assert_eq!(queued.len(), 3, "no more than three at a time, however often one looks");
    let first = &queued[0].request;
    assert_eq!(first.origin().as_deref(), Some("backfill `1`"));
    let named: Vec<&str> = first.assets.iter().map(AssetKey::as_str).collect();
    assert_eq!((named, first.partitions_in_words()), (vec!["days", "next"], "2024-01-07".to_owned()));
    assert_eq!(bench.go_on(id).await, "succeeded: 8 succeeded");
    let successes = bench.successes().await;
    assert_eq!(successes.len(), 7 + 7 + 1);
    assert!(successes.values().all(|count| *count == 1));
    let reported = bench.reported.lock().expect("the list").clone();
    assert_eq!(reported.last().map(String::as_str), Some("backfill 1 succeeded: 8 succeeded"));
    assert_eq!(bench.operate(id, Operation::Pause).await, "cannot pause a backfill that is succeeded");
}

/// A daemon has ended a run that it was about to take back, and the backfill is resumed before that is recorded.
#[tokio::test]
async fn a_run_that_was_taken_back_is_made_however_soon_it_is_resumed() {
    let bench = Bench::new(|definitions| definitions);
    let id = bench.create(at_a_time(3)).await;
    bench.tick().await;
    assert_eq!(bench.operate(id, Operation::Pause).await, "paused");
    let (daemon, runs) = (bench.daemon().await, bench.queued().await);
    let store = &daemon.store;
    let stored = store.backfill(id).await.expect("the store").expect("a backfill");
    let mut backfill = stored.backfill.clone();
    runs.iter().take(2).for_each(|run| backfill.withdrawing(run.id).expect("a run"));
    let (state, at) = (backfill.state().clone(), bench.clock.now());
    let change = BackfillChange { id, revision: stored.revision, state, runs: Vec::new(), at };
    assert!(store.change_backfill(change).await.expect("a change"));
    let fence = Fence { run: runs[0].id, epoch: runs[0].epoch };
    assert!(store.end_run(fence, EventBody::RunCanceled, at).await.expect("its end"));
    assert_eq!(bench.operate(id, Operation::Resume).await, "running");
    assert_eq!(bench.go_on(id).await, "succeeded: 8 succeeded");
    assert!(bench.successes().await.values().all(|count| *count == 1));
}

#[tokio::test]
async fn what_failed_is_made_by_a_retry() {
    let bench = Bench::new(|definitions| definitions).failing(&["2024-01-09"]);
    let id = bench.create(at_a_time(4)).await;
    assert_eq!(bench.go_on(id).await, "failed: 6 succeeded, 1 failed, 1 skipped");
    let daemon = bench.daemon().await;
    let stored = daemon.store.backfill(id).await.expect("the store").expect("a backfill");
    let failures = millwork_storage::backfill_failures(&*daemon.store, daemon.pipeline.graph(), &stored, 9);
    let failures = failures.await.expect("failures");
    let step = failures[0].step.as_ref().expect("a step").quoted();
    assert_eq!(
        (failures.len(), step.as_str(), &*failures[0].reason),
        (1, "`days` (partition `2024-01-09`)", "it rains")
    );
    bench.fail(&[]);
    assert_eq!(bench.operate(id, Operation::Retry).await, "running");
    assert_eq!(bench.go_on(id).await, "succeeded: 8 succeeded");
    assert!(bench.successes().await.values().all(|count| *count == 1));
}

#[tokio::test]
async fn a_run_of_several_partitions_fails_only_for_some() {
    let bench = Bench::new(|definitions| definitions).failing(&["2024-01-09", "2024-01-12"]);
    let options = BackfillOptions { partitions_per_run: 7.try_into().ok(), ..at_a_time(4) };
    let id = bench.create(options).await;
    bench.tick().await;
    assert_eq!(bench.queued().await[0].request.partitions.len(), 7);
    assert_eq!(bench.go_on(id).await, "failed: 5 succeeded, 2 failed, 1 skipped");
}

#[tokio::test]
async fn an_asset_may_limit_the_partitions_of_a_run() {
    let policy = Some(BackfillPolicy::multi_run(3));
    let bench = Bench { policy, ..Bench::new(|definitions| definitions) };
    let id = bench.create(at_a_time(9)).await;
    bench.tick().await;
    let sizes: Vec<usize> = bench.queued().await.iter().map(|run| run.request.partitions.len()).collect();
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(bench.go_on(id).await, "succeeded: 8 succeeded");
}

#[tokio::test]
async fn it_is_canceled_with_its_runs() {
    let bench = Bench::new(|definitions| definitions);
    let id = bench.create(at_a_time(2)).await;
    bench.tick().await;
    assert_eq!(bench.operate(id, Operation::Cancel).await, "canceling");
    assert!(bench.queued().await.is_empty());
    assert_eq!(bench.go_on(id).await, "canceled: 8 canceled");

    // What cancels it may end before it has told the runs.
    let id = bench.create(at_a_time(2)).await;
    bench.tick().await;
    let daemon = bench.daemon().await;
    let mut stored = daemon.store.backfill(id).await.expect("the store").expect("a backfill");
    stored.backfill.cancel().expect("it runs");
    let state = stored.backfill.state().clone();
    let change =
        BackfillChange { id, revision: stored.revision, state, runs: Vec::new(), at: bench.clock.now() };
    assert!(daemon.store.change_backfill(change).await.expect("a change"));
    assert_eq!(bench.queued().await.len(), 2);
    assert_eq!(bench.go_on(id).await, "canceled: 8 canceled");
}

#[tokio::test]
async fn a_pause_ends_with_a_resume() {
    let bench = Bench::new(|definitions| definitions);
    let id = bench.create(at_a_time(2)).await;
    assert_eq!(bench.operate(id, Operation::Pause).await, "paused");
    bench.tick().await;
    assert!(bench.queued().await.is_empty());
    assert_eq!(bench.operate(id, Operation::Pause).await, "cannot pause a backfill that is paused");
    assert_eq!(bench.operate(id, Operation::Resume).await, "running");
    bench.tick().await;
    assert_eq!(bench.queued().await.len(), 2);

    // What hasn't begun is taken back, and made after the resume.
    assert_eq!(bench.operate(id, Operation::Pause).await, "paused");
    bench.tick().await;
    assert!(bench.queued().await.is_empty());
    assert_eq!(bench.shown(id).await, "paused: 8 waiting");
    assert_eq!(bench.operate(id, Operation::Resume).await, "running");
    assert_eq!(bench.go_on(id).await, "succeeded: 8 succeeded");
}

#[tokio::test]
async fn too_many_failures_end_it() {
    let all = ["2024-01-07", "2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11"];
    let bench = Bench::new(|definitions| definitions).failing(&all);
    let stop = StopRule::Share { share: 0.5, finished: 2 };
    let id = bench.create(BackfillOptions { stop, ..at_a_time(1) }).await;
    assert_eq!(bench.go_on(id).await, "failed: 5 waiting, 2 failed, 1 skipped");
    bench.fail(&[]);
    assert_eq!(bench.operate(id, Operation::Retry).await, "running");
    assert_eq!(bench.go_on(id).await, "succeeded: 8 succeeded");
}

#[tokio::test]
async fn a_run_that_vanishes_is_lost_and_made_by_a_retry() {
    let bench = Bench::new(|definitions| definitions);
    let id = bench.create(at_a_time(2)).await;
    bench.tick().await;
    bench.kill(bench.queued().await[0].id).await;
    assert_eq!(bench.go_on(id).await, "failed: 6 succeeded, 1 lost, 1 skipped");
    assert_eq!(bench.operate(id, Operation::Retry).await, "running");
    assert_eq!(bench.go_on(id).await, "succeeded: 8 succeeded");
}

/// A run that is lost is retried by the rules of the pipeline; the backfill waits for that.
async fn retried(adjust: fn(Definitions) -> Definitions) {
    let bench = Bench::new(adjust);
    bench.daemon().await.run_retries().begin().await.expect("the beginning");
    let id = bench.create(at_a_time(1)).await;
    bench.tick().await;
    let lost = bench.queued().await[0].id;
    bench.kill(lost).await;
    bench.tick().await;
    bench.tick().await;
    assert!(bench.queued().await.is_empty(), "it isn't decided yet whether the run is retried");
    assert_eq!(bench.shown(id).await, "running: 1 running, 7 waiting");
    bench.daemon().await.run_retries().tick().await.expect("a retry");
    bench.clock.advance(SignedDuration::from_hours(1));
    bench.tick().await;
    assert_eq!(bench.queued().await.len(), 1, "that of the retry alone");
    assert_eq!(bench.go_on(id).await, "succeeded: 8 succeeded");
    assert!(bench.successes().await.values().all(|count| *count == 1));
}

#[tokio::test]
async fn a_retried_run_goes_on_as_the_same() {
    retried(|definitions| definitions.run_retries(RunRetries::of(1, [FailureClass::Killed]))).await;
}

#[tokio::test]
async fn a_run_that_is_repeated_takes_the_place_of_the_other() {
    retried(|definitions| definitions.run_retries(RunRetries::of(1, [FailureClass::Killed]).from_scratch()))
        .await;
}

#[tokio::test]
async fn two_daemons_start_each_run_once() {
    let bench = Bench::new(|definitions| definitions);
    let id = bench.create(at_a_time(3)).await;
    let (mut one, mut other) = (bench.daemon().await.backfills(), bench.daemon().await.backfills());
    let (first, second) = tokio::join!(one.tick(), other.tick());
    first.expect("a tick");
    second.expect("a tick");
    assert_eq!(bench.queued().await.len(), 3);
    assert_eq!(bench.go_on(id).await, "succeeded: 8 succeeded");
}

#[tokio::test]
async fn a_backfill_goes_on_when_definitions_change() {
    // The asset that was to be made is gone: its runs fail and say so, and the backfill ends.
    let bench = Bench::new(|definitions| definitions);
    let id = bench.create(at_a_time(9)).await;
    let gone = Bench { adjust: |_| Definitions::new().asset(asset("other").blocking(|_| Ok(1_u8))), ..bench };
    gone.tick().await;
    gone.execute().await;
    gone.tick().await;
    assert_eq!(gone.shown(id).await, "failed: 7 failed, 1 skipped");
}
