//! Retention rules: what is removed, and what always stays.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::event::{
    Event, EventBody, EventKind, InputVersion, LogLine, NewEvent, Provenance, ShadowCalled, ShadowOutcome,
    ShadowValue, StoredValue, ValueLocation,
};
use millwork_core::param::LogLevel;
use millwork_core::retention::{KeptValues, Retention, days};
use millwork_core::run::RunId;
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{AssetKey, Instigator};
use millwork_storage::{
    Batch, Commit, EventQuery, NewPending, PendingAttempt, PendingOutcome, PendingWork, RunQuery,
    StorageError, Store, Tick, TickOutcome, append_version, model_history,
};

use crate::backend::Backend;
use crate::samples::{append, at, create, events, materialized, not_materialized, of_step, run_id, success};
use crate::versions::{about, answer, asks, ends_trial, goes_into_shadow, judged, moved, of, version};

fn line(run: RunId) -> NewEvent {
    let (level, target, message) = (LogLevel::Info, "test".to_owned(), "a line".to_owned());
    NewEvent::of_run(run, at(2), EventBody::Logged(LogLine { level, target, message, fields: [].into() }))
}

/// The three events of a step that makes an asset, in a run of its own.
fn made(run: RunId, asset: &str) -> Vec<NewEvent> {
    let materialized =
        NewEvent { value: Some(vec![7; 100].into()), ..of_step(run, asset, None, materialized("d1")) };
    vec![
        of_step(run, asset, None, EventBody::StepStarted),
        materialized,
        of_step(run, asset, None, success()),
    ]
}

/// A run that made an asset and logged a line.
async fn finished(store: &dyn Store, number: u128, asset: &str) -> RunId {
    let run = create(store, number, &[]).await;
    let mut events = made(run, asset);
    events.push(line(run));
    events.push(NewEvent::of_run(run, at(2), EventBody::run_failed("so that it has an end")));
    append(store, events).await;
    run
}

/// Some hours after what happens in these tests.
fn later(hours: i64) -> Timestamp {
    at(2) + SignedDuration::from_hours(hours)
}

async fn kinds(store: &dyn Store, run: RunId) -> Vec<EventKind> {
    let of_run = EventQuery { run: Some(run), ..EventQuery::default() };
    events(store, of_run).await.iter().filter_map(|event| event.body.kind()).collect()
}

fn sequences(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.sequence).collect()
}

pub(crate) async fn logs(store: Backend) {
    let run = finished(&*store, 1, "a").await;
    let rules = Retention::new().logs(days(1));
    assert_eq!(store.forget(&rules, later(23)).await.unwrap().events, 0);
    assert_eq!(store.forget(&rules, later(24)).await.unwrap().events, 0, "of exactly that age");
    assert_eq!(store.forget(&rules, later(25)).await.unwrap().events, 1);
    let left = [
        EventKind::RunQueued,
        EventKind::StepStarted,
        EventKind::Materialized,
        EventKind::StepSucceeded,
        EventKind::RunFailed,
    ];
    assert_eq!(kinds(&*store, run).await, left);
}

/// An event that is older than those before it, as a clock that was set back writes it.
pub(crate) async fn logs_out_of_order(store: Backend) {
    let run = create(&*store, 1, &[]).await;
    let young = NewEvent { at: later(48), ..line(run) };
    append(&*store, vec![young, line(run), line(run)]).await;
    let rules = Retention::new().logs(days(1));
    assert_eq!(store.forget(&rules, later(25)).await.unwrap().events, 2);
    assert_eq!(store.forget(&rules, later(25)).await.unwrap().events, 0);
    append(&*store, vec![line(run)]).await;
    assert_eq!(store.forget(&rules, later(25)).await.unwrap().events, 1);
    assert_eq!(store.forget(&rules, later(73)).await.unwrap().events, 1);
}

pub(crate) async fn runs(store: Backend) {
    let first = finished(&*store, 1, "a").await;
    let second = finished(&*store, 2, "a").await;
    let going_on = create(&*store, 3, &[]).await;
    let rules = Retention::new().runs(days(1));
    let forgotten = store.forget(&rules, later(25)).await.unwrap();
    assert_eq!((forgotten.runs, forgotten.events), (1, 6 + 5));
    assert_eq!(kinds(&*store, first).await, []);
    assert_eq!(kinds(&*store, second).await, [EventKind::Materialized]);
    assert_eq!(kinds(&*store, going_on).await, [EventKind::RunQueued]);
    let latest = store.latest(&[AssetKey::from("a")]).await.unwrap();
    let materialization = latest[0].materialization.as_ref().unwrap();
    assert_eq!(materialization.run, Some(second));
    assert!(store.value(materialization.sequence).await.unwrap().is_some());
    assert_eq!(store.runs(RunQuery::default()).await.unwrap().len(), 2);
    assert_eq!(store.forget(&rules, later(26)).await.unwrap().events, 0);
    // A value that was removed can be written again, under the same name.
    let again = create(&*store, 4, &[]).await;
    append(&*store, made(again, "a")).await;
}

/// The latest events of an asset are two where the last verdict made no value: each keeps its run.
pub(crate) async fn verdicts(store: Backend) {
    let runs = [finished(&*store, 1, "a").await, create(&*store, 2, &[]).await];
    append(&*store, vec![of_step(runs[1], "a", None, not_materialized())]).await;
    append(&*store, vec![NewEvent::of_run(runs[1], at(2), EventBody::RunSucceeded)]).await;
    let before = store.latest(&[AssetKey::from("a")]).await.unwrap();
    let forgotten = store.forget(&Retention::new().runs(days(1)), later(25)).await.unwrap();
    assert_eq!((forgotten.runs, forgotten.events), (0, 5 + 2));
    assert_eq!(store.latest(&[AssetKey::from("a")]).await.unwrap(), before);
}

pub(crate) async fn numbers(store: Backend) {
    finished(&*store, 1, "a").await;
    let run = finished(&*store, 2, "b").await;
    let newest = append(&*store, vec![line(run)]).await[0];
    let rules = Retention::new().logs(days(1)).ticks(days(1));
    assert_eq!(store.forget(&rules, later(25)).await.unwrap().events, 3);
    assert_eq!(append(&*store, vec![line(run)]).await, [newest + 1], "no number is used again");
}

pub(crate) async fn ticks(store: Backend) {
    let hourly = Instigator::from_stored("hourly");
    let tick = |second: i64| Tick {
        instigator: hourly.clone(),
        due: at(second),
        at: at(second),
        micros: None,
        outcome: TickOutcome::Idle { reason: "nothing".to_owned() },
    };
    let pending = |reason: &str| NewPending {
        work: PendingWork::Event { sequence: 1 },
        reason: reason.to_owned(),
        next_at: at(2),
        at: at(2),
    };
    let ticks = vec![tick(2), tick(2), tick(3 * 3600)];
    let pending = vec![pending("goes on"), pending("given up")];
    let commit = Commit { ticks, pending, ..Commit::new(hourly.clone(), None, "1") };
    assert!(store.commit(commit).await.unwrap());
    let given_up = store.pending(&[], 9).await.unwrap().pop().unwrap();
    let outcome = PendingOutcome::GivenUp { reason: "given up".to_owned() };
    let attempts = vec![PendingAttempt { id: given_up.id, attempts: given_up.attempts, outcome }];
    let commit = Commit { attempts, ..Commit::new(hourly.clone(), Some("1".to_owned()), "2") };
    assert!(store.commit(commit).await.unwrap());

    let rules = Retention::new().ticks(days(1));
    assert_eq!(store.forget(&rules, later(25)).await.unwrap().ticks, 2);
    assert_eq!(store.ticks_behind(0, 9).await.unwrap(), [(3, tick(3 * 3600))]);
    assert_eq!(store.newest_tick().await.unwrap(), 3);
    let left: Vec<String> =
        store.pending(&[], 9).await.unwrap().into_iter().map(|pending| pending.reason).collect();
    assert_eq!(left, ["goes on"]);
    assert_eq!(store.forget(&rules, later(999)).await.unwrap().ticks, 1);
    let commit = Commit { ticks: vec![tick(4)], ..Commit::new(hourly, Some("2".to_owned()), "3") };
    assert!(store.commit(commit).await.unwrap());
    assert_eq!(store.newest_tick().await.unwrap(), 4, "no number is used again");
}

fn kept(newest: u32) -> KeptValues {
    Retention::new().values(newest, Duration::from_secs(3600)).values.unwrap()
}

pub(crate) async fn values(store: Backend) {
    let mut made_of_a = Vec::new();
    for number in 1..=4 {
        let run = create(&*store, number, &[]).await;
        made_of_a.push(append(&*store, made(run, "a")).await[1]);
    }
    let run = create(&*store, 5, &[]).await;
    let of_partition = of_step(run, "a", Some("mon"), materialized("d1"));
    append(&*store, vec![of_partition]).await;
    assert!(store.old_values(kept(2), later(0), 9).await.unwrap().is_empty(), "they are young");
    let old = store.old_values(kept(2), later(2), 9).await.unwrap();
    assert_eq!(sequences(&old), made_of_a[..2]);
    assert_eq!(sequences(&store.old_values(kept(2), later(2), 1).await.unwrap()), made_of_a[..1]);
    let history = events(&*store, EventQuery::default()).await;
    store.forget_values(&made_of_a[..2]).await.unwrap();
    assert!(store.old_values(kept(2), later(2), 9).await.unwrap().is_empty());
    assert_eq!(store.value(made_of_a[0]).await.unwrap(), None);
    assert!(store.value(made_of_a[3]).await.unwrap().is_some());
    assert_eq!(events(&*store, EventQuery::default()).await, history, "the history stays");
    store.forget_values(&made_of_a[..3]).await.unwrap();
    assert_eq!(store.value(made_of_a[2]).await.unwrap(), None);
}

/// A call in shadow of a version of the model, in a run that has made the asset.
fn called(run: RunId, model_version: u32) -> NewEvent {
    let stored =
        StoredValue { location: ValueLocation::Database, bytes: 100, format: "json".into(), hash: None };
    let body = EventBody::ShadowCalled(ShadowCalled {
        model: "model".into(),
        version: VersionNumber::new(model_version).unwrap(),
        beside: None,
        outcome: ShadowOutcome::Made(ShadowValue { data_version: "s".into(), stored, metadata: [].into() }),
        provenance: Provenance::reported(),
    });
    NewEvent { value: Some(vec![7; 100].into()), asset: Some("a".into()), ..of_step(run, "a", None, body) }
}

/// What was made in shadow is kept as long as what was made beside it, and as long as its version is in shadow.
pub(crate) async fn values_in_shadow(store: Backend) {
    let model = of("model", None);
    append(&*store, vec![version(&model, 1), version(&model, 2)]).await;
    let trial = append(&*store, vec![goes_into_shadow(&model, 2)]).await[0];
    let (mut made_of_a, mut calls) = (Vec::new(), Vec::new());
    for (number, model_version) in [(1, 1), (2, 2), (3, 2)] {
        let run = create(&*store, number, &[]).await;
        made_of_a.push(append(&*store, made(run, "a")).await[1]);
        calls.push(append(&*store, vec![called(run, model_version)]).await[0]);
    }
    let old = async || {
        let old = store.old_values(kept(1), later(2), 9).await.unwrap();
        sequences(&old).into_iter().filter(|sequence| *sequence > trial).collect::<Vec<_>>()
    };
    assert_eq!(old().await, made_of_a[..2]);
    store.forget_values(&made_of_a[..2]).await.unwrap();
    assert_eq!(old().await, calls[..1], "version 2 is in shadow");
    append(&*store, vec![ends_trial(&model, 2, trial)]).await;
    assert_eq!(old().await, calls[..2], "the third has its value beside it");
    store.forget_values(&calls[..2]).await.unwrap();
    assert!(old().await.is_empty());
    assert_eq!(store.value(calls[0]).await.unwrap(), None);
    assert!(store.value(calls[2]).await.unwrap().is_some());
}

pub(crate) async fn nothing_by_default(store: Backend) {
    finished(&*store, 1, "a").await;
    let forgotten = store.forget(&Retention::new(), later(1_000_000)).await.unwrap();
    assert_eq!(forgotten, Default::default());
    assert_eq!(events(&*store, EventQuery::default()).await.len(), 6);
}

/// A version with the inputs that it was made from.
fn made_from(asset: &str, number: u32, inputs: &[(&str, u32)]) -> NewEvent {
    let mut event = version(&of(asset, None), number);
    let EventBody::Materialized(made) = &mut event.body else { unreachable!() };
    let input = |(asset, version): &(&str, u32)| InputVersion {
        version: VersionNumber::new(*version),
        read_as: ReadAs::default(),
        upstream: of(asset, None),
        data_version: None,
    };
    made.provenance.inputs = inputs.iter().map(input).collect();
    NewEvent { value: Some(vec![7; 100].into()), ..event }
}

/// A version about which people are asked keeps its value, and what it was made from, until they answer.
pub(crate) async fn asked_about(store: Backend) {
    let model = of("model", None);
    append(&*store, (1..=4).map(|number| made_from("raw", number, &[])).collect()).await;
    append(&*store, (1..=4).map(|number| made_from("model", number, &[("raw", number)])).collect()).await;
    append(&*store, vec![asks(&model, 2), judged(&model, 3)]).await;
    let batch = Batch { fence: None, events: vec![asks(&model, 1)] };
    let question = store.append(batch).await.unwrap()[0];
    let old = async || {
        let old = store.old_values(kept(1), later(24 * 99), 99).await.unwrap();
        let name =
            |event: &Event| (event.asset.clone().unwrap().to_string(), event.body.version().unwrap().get());
        old.iter().map(name).collect::<Vec<_>>()
    };
    let (raw, of_model) = ("raw".to_owned(), "model".to_owned());
    assert_eq!(old().await, [(raw.clone(), 3), (of_model.clone(), 3)]);
    append(&*store, vec![answer(&model, 1, question)]).await;
    assert_eq!(old().await, [(raw.clone(), 1), (raw, 3), (of_model.clone(), 1), (of_model, 3)]);
}

pub(crate) async fn pointed_at(store: Backend) {
    let (raw, model, removed) = (of("raw", None), of("model", None), of("removed", None));
    append(&*store, (1..=6).map(|number| made_from("raw", number, &[])).collect()).await;
    append(&*store, (1..=5).map(|number| made_from("model", number, &[("raw", number)])).collect()).await;
    append(&*store, (1..=3).map(|number| made_from("removed", number, &[])).collect()).await;
    for (day, event) in [
        (0, moved(&removed, "shadow", 0, 1)),
        (0, moved(&model, "champion", 0, 1)),
        (1, moved(&removed, "shadow", 1, 0)),
        (10, moved(&model, "champion", 1, 2)),
        (50, moved(&model, "champion", 2, 3)),
        (60, moved(&model, "champion", 3, 4)),
    ] {
        append(&*store, vec![NewEvent { at: later(24 * day), ..event }]).await;
    }
    let check = |day: i64, expected: &'static [(&str, u32)]| {
        let store = store.clone();
        async move {
            let old = store.old_values(kept(1), later(24 * day), 99).await.unwrap();
            let name = |event: &Event| {
                let EventBody::Materialized(made) = &event.body else { panic!("{event:?}") };
                (event.asset.clone().unwrap().to_string(), made.version.unwrap().get())
            };
            let expected: Vec<_> =
                expected.iter().map(|(asset, version)| ((*asset).to_owned(), *version)).collect();
            assert_eq!(old.iter().map(name).collect::<Vec<_>>(), expected, "on day {day}");
        }
    };
    // Champions of the last 30 days, what they were made from, and the newest of each.
    check(75, &[("raw", 1), ("raw", 5), ("model", 1), ("removed", 2)]).await;
    // The champion and the one before, however long ago that was.
    check(200, &[("raw", 1), ("raw", 2), ("raw", 5), ("model", 1), ("model", 2), ("removed", 2)]).await;
    let old = store.old_values(kept(1), later(24 * 200), 99).await.unwrap();
    let old = sequences(&old);
    store.forget_values(&old).await.unwrap();
    assert_eq!(store.removed_values(&[old[0], old[0] + 2, old[4]]).await.unwrap(), [old[0], old[4]]);
    for (asset, number) in
        [(&model, 3), (&model, 4), (&model, 5), (&raw, 3), (&raw, 4), (&raw, 6), (&removed, 1)]
    {
        let event = store.version(asset, VersionNumber::new(number).unwrap()).await.unwrap().unwrap();
        assert!(store.value(event.sequence).await.unwrap().is_some(), "{asset:?} {number}");
    }
}

/// A run that makes a version of an asset and ends.
async fn ended_with(store: &dyn Store, number: u128, events: Vec<NewEvent>) {
    let run = create(store, number, &[]).await;
    let of_run = |event: NewEvent| NewEvent { run: Some(run), ..event };
    let mut events: Vec<NewEvent> = events.into_iter().map(of_run).collect();
    events.push(NewEvent::of_run(run, at(2), EventBody::RunSucceeded));
    append(store, events).await;
}

pub(crate) async fn history_of_versions(store: Backend) {
    let (model, judged_only, plain) = (of("model", None), of("judged", None), of("plain", None));
    let first =
        vec![version(&model, 1), version(&plain, 1), judged(&model, 1), moved(&model, "champion", 0, 1)];
    ended_with(&*store, 1, first).await;
    ended_with(&*store, 2, vec![version(&model, 2), version(&plain, 2), judged(&model, 2)]).await;
    ended_with(&*store, 3, vec![version(&model, 3), version(&judged_only, 1), judged(&judged_only, 1)]).await;
    ended_with(&*store, 4, vec![version(&judged_only, 2)]).await;
    append(&*store, vec![moved(&model, "champion", 1, 2)]).await;
    let before = model_history(&*store, &model).await.unwrap();
    let runs = Retention::new().logs(days(1)).runs(days(1));
    store.forget(&runs, later(25)).await.unwrap();
    assert_eq!(model_history(&*store, &model).await.unwrap(), before, "versions, verdicts and moves stay");
    assert_eq!(before.versions.len(), 3);
    let versions = model_history(&*store, &judged_only).await.unwrap().versions;
    let made: Vec<bool> = versions.values().map(|version| version.made.is_some()).collect();
    assert_eq!(made, [true, true], "what was judged may be promoted yet");
    let versions = model_history(&*store, &plain).await.unwrap().versions;
    let left: Vec<u32> = versions.keys().map(|number| number.get()).collect();
    assert_eq!(left, [2], "of what is no model, the last one stays");
    assert_eq!(store.forget(&runs, later(26)).await.unwrap().events, 0);
}

pub(crate) async fn numbers_of_versions(store: Backend) {
    let a = of("a", None);
    ended_with(&*store, 1, vec![version(&a, 1), version(&of("a", Some("mon")), 1)]).await;
    ended_with(&*store, 2, vec![version(&a, 2)]).await;
    ended_with(&*store, 3, vec![of_step(run_id(3), "a", None, not_materialized())]).await;
    assert!(store.forget(&Retention::new().runs(days(1)), later(25)).await.unwrap().events > 0);
    assert_eq!(store.version(&a, VersionNumber::FIRST).await.unwrap(), None);
    for number in [1, 2] {
        let again = store.append(Batch { fence: None, events: vec![version(&a, number)] }).await;
        assert!(matches!(again, Err(StorageError::VersionTaken { .. })), "{again:?}");
    }
    let sequence = append_version(&*store, about(&a, materialized("d"))).await.unwrap();
    let third = store.version(&a, VersionNumber::new(3).unwrap()).await.unwrap();
    assert_eq!(third.map(|event| event.sequence), Some(sequence));
}
