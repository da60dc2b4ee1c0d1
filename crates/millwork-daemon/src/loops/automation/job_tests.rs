//! The condition of a job, evaluated by daemons that come and go: what is remembered, requested, held back and recorded.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration as Span;

use jiff::SignedDuration;
use millwork_core::asset::AssetMetric;
use millwork_core::event::{
    AliasChange, AliasMoved, EventBody, Materialization, Mover, NewEvent, Provenance, StoredValue,
    ValueLocation,
};
use millwork_core::partition::mapping::Mapping;
use millwork_core::partition::{daily, weekly};
use millwork_core::run::{RunId, RunStatus, RunTag};
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{
    Absent, AssetDefinition, AutomationCondition as Condition, Clock as _, Definitions, Instigator, Job,
    MetadataValue, SwitchedCursor, TestClock,
};
use millwork_storage::{BackfillQuery, Batch, Claim, Home, RunQuery, TickOutcome};

use super::Conditions;
use crate::daemon::{Daemon, DaemonOptions};
use crate::daemon_loop::DaemonLoop as _;
use crate::launcher::fake::FakeLauncher;

const HOUR: i64 = 3600;

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u32, _>().blocking(|_| Ok(1_u32))
}

/// A model, predictions by its champion, and their live performance.
fn definitions() -> Definitions {
    let predictions = asset("predictions").policy(|computation| {
        let champion = ReadAs::Alias(AliasName::champion());
        computation.requirements.version::<u32>("model", champion, Absent::SkipsTheStep);
    });
    let live = AssetDefinition::new("live").produces::<u32, _>().input::<u32>("predictions");
    let live = live.blocking(|_| Ok(1_u32)).describe(|spec| spec.metric = Some(AssetMetric::lower("MAE")));
    Definitions::new().assets([asset("stories"), asset("model"), predictions, live])
}

fn with(condition: Condition) -> Definitions {
    definitions().job(Job::new("train", "model").automation(condition))
}

/// Worse than at promotion, once a day, and twice a week.
fn decay() -> Condition {
    let hours = |hours: u64| Span::from_secs(hours * 3600);
    let decay = Condition::metric("live", "MAE").worse_than_at_promotion(0.15);
    decay.cooldown(hours(24)).budget(2, hours(7 * 24))
}

/// Two hours old, once a day.
fn old() -> Condition {
    let hours = |hours: u64| Span::from_secs(hours * 3600);
    Condition::older_than("model", hours(2)).cooldown(hours(24))
}

/// Daemons that are started anew for each tick, on one clock.
struct Daemons<'a> {
    folder: &'a Path,
    definitions: fn() -> Definitions,
    clock: Arc<TestClock>,
}

impl<'a> Daemons<'a> {
    fn new(folder: &'a Path, definitions: fn() -> Definitions) -> Self {
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
        Self { folder, definitions, clock }
    }

    async fn next(&self) -> (Daemon, Conditions) {
        let home = Home::open(self.folder).await.expect("a home");
        let pipeline = (self.definitions)().resolve().expect("definitions that fit together");
        let options = DaemonOptions { clock: self.clock.clone(), ..DaemonOptions::default() };
        let daemon = Daemon::new(pipeline, home, Arc::new(FakeLauncher::default()), Arc::new(|_| {}));
        let daemon = daemon.options(options);
        let conditions = daemon.automation();
        (daemon, conditions)
    }

    /// What a daemon requests that is started after this time: the reasons. Its runs succeed.
    async fn after(&self, hours: i64) -> Vec<String> {
        self.clock.advance(SignedDuration::from_secs(hours * HOUR));
        let (daemon, mut conditions) = self.next().await;
        conditions.tick().await.expect("an evaluation");
        let queued = RunQuery { statuses: vec![RunStatus::Queued], ..RunQuery::default() };
        let runs = daemon.store.runs(queued).await.expect("runs");
        let mut reasons = Vec::new();
        for run in runs {
            assert_eq!(RunTag::Job.of(&run.request.tags), Some("train"));
            assert_eq!(RunTag::Automation.of(&run.request.tags), Some("job:train"));
            reasons.extend(RunTag::Reason.of(&run.request.tags).map(str::to_owned));
            succeed(&daemon, run.id).await;
        }
        // Killed and started once more, it requests nothing again.
        let (_, mut conditions) = self.next().await;
        conditions.tick().await.expect("an evaluation");
        conditions.tick().await.expect("an evaluation");
        let queued = RunQuery { statuses: vec![RunStatus::Queued], ..RunQuery::default() };
        assert!(daemon.store.runs(queued).await.expect("runs").is_empty());
        reasons
    }

    async fn record(&self, asset: &str, body: EventBody) {
        let (daemon, _) = self.next().await;
        let event = NewEvent::of_run(RunId::from_u128(1), daemon.options.clock.now(), body);
        let event = NewEvent { run: None, asset: Some(asset.into()), ..event };
        daemon.store.append(Batch { fence: None, events: vec![event] }).await.expect("an event");
    }

    async fn live(&self, mae: f64) {
        self.record("live", made(&[("MAE", mae)], None)).await;
    }

    /// A version of the model that is made and comes into use.
    async fn promoted(&self, version: u32, from: Option<u32>) {
        self.record("model", made(&[], Some(version))).await;
        let number = |version| VersionNumber::new(version);
        let moved = AliasMoved {
            alias: AliasName::champion(),
            from: from.and_then(number),
            to: number(version),
            data_version: Some("1".into()),
            change: AliasChange::Promoted,
            by: Mover::Person("ada".to_owned()),
            reason: String::new(),
        };
        self.record("model", EventBody::AliasMoved(moved)).await;
    }

    /// What was recorded of runs that are held back, oldest first.
    async fn held_back(&self) -> Vec<String> {
        let (daemon, _) = self.next().await;
        let ticks = daemon.store.ticks(&[], 100).await.expect("ticks");
        let outcome = |outcome: TickOutcome| match outcome {
            TickOutcome::Cooldown { subject, until, .. } => {
                Some(format!("{subject} cools down until {until}"))
            }
            TickOutcome::BudgetSpent { subject, until, .. } => Some(format!("{subject} waits until {until}")),
            TickOutcome::Requested { .. }
            | TickOutcome::Backfill { .. }
            | TickOutcome::Skipped { .. }
            | TickOutcome::Idle { .. }
            | TickOutcome::RolledBack { .. }
            | TickOutcome::Failed { .. } => None,
        };
        ticks.into_iter().rev().filter_map(|tick| outcome(tick.outcome)).collect()
    }
}

fn made(numbers: &[(&str, f64)], version: Option<u32>) -> EventBody {
    let stored =
        StoredValue { location: ValueLocation::Database, bytes: 1, format: "json".into(), hash: None };
    let number = |(label, number): &(&str, f64)| ((*label).to_owned(), MetadataValue::Float(*number));
    EventBody::Materialized(Materialization {
        version: version.and_then(VersionNumber::new),
        data_version: "1".into(),
        provenance: Provenance { code_version: "1".into(), inputs: Vec::new(), config: None },
        stored,
        metadata: numbers.iter().map(number).collect(),
    })
}

async fn succeed(daemon: &Daemon, run: RunId) {
    let (now, holder) = (daemon.options.clock.now(), daemon.home.holder().clone());
    let claim = Claim { run, holder, now, until: now, resumes: false };
    let fence = daemon.store.claim(claim).await.expect("a claim");
    let events = vec![NewEvent::of_run(run, now, EventBody::RunSucceeded)];
    daemon.store.append(Batch { fence: Some(fence), events }).await.expect("its end");
}

#[tokio::test]
async fn a_job_is_requested_by_numbers_and_held_back_by_cooldown_and_budget() {
    let folder = millwork_testing::folder();
    let daemons = Daemons::new(folder.path(), || with(decay()));
    assert!(daemons.after(1).await.is_empty());
    daemons.promoted(1, None).await;
    daemons.live(12.0).await;
    assert!(daemons.after(1).await.is_empty());
    daemons.live(14.25).await;
    let worse = "MAE 14.25 is 18.8 % worse than 12 at promotion of version 1";
    assert_eq!(daemons.after(1).await, [worse]);
    assert!(daemons.after(23).await.is_empty());
    assert_eq!(daemons.after(1).await, [worse], "a day later it is still so");
    assert!(daemons.after(24).await.is_empty(), "the second of the week was the last");
    assert!(daemons.after(1).await.is_empty());
    assert_eq!(
        daemons.held_back().await,
        [
            "job:train cools down until 2026-05-02T03:00:00Z",
            "job:train cools down until 2026-05-03T03:00:00Z",
            "job:train waits until 2026-05-08T03:00:00Z",
        ]
    );
    daemons.promoted(2, Some(1)).await;
    assert!(daemons.after(24 * 7).await.is_empty(), "another version begins anew");
    daemons.live(10.0).await;
    assert!(daemons.after(1).await.is_empty());
    daemons.live(20.0).await;
    assert_eq!(daemons.after(1).await, ["MAE 20 is 100 % worse than 10 at promotion of version 2"]);
}

/// A condition that is new finds what was before it in the log, in a home in which others have been evaluated.
#[tokio::test]
async fn a_condition_finds_what_was_before_it() {
    let folder = millwork_testing::folder();
    let before = || with(Condition::metric("live", "RMSE").above(1_000.0));
    for definitions in [definitions as fn() -> Definitions, before] {
        let folder = millwork_testing::folder();
        let daemons = Daemons::new(folder.path(), definitions);
        daemons.after(1).await;
        daemons.live(99.0).await;
        daemons.promoted(1, None).await;
        daemons.live(12.0).await;
        daemons.live(24.0).await;
        daemons.after(1).await;
        let next = Daemons { definitions: || with(decay()), ..daemons };
        assert_eq!(next.after(1).await, ["MAE 24 is 100 % worse than 12 at promotion of version 1"]);
    }
    let daemons = Daemons::new(folder.path(), || with(old()));
    daemons.promoted(1, None).await;
    assert!(daemons.after(1).await.is_empty());
    assert_eq!(daemons.after(1).await, ["model is 2h old, older than 2h"]);
}

/// Sums go on where a daemon has stopped, and each row counts once.
#[tokio::test]
async fn new_rows_are_counted_once_across_daemons() {
    let folder = millwork_testing::folder();
    let daemons = Daemons::new(folder.path(), || with(Condition::new_rows("stories", 10)));
    daemons.after(1).await;
    for (rows, expected) in [(6.0, 0), (3.0, 0), (1.0, 1), (9.0, 0), (1.0, 1)] {
        let mut body = made(&[("rows", rows)], None);
        if let EventBody::Materialized(made) = &mut body {
            made.data_version = daemons.clock.now().to_string().as_str().into();
        }
        daemons.record("stories", body).await;
        assert_eq!(daemons.after(1).await.len(), expected, "{rows}");
    }
}

/// Days, and, of a job, the weeks of them as well.
fn of_days(makes: &'static str) -> Definitions {
    let days = asset("days").partitions(daily("UTC").from("2026-04-01"));
    let weeks = asset("weeks").partitions(weekly("UTC").from("2026-04-05")).policy(|computation| {
        computation.requirements.mapped(&Mapping::inferred().tolerate_missing(), |requirements| {
            requirements.partitions::<u32>("days");
        });
    });
    definitions().assets([days, weeks]).job(Job::new("train", makes).automation(old()))
}

#[tokio::test]
async fn a_job_of_windows_makes_those_that_have_just_ended() {
    let folder = millwork_testing::folder();
    let daemons = Daemons::new(folder.path(), || of_days("days"));
    daemons.promoted(1, None).await;
    assert!(daemons.after(1).await.is_empty());
    assert_eq!(daemons.after(1).await, ["model is 2h old, older than 2h"]);
    let (daemon, _) = daemons.next().await;
    let runs = daemon.store.runs(RunQuery::default()).await.expect("runs");
    assert_eq!(runs[0].request.partitions_in_words(), "2026-04-30");

    // Where they are partitioned differently, it is a backfill.
    let folder = millwork_testing::folder();
    let daemons = Daemons::new(folder.path(), || of_days("days or weeks"));
    daemons.promoted(1, None).await;
    assert!(daemons.after(1).await.is_empty());
    assert!(daemons.after(1).await.is_empty(), "there is no run yet");
    let (daemon, _) = daemons.next().await;
    let backfills = daemon.store.backfills(BackfillQuery::default()).await.expect("backfills");
    let [backfill] = &backfills[..] else { panic!("{backfills:?}") };
    assert_eq!(RunTag::Job.of(&backfill.request.tags), Some("train"));
    assert_eq!(RunTag::Reason.of(&backfill.request.tags), Some("model is 2h old, older than 2h"));
    let ticks = daemon.store.ticks(&[], 100).await.expect("ticks");
    assert!(ticks.iter().any(|tick| tick.outcome == TickOutcome::Backfill { backfill: backfill.id }));
}

#[tokio::test]
async fn a_job_that_is_off_is_not_requested() {
    let folder = millwork_testing::folder();
    let daemons = Daemons::new(folder.path(), || with(Condition::metric("live", "MAE").above(12.0)));
    let (daemon, _) = daemons.next().await;
    let train = Instigator::Automation(Some("job:train".into()));
    daemon.store.switch(&train, Some(false), SwitchedCursor::Cleared).await.expect("a switch");
    daemons.live(13.0).await;
    assert!(daemons.after(1).await.is_empty());
    daemon.store.switch(&train, Some(true), SwitchedCursor::Cleared).await.expect("a switch");
    // The condition is a state, which holds when it is first evaluated.
    let (daemon, mut conditions) = daemons.next().await;
    conditions.tick().await.expect("an evaluation");
    assert_eq!(daemon.store.runs(RunQuery::default()).await.expect("runs").len(), 1);
}
