//! Conditions of partitions in a daemon: windows open by its clock, and another daemon goes on with what is stored.

use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use millwork_core::backfill::Operation;
use millwork_core::definitions::BackfillSpec;
use millwork_core::event::{EventBody, Materialization, NewEvent, Provenance, StoredValue, ValueLocation};
use millwork_core::partition::{KeyMoment, daily, dynamic};
use millwork_core::run::RunStatus;
use millwork_core::{AssetDefinition, AutomationCondition, Definitions, PartitionKey, TestClock};
use millwork_storage::{
    Batch, Claim, Home, NewBackfill, RunQuery, change_partitions, operate_backfill, plan_backfill,
};

use super::*;
use crate::daemon::{Daemon, DaemonOptions};
use crate::launcher::fake::FakeLauncher;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// Visits by day, which people make; what is cleaned of them, and counted; and shops that open.
fn definitions() -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u32, _>();
    let days = || daily("UTC").from("2026-01-01");
    let late = || AutomationCondition::eager() & AutomationCondition::in_latest_time_window(WEEK);
    Definitions::new()
        .asset(asset("visits").partitions(days()).blocking(|_| Ok(1_u32)))
        .asset(
            asset("cleaned")
                .input::<u32>("visits")
                .partitions(days())
                .automation(late())
                .blocking(|_| Ok(1_u32)),
        )
        .asset(
            asset("counted")
                .input::<u32>("cleaned")
                .partitions(days())
                .automation(late())
                .blocking(|_| Ok(1_u32)),
        )
        .asset(
            asset("shops")
                .partitions(dynamic("shops"))
                .automation(AutomationCondition::eager())
                .blocking(|_| Ok(1_u32)),
        )
}

struct Bench {
    daemon: Daemon,
    clock: Arc<TestClock>,
}

impl Bench {
    async fn new(folder: &Path) -> Self {
        Self::of(folder, definitions()).await
    }

    async fn of(folder: &Path, definitions: Definitions) -> Self {
        let clock = Arc::new(TestClock::at("2026-01-05T12:00:30Z".parse().expect("an instant")));
        let home = Home::open(folder).await.expect("a home");
        let pipeline = definitions.resolve().expect("definitions that fit together");
        let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
        let launcher = Arc::new(FakeLauncher::default());
        let daemon = Daemon::new(pipeline, home, launcher, Arc::new(|_| {})).options(options);
        Self { daemon, clock }
    }

    fn now(&self) -> Timestamp {
        self.daemon.options.clock.now()
    }

    fn day(&self, label: &str) -> PartitionKey {
        let graph = self.daemon.pipeline.graph();
        let asset = graph.index("visits").expect("an asset");
        graph.past_partition(asset, label, &KeyMoment::at(self.now()))
    }

    /// Makes a partition of an asset.
    async fn make(&self, asset: &str, label: &str) {
        let partitions = vec![self.day(label)];
        let request = RunRequest { partitions, ..request(vec![asset.into()]) };
        let run = NewRun { id: RunId::new(self.now()), request, at: self.now(), lease: None };
        self.daemon.store.create_run(run).await.expect("a run");
        self.execute().await;
    }

    /// Executes every queued run. Returns what they made.
    async fn execute(&self) -> Vec<String> {
        let (store, mut made) = (&self.daemon.store, Vec::new());
        let queued = RunQuery { statuses: vec![RunStatus::Queued], ..RunQuery::default() };
        for run in store.runs(queued).await.expect("runs") {
            let (now, holder) = (self.now(), self.daemon.home.holder().clone());
            let claim = Claim { run: run.id, holder, now, until: now, resumes: false };
            let fence = store.claim(claim).await.expect("a claim");
            let of_run = |body| NewEvent::of_run(run.id, now, body);
            let mut events = Vec::new();
            for asset in &run.request.assets {
                for partition in &run.request.partitions {
                    let (asset, partition) = (Some(asset.clone()), Some(partition.clone()));
                    events.push(NewEvent { asset, partition, ..of_run(materialized()) });
                }
            }
            events.push(of_run(EventBody::RunSucceeded));
            store.append(Batch { fence: Some(fence), events }).await.expect("events");
            let assets: Vec<&str> = run.request.assets.iter().map(AssetKey::as_str).collect();
            made.push(format!("{}: {}", assets.join(" "), run.request.partitions_in_words()));
        }
        made
    }

    /// What a daemon requests that begins with what is stored, until it requests nothing more.
    async fn settle(&self) -> Vec<String> {
        let mut all = Vec::new();
        for _ in 0..4 {
            let mut conditions = self.daemon.automation();
            conditions.tick().await.expect("an evaluation");
            conditions.tick().await.expect("an evaluation");
            all.extend(self.execute().await);
        }
        all
    }

    fn move_to(&self, time: &str) {
        let time: Timestamp = format!("2026-01-{time}:05Z").parse().expect("an instant");
        self.clock.advance(time.duration_since(self.now()));
    }
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

#[tokio::test]
async fn windows_open_and_a_missing_one_holds_back_what_takes_it() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    let none: [&str; 0] = [];
    bench.make("visits", "2026-01-04").await;
    assert_eq!(bench.settle().await, none, "what was there at first is left alone");
    bench.move_to("06T00:00");
    assert_eq!(bench.settle().await, none, "the visits of the day aren't there yet");
    bench.make("visits", "2026-01-05").await;
    assert_eq!(bench.settle().await, ["cleaned counted: 2026-01-05"]);
    assert_eq!(bench.settle().await, none);
    // Two days later the visits of one are late.
    bench.move_to("07T00:00");
    assert_eq!(bench.settle().await, none);
    bench.move_to("08T00:00");
    bench.make("visits", "2026-01-07").await;
    assert_eq!(bench.settle().await, ["cleaned counted: 2026-01-07"]);
    bench.make("visits", "2026-01-06").await;
    assert_eq!(bench.settle().await, ["cleaned counted: 2026-01-06"]);
    assert_eq!(bench.settle().await, none);
    let mut conditions = bench.daemon.automation();
    conditions.tick().await.expect("an evaluation");
    conditions.tick().await.expect("an evaluation");
    let commits = bench.daemon.store.counts().commits;
    conditions.tick().await.expect("an evaluation");
    assert_eq!(bench.daemon.store.counts().commits, commits, "nothing is written where nothing happens");
}

#[tokio::test]
async fn a_daemon_looks_when_the_next_window_opens() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    let mut conditions = bench.daemon.automation();
    conditions.tick().await.expect("an evaluation");
    conditions.tick().await.expect("an evaluation");
    let next = conditions.tick().await.expect("an evaluation");
    let midnight: Timestamp = "2026-01-06T00:00:00Z".parse().expect("an instant");
    let until: Duration = midnight.duration_since(bench.now()).try_into().expect("a span");
    assert!(matches!(next, NextTick::Within(span) if span == until));
}

#[tokio::test]
async fn a_text_that_is_added_is_made() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    let add = async |text: &str| {
        let added = [text.to_owned()];
        let changed = change_partitions(&*bench.daemon.store, "shops", (&added, &[]), bench.now()).await;
        changed.expect("a store").expect("a change");
    };
    add("north").await;
    bench.settle().await;
    add("south").await;
    assert_eq!(bench.settle().await, ["shops: south"]);
    bench.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(bench.settle().await, [""; 0]);
}

#[tokio::test]
async fn what_a_backfill_is_going_to_make_is_left_to_it() {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u32, _>();
    let days = || daily("UTC").from("2026-01-01");
    let visits = asset("visits").partitions(days()).blocking(|_| Ok(1_u32));
    let condition = AutomationCondition::eager() & !AutomationCondition::backfill_in_progress();
    let billed = asset("billed").input::<u32>("visits").partitions(days()).automation(condition);
    let definitions = Definitions::new().asset(visits).asset(billed.blocking(|_| Ok(1_u32)));
    let folder = millwork_testing::folder();
    let bench = Bench::of(folder.path(), definitions).await;
    let none: [&str; 0] = [];
    bench.make("visits", "2026-01-03").await;
    assert_eq!(bench.settle().await, none);
    bench.move_to("06T00:00");
    let (store, pipeline) = (&*bench.daemon.store, &bench.daemon.pipeline);
    let spec = BackfillSpec::new(RunSpec::of("*"), "2026-01-05");
    let planned =
        plan_backfill(store, pipeline, spec, bench.now()).await.expect("the store").expect("a plan");
    let new = NewBackfill { request: planned.request, plan: planned.plan, at: bench.now() };
    let id = store.create_backfill(new).await.expect("a backfill");
    bench.make("visits", "2026-01-05").await;
    assert_eq!(bench.settle().await, none, "the backfill makes it");
    let canceled = operate_backfill(store, id, Operation::Cancel, bench.now()).await;
    canceled.expect("the store").expect("it is open");
    assert_eq!(bench.settle().await, ["billed: 2026-01-05"]);
}
