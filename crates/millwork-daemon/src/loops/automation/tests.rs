//! Automation over a day of a virtual clock.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use millwork_core::event::{EventBody, Materialization, NewEvent, Provenance, StoredValue, ValueLocation};
use millwork_core::run::RunStatus;
use millwork_core::{
    AssetDefinition, AutomationCondition, Definitions, Misfire, Schedule, SwitchedCursor, TestClock,
};
use millwork_storage::{Batch, Claim, Home, RunQuery};

use super::*;
use crate::cut_off::cut_off;
use crate::daemon::{Daemon, DaemonOptions};
use crate::launcher::fake::FakeLauncher;
use crate::loops::schedules::Schedules;

/// The reference job's shape: an hourly schedule, features that follow it, a model that is trained once a day, and
/// predictions with the current model every minute.
fn definitions() -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u32, _>();
    let hourly = Schedule::new("hourly", ["@hourly"], "stories");
    Definitions::new()
        .asset(asset("stories").blocking(|_| Ok(1_u32)))
        .asset(
            asset("features")
                .input::<u32>("stories")
                .automation(AutomationCondition::eager())
                .blocking(|_| Ok(1_u32)),
        )
        .asset(
            asset("model")
                .input::<u32>("features")
                .automation(AutomationCondition::on_cron("0 4 * * *", "UTC"))
                .blocking(|_| Ok(1_u32)),
        )
        .asset(
            asset("predictions")
                .input::<u32>("model")
                .automation(AutomationCondition::on_every_tick("* * * * *", "UTC"))
                .blocking(|_| Ok(1_u32)),
        )
        .schedule(hourly.misfire(Misfire::All { limit: 100 }).on_by_default())
}

struct Bench {
    daemon: Daemon,
    clock: Arc<TestClock>,
    schedules: Schedules,
    conditions: Conditions,
}

impl Bench {
    async fn new(folder: &Path) -> Self {
        let start: Timestamp = "2026-05-01T00:00:30Z".parse().expect("an instant");
        let clock = Arc::new(TestClock::at(start));
        let daemon = daemon(folder, &clock).await;
        let bench = Self { schedules: daemon.schedules(), conditions: daemon.automation(), daemon, clock };
        let all = ["stories", "features", "model", "predictions"].map(AssetKey::from).to_vec();
        let run = NewRun { id: RunId::new(start), request: request(all), at: start, lease: None };
        bench.daemon.store.create_run(run).await.expect("a run");
        bench.execute(true).await;
        bench
    }

    fn now(&self) -> Timestamp {
        self.daemon.options.clock.now()
    }

    async fn tick(&mut self) {
        self.schedules.tick().await.expect("an evaluation");
        self.conditions.tick().await.expect("an evaluation");
    }

    /// Reads what the last tick requested, and the outcomes.
    async fn settle(&mut self, succeed: bool) {
        for _ in 0..5 {
            self.tick().await;
            self.execute(succeed).await;
        }
    }

    /// Executes every queued run.
    async fn execute(&self, succeed: bool) {
        let store = &self.daemon.store;
        let queued = RunQuery { statuses: vec![RunStatus::Queued], ..RunQuery::default() };
        for run in store.runs(queued).await.expect("runs") {
            let (now, holder) = (self.now(), self.daemon.home.holder().clone());
            let claim = Claim { run: run.id, holder, now, until: now, resumes: false };
            let fence = store.claim(claim).await.expect("a claim");
            let of_run = |body| NewEvent::of_run(run.id, now, body);
            let made = |asset: &AssetKey| NewEvent { asset: Some(asset.clone()), ..of_run(materialized()) };
            let mut events: Vec<NewEvent> = run.request.assets.iter().filter(|_| succeed).map(made).collect();
            events.push(of_run(match succeed {
                true => EventBody::RunSucceeded,
                false => EventBody::run_failed("it is broken"),
            }));
            store.append(Batch { fence: Some(fence), events }).await.expect("events");
        }
    }

    /// The number of requests of each asset, except in the first run.
    async fn counts(&self) -> BTreeMap<String, usize> {
        let runs = self.daemon.store.runs(RunQuery::default()).await.expect("runs");
        let mut counts = BTreeMap::new();
        for asset in runs.iter().rev().skip(1).flat_map(|run| &run.request.assets) {
            *counts.entry(asset.to_string()).or_default() += 1;
        }
        counts
    }
}

async fn daemon(folder: &Path, clock: &Arc<TestClock>) -> Daemon {
    let home = Home::open(folder).await.expect("a home");
    let pipeline = definitions().resolve().expect("definitions that fit together");
    let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
    let launcher = Arc::new(FakeLauncher::default());
    Daemon::new(pipeline, home, launcher, Arc::new(|_| {})).options(options)
}

fn materialized() -> EventBody {
    let stored =
        StoredValue { location: ValueLocation::Database, bytes: 1, format: "json".into(), hash: None };
    let provenance = Provenance { code_version: "1".into(), inputs: Vec::new(), config: None };
    EventBody::Materialized(Materialization {
        version: None,
        data_version: "1".into(),
        provenance,
        stored,
        metadata: Default::default(),
    })
}

/// 24 hours of a virtual clock; 50 times the evaluation is cut off somewhere, and another daemon goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_requested_once_however_often_the_daemon_dies() {
    let folder = millwork_testing::folder();
    let mut bench = Bench::new(folder.path()).await;
    bench.tick().await;
    let end = bench.now() + SignedDuration::from_hours(24);
    let mut random: u64 = 7;
    let mut below = |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % bound
    };
    let (mut ticks, mut deaths) = (0, 0);
    while bench.now() < end {
        let step = SignedDuration::from_secs(10 + below(50) as i64).min(end.duration_since(bench.now()));
        bench.clock.advance(step);
        ticks += 1;
        if deaths < 50 && below(40) == 0 {
            deaths += 1;
            let mut dying = bench.daemon.automation();
            cut_off(dying.tick(), below(24)).await;
            bench.daemon = daemon(folder.path(), &bench.clock).await;
            (bench.schedules, bench.conditions) = (bench.daemon.schedules(), bench.daemon.automation());
        }
        bench.tick().await;
        bench.execute(true).await;
    }
    bench.settle(true).await;
    assert!(deaths == 50 && ticks > 1_400, "{deaths} deaths in {ticks} ticks");
    let expected = [("features", 24), ("model", 1), ("predictions", 1_440), ("stories", 24)];
    assert_eq!(bench.counts().await, expected.map(|(key, count)| (key.to_owned(), count)).into());
}

#[tokio::test]
async fn nothing_is_written_where_nothing_happens_and_failures_are_damped() {
    let folder = millwork_testing::folder();
    let mut bench = Bench::new(folder.path()).await;
    bench.settle(true).await;
    let commits = bench.daemon.store.counts().commits;
    bench.settle(true).await;
    assert_eq!(bench.daemon.store.counts().commits, commits);
    assert_eq!(bench.counts().await, BTreeMap::new(), "what is missing or old at first is left alone");
    // Ten minutes of failures: every minute a tick, but after the second failure a pause of 1, 2, 4 … minutes.
    for _ in 0..20 {
        bench.clock.advance(SignedDuration::from_secs(30));
        bench.tick().await;
        bench.execute(false).await;
    }
    assert_eq!(bench.counts().await["predictions"], 5);
}

#[tokio::test]
async fn what_is_switched_off_is_left_alone() {
    let folder = millwork_testing::folder();
    let mut bench = Bench::new(folder.path()).await;
    bench.settle(true).await;
    for (instigator, on, expected) in [
        (Instigator::Automation(Some("predictions".into())), Some(false), 0),
        (Instigator::Automation(Some("predictions".into())), None, 1),
        (Instigator::Automation(None), Some(false), 1),
        (Instigator::Automation(None), Some(true), 2),
    ] {
        bench.daemon.store.switch(&instigator, on, SwitchedCursor::Cleared).await.expect("a switch");
        bench.settle(true).await;
        bench.clock.advance(SignedDuration::from_secs(60));
        bench.settle(true).await;
        let requested = bench.counts().await.get("predictions").copied().unwrap_or(0);
        assert_eq!(requested, expected, "{instigator} is {on:?}");
    }
}

/// The clock is ahead for one evaluation, and then goes over the same minutes again.
#[tokio::test]
async fn after_the_clock_was_ahead_conditions_go_on_and_take_no_tick_twice() {
    let folder = millwork_testing::folder();
    let mut bench = Bench::new(folder.path()).await;
    bench.settle(true).await;
    let minute = SignedDuration::from_mins(1);
    for _ in 0..3 {
        bench.clock.advance(minute);
        bench.settle(true).await;
    }
    assert_eq!(bench.counts().await["predictions"], 3);
    let year = SignedDuration::from_hours(24 * 365);
    bench.clock.jump(year);
    bench.settle(true).await;
    assert_eq!(bench.counts().await["predictions"], 4, "the newest tick of a year");
    // Another daemon reads what is stored.
    bench.conditions = bench.daemon.automation();
    bench.clock.jump(-year - minute * 2);
    bench.settle(true).await;
    let ticks = bench.daemon.store.ticks(&[Instigator::Automation(None)], 1).await.expect("ticks");
    let TickOutcome::Idle { reason } = &ticks[0].outcome else { panic!("{ticks:?}") };
    assert!(reason.starts_with("the clock was set back by 8760h 2m"), "{reason}");
    for expected in [4, 4, 5, 6] {
        bench.clock.advance(minute);
        bench.settle(true).await;
        assert_eq!(bench.counts().await["predictions"], expected);
    }
}

/// A failure with a time in the future delays nothing until then.
#[tokio::test]
async fn failures_by_a_clock_that_was_ahead_hold_back_as_long_as_others() {
    let folder = millwork_testing::folder();
    let mut bench = Bench::new(folder.path()).await;
    bench.settle(true).await;
    let (minute, year) = (SignedDuration::from_mins(1), SignedDuration::from_hours(24 * 365));
    bench.clock.jump(year);
    for _ in 0..4 {
        bench.clock.advance(minute);
        bench.tick().await;
        bench.execute(false).await;
    }
    bench.tick().await;
    bench.clock.jump(-year);
    bench.settle(true).await;
    let before = bench.counts().await["predictions"];
    for _ in 0..10 {
        bench.clock.advance(minute);
        bench.settle(true).await;
    }
    assert!(bench.counts().await["predictions"] > before);
}
