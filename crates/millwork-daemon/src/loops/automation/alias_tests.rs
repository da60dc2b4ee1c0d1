//! Conditions of assets that follow an alias: it is updated when it moves, and missing while it doesn't exist.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use millwork_core::asset::Decision;
use millwork_core::automation::{AssetState, explain};
use millwork_core::event::{
    AliasChange, AliasMoved, EventBody, Materialization, Mover, NewEvent, Provenance, StoredValue,
    ValueLocation, VersionJudged,
};
use millwork_core::model::{Author, ModelHistory};
use millwork_core::run::{RunId, RunRequest, RunStatus};
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{
    Absent, AssetDefinition, AssetKey, AssetPartition, AutomationCondition, Computation, Definitions,
    GateDefinition, Requirements, StepFunction, StepResult, TestClock, Verdict,
};
use millwork_storage::{Batch, Claim, Home, NewRun, RunQuery, change_model};

use super::Conditions;
use crate::daemon::{Daemon, DaemonOptions};
use crate::daemon_loop::DaemonLoop as _;
use crate::launcher::fake::FakeLauncher;

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u32, _>().blocking(|_| Ok(1_u32))
}

fn gate() -> GateDefinition {
    let mut requirements = Requirements { challenger: Some("model".into()), ..Requirements::default() };
    requirements.input::<u32>("model");
    let function = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
    GateDefinition::new("better", "model", Computation::new(requirements, function))
}

/// Predictions of what is new, eagerly, by the latest model.
fn latest() -> Definitions {
    let predictions = AssetDefinition::new("predictions").produces::<u32, _>();
    let predictions = predictions.input::<u32>("new").input::<u32>("model").blocking(|_| Ok(1_u32));
    with(predictions)
}

/// Predictions of what is new, eagerly, by the champion.
fn following() -> Definitions {
    let predictions = AssetDefinition::new("predictions").produces::<u32, _>();
    let predictions = predictions.input::<u32>("new").blocking(|_| Ok(1_u32)).policy(|computation| {
        let champion = ReadAs::Alias(AliasName::champion());
        computation.requirements.version::<u32>("model", champion, Absent::SkipsTheStep);
    });
    with(predictions)
}

fn with(predictions: AssetDefinition) -> Definitions {
    let predictions = predictions.automation(AutomationCondition::eager());
    Definitions::new().assets([asset("model"), asset("new"), predictions]).gate(gate())
}

struct Bench {
    daemon: Daemon,
    clock: Arc<TestClock>,
    conditions: Conditions,
}

impl Bench {
    /// A daemon whose conditions have been evaluated before.
    async fn new(folder: &Path, definitions: Definitions) -> Self {
        let home = Home::open(folder).await.expect("a home");
        let pipeline = definitions.resolve().expect("definitions that fit together");
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
        let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
        let launcher = Arc::new(FakeLauncher::default());
        let daemon = Daemon::new(pipeline, home, launcher, Arc::new(|_| {})).options(options);
        let mut bench = Self { conditions: daemon.automation(), daemon, clock };
        bench.tick().await;
        bench
    }

    fn now(&self) -> Timestamp {
        self.daemon.options.clock.now()
    }

    async fn tick(&mut self) {
        self.clock.advance(SignedDuration::from_secs(1));
        self.conditions.tick().await.expect("an evaluation");
    }

    async fn record(&self, run: Option<RunId>, bodies: Vec<(&str, EventBody)>) {
        let at = self.now();
        let event = |(asset, body): (&str, EventBody)| NewEvent {
            run,
            at,
            step: None,
            asset: Some(asset.into()),
            partition: None,
            attempt: 0,
            body,
            value: None,
        };
        let events = bodies.into_iter().map(event).collect();
        self.daemon.store.append(Batch { fence: None, events }).await.expect("events");
    }

    /// The requests for predictions that a tick makes; their runs succeed.
    async fn requests(&mut self) -> usize {
        self.tick().await;
        let store = self.daemon.store.clone();
        let queued = RunQuery { statuses: vec![RunStatus::Queued], ..RunQuery::default() };
        let runs = store.runs(queued).await.expect("runs");
        for run in &runs {
            assert_eq!(run.request.assets, [AssetKey::from("predictions")]);
            self.succeed(run.id, vec![("predictions", materialized(None))]).await;
        }
        self.tick().await;
        runs.len()
    }

    /// A run that makes these and succeeds.
    async fn succeed(&self, run: RunId, made: Vec<(&str, EventBody)>) {
        let (store, now) = (&self.daemon.store, self.now());
        let claim = Claim { run, holder: self.daemon.home.holder().clone(), now, until: now, resumes: false };
        store.claim(claim).await.expect("a claim");
        self.record(Some(run), made).await;
        let end = vec![NewEvent::of_run(run, now, EventBody::RunSucceeded)];
        store.append(Batch { fence: None, events: end }).await.expect("its end");
    }

    async fn change(
        &self,
        decide: impl FnOnce(
            &ModelHistory,
            &Author,
        ) -> Result<Vec<EventBody>, millwork_core::model::OperationError>,
    ) {
        let author = Author { by: Mover::Person("ada".to_owned()), reason: String::new() };
        let model = AssetPartition::new("model".into(), None);
        let decide = |history: &ModelHistory| decide(history, &author);
        change_model(&*self.daemon.store, &model, self.now(), decide).await.expect("a change");
    }

    async fn promote(&self, version: u32) {
        self.change(|history, author| history.promote(&"model".into(), &champion(), number(version), author))
            .await;
    }

    /// Why predictions were or weren't requested.
    async fn explanation(&self) -> String {
        let key = AssetKey::from("predictions");
        let row = self.daemon.store.automation_rows(Some(&key)).await.expect("a row").remove(0);
        let state: AssetState = serde_json::from_str(&row.state.expect("a state")).expect("a state");
        let graph = self.daemon.pipeline.graph();
        let condition = graph.asset("predictions").and_then(|node| node.spec.automation.clone());
        explain(&key, &condition.expect("a condition"), &state.memory.expect("a memory"))
            .expect("an explanation")
            .to_string()
    }
}

fn champion() -> AliasName {
    AliasName::champion()
}

fn number(version: u32) -> VersionNumber {
    VersionNumber::new(version).expect("a version")
}

fn provenance() -> Provenance {
    Provenance { code_version: "1".into(), inputs: Vec::new(), config: None }
}

fn materialized(version: Option<u32>) -> EventBody {
    let stored =
        StoredValue { location: ValueLocation::Database, bytes: 1, format: "json".into(), hash: None };
    EventBody::Materialized(Materialization {
        version: version.and_then(VersionNumber::new),
        data_version: "1".into(),
        provenance: provenance(),
        stored,
        metadata: Default::default(),
    })
}

/// A version, and its gate's verdict: it is promoted over `before`, or kept.
fn trained(version: u32, decision: Decision, before: Option<u32>) -> Vec<(&'static str, EventBody)> {
    let before = before.and_then(VersionNumber::new);
    let judged = EventBody::VersionJudged(VersionJudged {
        gate: "better".to_owned(),
        version: number(version),
        against: before,
        decision: Some(decision),
        asked: None,
        shadow: None,
        answers: None,
        reason: String::new(),
        metadata: Default::default(),
        provenance: provenance(),
    });
    let moved = EventBody::AliasMoved(AliasMoved {
        alias: champion(),
        from: before,
        to: Some(number(version)),
        data_version: Some("1".into()),
        change: AliasChange::Promoted,
        by: Mover::Gate("better".to_owned()),
        reason: String::new(),
    });
    let mut events = vec![("model", materialized(Some(version))), ("model", judged)];
    if decision == Decision::Promote {
        events.push(("model", moved));
    }
    events
}

#[tokio::test]
async fn readers_are_requested_when_the_champion_is_another_one_and_not_before() {
    let folder = millwork_testing::folder();
    let mut bench = Bench::new(folder.path(), following()).await;
    bench.record(None, vec![("new", materialized(None))]).await;
    assert_eq!(bench.requests().await, 0, "there is no champion yet");
    let explanation = bench.explanation().await;
    assert!(
        explanation.contains("model@champion") && explanation.contains("any_deps_missing"),
        "{explanation}"
    );
    bench.record(None, trained(1, Decision::Keep, None)).await;
    assert_eq!(bench.requests().await, 0, "a version that nobody uses");
    bench.promote(1).await;
    assert_eq!(bench.requests().await, 1, "the first one is in use");
    bench.record(None, trained(2, Decision::Keep, Some(1))).await;
    assert_eq!(bench.requests().await, 0, "a challenger was kept");
    bench.record(None, trained(3, Decision::Promote, Some(1))).await;
    assert_eq!(bench.requests().await, 1, "the gate promoted a challenger");
    bench.promote(2).await;
    bench.tick().await;
    let explanation = bench.explanation().await;
    assert!(explanation.contains("requested: any_deps_updated (`model@champion`)"), "{explanation}");
    assert_eq!(bench.requests().await, 1, "a person did");
    bench.change(|history, author| history.roll_back(&"model".into(), &champion(), None, author)).await;
    assert_eq!(bench.requests().await, 1, "a person went back");
    bench.change(|history, author| history.remove_alias(&"model".into(), &champion(), author)).await;
    bench.record(None, vec![("new", materialized(None))]).await;
    assert_eq!(bench.requests().await, 0, "no version is in use any more");
    assert_eq!(bench.requests().await, 0);
}

/// The run that trains the champion makes the predictions as well: they are as new as it is, whenever that is noticed.
#[tokio::test]
async fn a_run_that_trains_and_predicts_is_not_followed_by_another() {
    for is_seen_in_between in [false, true] {
        let folder = millwork_testing::folder();
        let mut bench = Bench::new(folder.path(), following()).await;
        bench.record(None, vec![("new", materialized(None))]).await;
        bench.record(None, trained(1, Decision::Promote, None)).await;
        assert_eq!(bench.requests().await, 1);
        let (store, at) = (bench.daemon.store.clone(), bench.now());
        let request = RunRequest::of_assets(vec!["model".into(), "predictions".into()]);
        let run = RunId::new(at);
        store.create_run(NewRun { id: run, request, at, lease: None }).await.expect("a run");
        let claim =
            Claim { run, holder: bench.daemon.home.holder().clone(), now: at, until: at, resumes: false };
        store.claim(claim).await.expect("a claim");
        bench.record(Some(run), trained(2, Decision::Promote, Some(1))).await;
        if is_seen_in_between {
            bench.tick().await;
        }
        bench.record(Some(run), vec![("predictions", materialized(None))]).await;
        let end = vec![NewEvent::of_run(run, bench.now(), EventBody::RunSucceeded)];
        store.append(Batch { fence: None, events: end }).await.expect("its end");
        assert_eq!(bench.requests().await, 0, "{is_seen_in_between}");
        assert_eq!(bench.requests().await, 0, "{is_seen_in_between}");
    }
}

/// Where the alias points is known although it was moved before conditions were first evaluated, or before an asset followed it.
#[tokio::test]
async fn a_champion_of_before_is_known() {
    for before in [without_conditions(), latest()] {
        let folder = millwork_testing::folder();
        let mut before = Bench::new(folder.path(), before).await;
        before.record(None, trained(1, Decision::Promote, None)).await;
        before.record(None, vec![("predictions", materialized(None)), ("new", materialized(None))]).await;
        before.requests().await;
        let mut bench = Bench::new(folder.path(), following()).await;
        bench.requests().await;
        assert_eq!(bench.requests().await, 0);
        bench.record(None, vec![("new", materialized(None))]).await;
        assert_eq!(bench.requests().await, 1);
        // Another daemon goes on with what is stored.
        let mut next = Bench::new(folder.path(), following()).await;
        assert_eq!(next.requests().await, 0);
        next.record(None, trained(2, Decision::Promote, Some(1))).await;
        assert_eq!(next.requests().await, 1);
    }
}

/// No condition is evaluated here.
fn without_conditions() -> Definitions {
    Definitions::new().assets([asset("model"), asset("new"), asset("predictions")]).gate(gate())
}
