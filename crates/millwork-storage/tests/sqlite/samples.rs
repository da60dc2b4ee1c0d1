//! Stores and events to test with.

use std::path::Path;

use jiff::Timestamp;
use millwork_core::event::{EventBody, Materialization, NewEvent, Provenance, StoredValue, ValueLocation};
use millwork_core::run::{RunId, RunRequest};
use millwork_storage::{Batch, EventLog, EventQuery, NewRun, RunStore, SqliteStore};

pub(crate) fn at() -> Timestamp {
    Timestamp::from_second(1_763_000_000).unwrap()
}

pub(crate) async fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("millwork.db")).await.unwrap()
}

pub(crate) async fn create(store: &SqliteStore, number: u128) -> RunId {
    let run = RunId::from_u128(number);
    store
        .create_run(NewRun { id: run, request: RunRequest::default(), at: at(), lease: None })
        .await
        .unwrap();
    run
}

pub(crate) fn batch(events: Vec<NewEvent>) -> Batch {
    Batch { fence: None, events }
}

pub(crate) async fn sequences(store: &SqliteStore) -> Vec<u64> {
    store.events(EventQuery::default()).await.unwrap().iter().map(|event| event.sequence).collect()
}

/// The three events of a step that succeeds and makes a value of 100 bytes.
pub(crate) fn step_events(run: RunId, step: &str) -> Vec<NewEvent> {
    let materialized = EventBody::Materialized(Materialization {
        version: None,
        data_version: "fedcba9876543210fedcba9876543210".into(),
        provenance: Provenance {
            code_version: "00112233445566778899aabbccddeeff".into(),
            inputs: vec![],
            config: None,
        },
        stored: StoredValue {
            location: ValueLocation::Database,
            bytes: 100,
            format: "json".to_owned(),
            hash: None,
        },
        metadata: [("rows".to_owned(), 100_i64.into())].into(),
    });
    let of_step =
        |body| NewEvent { step: Some(step.into()), attempt: 1, ..NewEvent::of_run(run, at(), body) };
    vec![
        of_step(EventBody::StepStarted),
        NewEvent { asset: Some(step.into()), value: Some(vec![7; 100].into()), ..of_step(materialized) },
        of_step(EventBody::StepSucceeded { micros: 12_345 }),
    ]
}
