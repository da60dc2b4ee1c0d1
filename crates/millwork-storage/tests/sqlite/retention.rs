//! Retention rules: what goes, and what stays whatever they say.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::AssetKey;
use millwork_core::event::{EventBody, EventKind, LogLine, NewEvent};
use millwork_core::param::LogLevel;
use millwork_core::retention::{Retention, days};
use millwork_core::run::RunId;
use millwork_storage::{EventLog, EventQuery, RunQuery, RunStore, SqliteStore};

use crate::samples::{at, batch, create, open, step_events};

fn line(run: RunId) -> NewEvent {
    let (level, target, message) = (LogLevel::Info, "test".to_owned(), "a line".to_owned());
    NewEvent::of_run(run, at(), EventBody::Logged(LogLine { level, target, message, fields: [].into() }))
}

/// A run that made an asset and logged a line.
async fn finished(store: &SqliteStore, number: u128, asset: &str) -> RunId {
    let run = create(store, number).await;
    let mut events = step_events(run, asset);
    events.push(line(run));
    events.push(NewEvent::of_run(run, at(), EventBody::run_failed("so that it has an end")));
    store.append(batch(events)).await.unwrap();
    run
}

fn later(hours: i64) -> Timestamp {
    at() + SignedDuration::from_hours(hours)
}

async fn kinds(store: &SqliteStore, run: RunId) -> Vec<EventKind> {
    let query = EventQuery { run: Some(run), ..EventQuery::default() };
    store.events(query).await.unwrap().iter().filter_map(|event| event.body.kind()).collect()
}

#[tokio::test]
async fn logs_go_and_the_rest_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let run = finished(&store, 1, "a").await;
    let rules = Retention::new().logs(days(1));
    assert_eq!(store.forget(&rules, later(23)).await.unwrap().events, 0);
    assert_eq!(store.forget(&rules, later(25)).await.unwrap().events, 1);
    let left = [
        EventKind::RunQueued,
        EventKind::StepStarted,
        EventKind::Materialized,
        EventKind::StepSucceeded,
        EventKind::RunFailed,
    ];
    assert_eq!(kinds(&store, run).await, left);
}

#[tokio::test]
async fn old_runs_go_but_never_the_last_materialization() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let first = finished(&store, 1, "a").await;
    let second = finished(&store, 2, "a").await;
    let going_on = create(&store, 3).await;
    let rules = Retention::new().runs(days(1));
    let forgotten = store.forget(&rules, later(25)).await.unwrap();
    assert_eq!((forgotten.runs, forgotten.events), (1, 6 + 5));
    assert_eq!(kinds(&store, first).await, []);
    assert_eq!(kinds(&store, second).await, [EventKind::Materialized]);
    assert_eq!(kinds(&store, going_on).await, [EventKind::RunQueued]);
    let latest = store.latest(&[AssetKey::from("a")]).await.unwrap();
    let materialization = latest[0].materialization.as_ref().unwrap();
    assert_eq!(materialization.run, Some(second));
    assert!(store.value(materialization.sequence).await.unwrap().is_some());
    assert_eq!(store.runs(RunQuery::default()).await.unwrap().len(), 2);
    assert_eq!(store.forget(&rules, later(26)).await.unwrap().events, 0);
    // What was forgotten can be written again, by the same name.
    let again = create(&store, 4).await;
    store.append(batch(step_events(again, "a"))).await.unwrap();
}

#[tokio::test]
async fn values_are_kept_by_number_and_by_age() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut sequences = Vec::new();
    for number in 1..=4 {
        let run = create(&store, number).await;
        sequences.push(store.append(batch(step_events(run, "a"))).await.unwrap()[1]);
    }
    let kept = Retention::new().values(2, Duration::from_secs(3600)).values.unwrap();
    assert!(store.old_values(kept, later(0), 9).await.unwrap().is_empty(), "they are young");
    let old = store.old_values(kept, later(2), 9).await.unwrap();
    let found: Vec<u64> = old.iter().map(|event| event.sequence).collect();
    assert_eq!(found, sequences[..2]);
    store.forget_values(found).await.unwrap();
    assert!(store.old_values(kept, later(2), 9).await.unwrap().is_empty());
    assert_eq!(store.value(sequences[0]).await.unwrap(), None);
    assert!(store.value(sequences[3]).await.unwrap().is_some());
    assert_eq!(store.events(EventQuery::default()).await.unwrap().len(), 16, "the history stays");
}
