//! A pipeline with something of every kind, and a home in which it has happened.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::alert::Alert;
use millwork_core::automation::{AssetMemory, AssetState, Hold, NodeId, Outcome, Truth};
use millwork_core::event::{
    Asked, BacktestOutcome, BacktestedVersion, EventBody, InputVersion, Materialization, Mover, NewEvent,
    Provenance, StoredValue, ValueLocation, VersionJudged, VersionsBacktested,
};
use millwork_core::index::TypedIndex as _;
use millwork_core::model::Author;
use millwork_core::partition::dynamic;
use millwork_core::run::{Failure, FailureClass, FailureKind, RunId, RunRequest, RunSpec};
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{
    Absent, AlertRule, AssetDefinition, AssetMetric, AssetPartition, AutomationCondition, Better,
    Computation, Config, Decision, Definitions, Destination, FreshnessPolicy, FromStep as _, GateDefinition,
    Instigator, Job, LiveMeasure, LivePerformance, LiveWindow, MetadataValue, Misfire, PartitionsDefinition,
    RecordedConfig, Requirements, Schedule, Secret, Sensor, SensorOutcome, Series, StepFunction, StepResult,
    Trigger, Verdict,
};
use millwork_storage::{
    AutomationRow, Batch, Claim, Commit, Holder, ModelAction, NewDelivery, NewPending, NewRun, PendingWork,
    Seen, Store, TakeSlots, Tick, TickOutcome, act_on_model,
};
use serde_json::json;

/// A run that failed, as its id is written.
pub(crate) const FAILED: &str = "00000000-0000-0000-0000-00000000000f";
/// One that waits.
pub(crate) const QUEUED: &str = "00000000-0000-0000-0000-0000000000ab";
/// One that was canceled before it began.
pub(crate) const CANCELED: &str = "00000000-0000-0000-0000-0000000000ca";

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code, reason = "only the schema is used")]
struct Load {
    #[serde(default)]
    rows: u32,
}

pub(crate) fn definitions() -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
    let day = Duration::from_secs(24 * 3600);
    Definitions::new()
        .asset(
            asset("load")
                .describe(|spec| spec.description = "What is loaded.".to_owned())
                .pool("disk")
                .policy(|computation| Config::<Load>::requirements(&mut computation.requirements)),
        )
        .asset(AssetDefinition::new("outside"))
        .asset(AssetDefinition::new("deep/down"))
        .asset(asset("daily").partitions(PartitionsDefinition::fixed(["monday", "tuesday"])))
        .asset(asset("sold").partitions(dynamic("countries")))
        .asset(asset("late").describe(|spec| {
            spec.freshness = Some(FreshnessPolicy::time_window(day, Some(day / 2)));
        }))
        .asset(
            asset("made")
                .describe(|spec| spec.metric = Some(AssetMetric::higher("rows")))
                .automation(AutomationCondition::eager()),
        )
        .asset(asset("model").describe(|spec| spec.metric = Some(AssetMetric::lower("MAE"))))
        .asset(asset("predicted").input::<u8>("model").blocking(|_| Ok(0_u8)))
        .gate(gate())
        .asset(asset("held").automation(AutomationCondition::on_missing()))
        .asset(asset("never").automation(AutomationCondition::on_missing()))
        .pool("disk", 2)
        .job(Job::new("nightly", "load").config(json!({ "load": { "rows": 5 } })).tag("team", "data"))
        .schedule(
            Schedule::new("hourly", ["@hourly"], "load").misfire(Misfire::All { limit: 3 }).on_by_default(),
        )
        .schedule(Schedule::new("weekly", ["@weekly"], "load").misfire(Misfire::Skip))
        .sensor(Sensor::new("inbox", async |_| Ok(SensorOutcome::default())))
        .sensor(Sensor::on_check_failure("watch", "load", |_, _| Ok(SensorOutcome::default())))
        .alert(
            AlertRule::new("broken")
                .when(Trigger::RunFailed)
                .to(Destination::webhook(Secret::env("NO_WEBHOOK")).optional()),
        )
}

/// The gate of the model, which compares with the champion.
fn gate() -> GateDefinition {
    let mut requirements = Requirements { challenger: Some("model".into()), ..Requirements::default() };
    requirements.input::<u8>("model");
    requirements.version::<u8>("model", ReadAs::Alias(AliasName::champion()), Absent::IsNone);
    let function = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
    GateDefinition::new("is_better", "model", Computation::new(requirements, function))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_763_000_000 + second).unwrap()
}

/// Writes down what happened.
pub(crate) async fn fill(store: &dyn Store) {
    runs(store).await;
    values(store).await;
    versions(store).await;
    instigators(store).await;
    let holder = holder();
    store.take_slots(TakeSlots::one("disk", 2, &holder, at(0), Timestamp::MAX)).await.unwrap().unwrap();
}

fn holder() -> Holder {
    Holder { id: "holder".to_owned(), host: "host".to_owned(), pid: 7, boot: "boot".to_owned() }
}

async fn runs(store: &dyn Store) {
    let request = RunRequest::of_assets(["load".into(), "made".into()]);
    let request = RunRequest { tags: [("team".to_owned(), "data".to_owned())].into(), ..request };
    for id in [FAILED, QUEUED, CANCELED] {
        let (id, request) = (id.parse::<RunId>().unwrap(), request.clone().queued());
        store.create_run(NewRun { id, request, at: at(0), lease: None }).await.unwrap();
    }
    store.request_cancel(CANCELED.parse().unwrap(), at(1)).await.unwrap();
    let run = FAILED.parse().unwrap();
    let claim = Claim { run, holder: holder(), now: at(1), until: at(31), resumes: false };
    let fence = store.claim(claim).await.unwrap();
    let failure = Failure::new(FailureKind::Error, "the disk is full").with_hint("free some space");
    let panic = Failure { location: Some("a.rs:1:2".to_owned()), ..Failure::new(FailureKind::Panic, "no") };
    let mut events = Vec::new();
    for (step, body) in [
        ("load", EventBody::StepStarted),
        ("load", EventBody::StepRetrying { failure: panic, delay_ms: 5 }),
        ("load", EventBody::StepStarted),
        ("load", EventBody::StepFailed { failure }),
        ("made", EventBody::StepSkipped { reason: "`load` failed".to_owned() }),
    ] {
        let event = NewEvent::of_run(run, at(2), body);
        events.push(NewEvent { step: Some(step.into()), attempt: 1, ..event });
    }
    let end = EventBody::RunFailed { reason: "step `load` failed".to_owned(), class: FailureClass::Error };
    events.push(NewEvent::of_run(run, at(3), end));
    store.append(Batch { fence: Some(fence), events }).await.unwrap();
}

async fn values(store: &dyn Store) {
    let upstream = AssetPartition::new("outside".into(), None);
    let changed = Provenance {
        code_version: "c".into(),
        inputs: vec![InputVersion {
            version: None,
            read_as: Default::default(),
            upstream,
            data_version: Some("v".into()),
        }],
        config: None,
    };
    let config = RecordedConfig { effective: json!({ "rows": 40 }), standing: Some(json!({ "rows": 0 })) };
    let made = |asset: &str, partition: Option<&str>, provenance: &Provenance| {
        let stored = StoredValue {
            location: ValueLocation::Database,
            bytes: 1,
            format: "json".to_owned(),
            hash: None,
        };
        let provenance = provenance.clone();
        let metadata = [("rows".to_owned(), 5.into())].into();
        let body = Materialization { version: None, data_version: "d".into(), provenance, stored, metadata };
        NewEvent {
            run: None,
            at: at(4),
            step: None,
            asset: Some(asset.into()),
            partition: partition.map(Into::into),
            attempt: 0,
            body: EventBody::Materialized(body),
            value: None,
        }
    };
    let current = Provenance { code_version: "1".into(), inputs: Vec::new(), config: None };
    let events = vec![
        made("load", None, &Provenance { config: Some(config.into()), ..changed.clone() }),
        made("daily", Some("monday"), &changed),
        made("late", None, &current),
    ];
    store.append(Batch { fence: None, events }).await.unwrap();
}

/// Four versions of a model: one in use, one that was, one that is kept, and one about which people are asked.
async fn versions(store: &dyn Store) {
    let model = AssetPartition::new("model".into(), None);
    let event = |asset: &str, second: i64, body| NewEvent {
        run: None,
        at: at(second),
        step: None,
        asset: Some(asset.into()),
        partition: None,
        attempt: 0,
        body,
        value: None,
    };
    let number = |version| VersionNumber::new(version).unwrap();
    let input = |asset: &str, version| InputVersion {
        upstream: AssetPartition::new(asset.into(), None),
        data_version: Some("d".into()),
        version: Some(number(version)),
        read_as: ReadAs::Latest,
    };
    let made = |asset: &str, version: u32, inputs: Vec<InputVersion>| {
        let location = ValueLocation::Database;
        let stored = StoredValue { location, bytes: 1, format: "json".to_owned(), hash: None };
        let series = Series::by_index("round", [("loss".to_owned(), vec![2.0, 1.0])]);
        let error = MetadataValue::Float(13.0 - f64::from(version));
        event(
            asset,
            10 + i64::from(version),
            EventBody::Materialized(Materialization {
                version: Some(number(version)),
                data_version: format!("d{version}").as_str().into(),
                provenance: Provenance { inputs, ..Provenance::reported() },
                stored,
                metadata: [("MAE".to_owned(), error), ("loss".to_owned(), MetadataValue::Series(series))]
                    .into(),
            }),
        )
    };
    let judged = |version, decision: Option<Decision>| {
        let asked = Asked { of: "the team".to_owned(), until: Some(at(99)), then: Some(Decision::Keep) };
        event(
            "model",
            20 + i64::from(version),
            EventBody::VersionJudged(VersionJudged {
                gate: "is_better".to_owned(),
                version: number(version),
                against: Some(number(1)),
                decision,
                asked: decision.is_none().then_some(asked),
                shadow: None,
                answers: None,
                reason: "the error".to_owned(),
                metadata: [("gain".to_owned(), MetadataValue::Float(0.5))].into(),
                provenance: Provenance::reported(),
            }),
        )
    };
    let tested = |version, outcome| BacktestedVersion {
        version: number(version),
        outcome,
        reason: "the error".to_owned(),
        metadata: [("gain".to_owned(), MetadataValue::Float(0.5))].into(),
    };
    let backtest = VersionsBacktested {
        gate: "is_better".to_owned(),
        against: Some(number(2)),
        versions: vec![
            tested(2, BacktestOutcome::Judged { decision: Decision::Keep }),
            tested(1, BacktestOutcome::ValueRemoved),
        ],
        provenance: Provenance::reported(),
    };
    let mut events: Vec<NewEvent> = (1..=4).map(|version| made("model", version, Vec::new())).collect();
    let mut measured = made("predicted", 1, vec![input("model", 2)]);
    if let EventBody::Materialized(made) = &mut measured.body {
        made.metadata.insert("live".to_owned(), live(number).into());
    }
    events.push(measured);
    events.extend([judged(3, Some(Decision::Keep)), judged(4, None)]);
    events.push(event("model", 30, EventBody::VersionsBacktested(backtest)));
    store.append(Batch { fence: None, events }).await.unwrap();
    for version in [1, 2] {
        let author = Author { by: Mover::Person("ada".to_owned()), reason: "better".to_owned() };
        let action = ModelAction::Promote(number(version));
        let of = (&model, &AliasName::champion());
        act_on_model(store, of, &action, (&author, Seen::Now), at(40)).await.unwrap();
    }
}

/// What was measured of the model: of version 1 in a window that is final, and of version 2 in an open one without ground truth.
fn live(number: impl Fn(u32) -> VersionNumber) -> LivePerformance {
    let window = |version: u32, value: Option<f64>| LiveWindow {
        start: at(i64::from(version) * 3_600),
        end: at(i64::from(version) * 3_600 + 3_600),
        is_final: value.is_some(),
        measures: vec![LiveMeasure {
            version: number(version),
            role: AliasName::champion(),
            value,
            baselines: vec![value.map(|value| value * 2.0)],
            predictions: 10,
            matched: if value.is_some() { 9 } else { 0 },
        }],
    };
    let windows = [window(1, Some(11.5)), window(2, None)];
    let live = LivePerformance::new("MAE", Better::Lower, vec!["median".to_owned()], windows);
    LivePerformance { model: Some("model".into()), ..live }
}

/// What schedules, sensors, conditions and alerts have come to.
async fn instigators(store: &dyn Store) {
    let hourly = Instigator::Schedule("hourly".to_owned());
    let inbox = Instigator::Sensor("inbox".to_owned());
    let run = FAILED.parse().unwrap();
    let outcomes = [
        TickOutcome::Requested { run },
        TickOutcome::Skipped { ticks: 3 },
        TickOutcome::Idle { reason: "nothing new".to_owned() },
        TickOutcome::Failed { reason: "no answer".to_owned() },
    ];
    for instigator in [hourly, inbox] {
        let tick = |outcome: &TickOutcome| Tick {
            instigator: instigator.clone(),
            due: at(5),
            at: at(6),
            micros: matches!(outcome, TickOutcome::Idle { .. }).then_some(7),
            outcome: outcome.clone(),
        };
        let ticks = outcomes.iter().map(tick).collect();
        let works = [
            PendingWork::Run {
                run: RunSpec::of("gone").key("k").tag("team", "data").into(),
                due: Some(at(5)),
            },
            PendingWork::Run { run: RunSpec::of_job("gone").into(), due: None },
            PendingWork::Event { sequence: 1 },
            PendingWork::Tick { due: at(5) },
        ];
        let pending =
            works.map(|work| NewPending { work, reason: "gone".to_owned(), next_at: at(9), at: at(6) });
        let commit = Commit::new(instigator.clone(), None, "cursor");
        let commit = Commit { ticks, pending: pending.into(), stuck_since: Some(at(6)), ..commit };
        assert!(store.commit(commit).await.unwrap());
    }
    let delivery = |key: &str| {
        let alert = Alert { run: Some(run), asset: Some("load".into()), ..Alert::test("broken", at(7)) };
        NewDelivery { key: key.to_owned(), destination: "webhook".to_owned(), alert, at: at(7) }
    };
    let deliveries = vec![delivery("1"), delivery("2")];
    let commit = Commit { deliveries, ..Commit::new(Instigator::Alerts, None, "cursor") };
    assert!(store.commit(commit).await.unwrap());
    let rows = vec![
        remembered("made", &AutomationCondition::eager(), Outcome::Requested),
        remembered(
            "held",
            &AutomationCondition::on_missing(),
            Outcome::Held(Hold { failures: 3, until: Some(at(9)) }),
        ),
    ];
    let commit = Commit { rows, ..Commit::new(Instigator::Automation(None), None, "cursor") };
    assert!(store.commit(commit).await.unwrap());
}

fn remembered(asset: &str, condition: &AutomationCondition, outcome: Outcome) -> AutomationRow {
    let truths = vec![Truth { node: NodeId::at(0), asset: asset.into(), since: at(8), keys: None }];
    let condition = condition.to_string();
    let memory = AssetMemory {
        condition,
        truths,
        evaluated_at: at(8),
        requested_at: Some(at(8)),
        outcome,
        keys: None,
        measured: Vec::new(),
        again_at: None,
    };
    let state = AssetState { memory: Some(memory), ..AssetState::default() };
    AutomationRow { asset: asset.into(), state: Some(serde_json::to_string(&state).unwrap()) }
}
