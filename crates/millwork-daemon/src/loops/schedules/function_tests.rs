//! Schedules whose runs are named by a function that fails, requests the same twice, requests impossible runs, and blocks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use millwork_core::{AssetDefinition, BoxError, Definitions, TestClock};
use millwork_storage::{Home, RunQuery, Tick};

use super::*;
use crate::daemon::{Daemon, DaemonOptions};
use crate::launcher::fake::FakeLauncher;

const LONG: Duration = Duration::from_secs(300);

struct Bench {
    daemon: Daemon,
    schedules: Schedules,
    clock: Arc<TestClock>,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// A minutely schedule with this function, and one without, evaluated for the first time.
    async fn new(
        misfire: Misfire,
        timeout: Duration,
        runs: impl Fn(Timestamp) -> Runs + Send + Sync + 'static,
    ) -> Self {
        let folder = millwork_testing::folder();
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:30Z".parse().expect("an instant")));
        let home = Home::open(folder.path()).await.expect("a home");
        let asset = |key: &str| AssetDefinition::new(key).produces::<u32, _>().blocking(|_| Ok(1_u32));
        let minutely = |name, selection| Schedule::new(name, ["* * * * *"], selection).on_by_default();
        let pipeline = Definitions::new()
            .assets(["one", "two"].map(asset))
            .schedule(minutely("named", "one").runs(runs).misfire(misfire).timeout(timeout))
            .schedule(minutely("plain", "two"))
            .resolve()
            .expect("definitions that fit together");
        let launcher = Arc::new(FakeLauncher::default());
        let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
        let daemon = Daemon::new(pipeline, home, launcher, Arc::new(|_| {})).options(options);
        let schedules = daemon.schedules();
        let mut bench = Self { daemon, schedules, clock, _folder: folder };
        bench.tick().await;
        bench
    }

    async fn tick(&mut self) {
        self.schedules.tick().await.expect("a tick");
        for (_, evaluation) in self.schedules.under_way.drain() {
            evaluation.await.expect("an evaluation");
        }
    }

    /// Moves the wall clock, back if `seconds` is negative, and evaluates.
    async fn after(&mut self, seconds: i64) {
        self.clock.jump(SignedDuration::from_secs(seconds));
        self.tick().await;
    }

    /// The number of runs that a schedule has requested.
    async fn runs(&self, schedule: &str) -> usize {
        let tag = Some((RunTag::Schedule.key().to_owned(), schedule.to_owned()));
        self.daemon.store.runs(RunQuery { tag, ..RunQuery::default() }).await.expect("runs").len()
    }

    async fn pending(&self) -> Vec<Pending> {
        self.daemon.store.pending(&[], 100).await.expect("what is pending")
    }

    /// The outcomes of the ticks of the schedule with the function, oldest first.
    async fn outcomes(&self) -> Vec<String> {
        let named = self.daemon.pipeline.schedule("named").expect("it is defined").instigator();
        let mut ticks = self.daemon.store.ticks(&[named], 100).await.expect("ticks");
        ticks.reverse();
        let outcome = |tick: Tick| match tick.outcome {
            TickOutcome::Requested { .. } => "requested".to_owned(),
            TickOutcome::Backfill { backfill } => format!("backfill {backfill}"),
            TickOutcome::Skipped { ticks } => format!("{ticks} skipped"),
            TickOutcome::Idle { reason } => format!("idle: {reason}"),
            TickOutcome::Cooldown { reason, .. }
            | TickOutcome::BudgetSpent { reason, .. }
            | TickOutcome::RolledBack { reason, .. }
            | TickOutcome::Failed { reason } => format!("failed: {reason}"),
        };
        ticks.into_iter().map(outcome).collect()
    }
}

type Runs = Result<Vec<RunSpec>, BoxError>;

#[tokio::test]
async fn a_tick_at_which_the_function_fails_is_tried_again_until_a_newer_one_comes() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let mut bench = Bench::new(Misfire::One, LONG, move |_| match counted.fetch_add(1, Ordering::SeqCst) {
        0 | 2 => Err("it can't be reached".into()),
        3 => panic!("oh no"),
        _ => Ok(vec![RunSpec::of("one")]),
    })
    .await;
    bench.after(30).await;
    assert_eq!(
        (bench.outcomes().await, bench.runs("named").await),
        (vec!["failed: it can't be reached".into()], 0)
    );
    bench.after(5).await;
    assert_eq!(
        (bench.runs("named").await, bench.pending().await),
        (1, vec![]),
        "tried again, for the same tick"
    );
    bench.after(55).await;
    assert_eq!((bench.runs("named").await, bench.pending().await.len()), (1, 1));
    // Two minutes later the older tick isn't retried any more.
    bench.after(60).await;
    assert!(bench.outcomes().await.contains(&"failed: its function panicked: oh no".to_owned()));
    assert_eq!(bench.pending().await.len(), 1);
    bench.after(60).await;
    assert_eq!((bench.runs("named").await, bench.pending().await), (2, vec![]));
    assert_eq!((calls.load(Ordering::SeqCst), bench.runs("plain").await), (5, 4));
}

#[tokio::test]
async fn a_schedule_that_runs_for_all_ticks_catches_up_with_those_that_failed() {
    let calls = Arc::new(AtomicUsize::new(0));
    let mut bench =
        Bench::new(Misfire::All { limit: 10 }, LONG, move |_| match calls.fetch_add(1, Ordering::SeqCst) {
            0..3 => Err("it can't be reached".into()),
            _ => Ok(vec![RunSpec::of("one")]),
        })
        .await;
    bench.after(3 * 60).await;
    assert_eq!((bench.runs("named").await, bench.pending().await.len()), (0, 3));
    bench.after(5).await;
    assert_eq!((bench.runs("named").await, bench.pending().await.len()), (3, 0));
}

#[tokio::test]
async fn keys_hold_in_a_tick_and_across_ticks_and_what_cannot_be_made_is_pending() {
    let runs = |_| {
        let of = |asset: &str, key: &str| RunSpec::of(asset).key(key);
        Ok(vec![of("one", "ada"), of("one", "ada"), of("one", "bob"), of("onee", "eve")])
    };
    let mut bench = Bench::new(Misfire::One, LONG, runs).await;
    bench.after(30).await;
    assert_eq!((bench.runs("named").await, bench.pending().await.len()), (2, 1));
    bench.after(60).await;
    assert_eq!((bench.runs("named").await, bench.pending().await.len()), (2, 1));
    let outcomes = bench.outcomes().await;
    assert_eq!(outcomes[..2], ["requested", "requested"], "{outcomes:?}");
    assert!(outcomes[2].starts_with("failed: can't request a run of `onee`"), "{outcomes:?}");
    assert!(outcomes.last().is_some_and(|last| last.starts_with("idle: ")), "{outcomes:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_function_that_blocks_holds_up_no_other_schedule() {
    let (release, blocked) = channel::<()>();
    let blocked = Mutex::new(blocked);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let mut bench = Bench::new(Misfire::One, Duration::ZERO, move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = blocked.lock().unwrap().recv();
        Ok(vec![RunSpec::of("one")])
    })
    .await;
    let named = bench.daemon.pipeline.schedule("named").expect("it is defined").instigator();
    bench.clock.advance(SignedDuration::from_secs(30));
    while bench.daemon.store.state(&named).await.expect("a state").stuck_since.is_none() {
        bench.schedules.tick().await.expect("a tick");
        tokio::task::yield_now().await;
    }
    bench.clock.advance(SignedDuration::from_secs(60));
    bench.schedules.tick().await.expect("a tick");
    assert_eq!((bench.runs("plain").await, calls.load(Ordering::SeqCst)), (2, 1));
    assert!(
        bench.outcomes().await.iter().all(|outcome| outcome.contains("isn't called again until it returns"))
    );
    // It returns, too late for its answer to count, and runs for the newest tick.
    drop(release);
    while bench.runs("named").await == 0 {
        bench.schedules.tick().await.expect("a tick");
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.daemon.store.state(&named).await.expect("a state").stuck_since, None);
}
