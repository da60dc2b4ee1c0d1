//! Runs, events and times to test with.

use jiff::Timestamp;
use millwork_core::asset::MetadataValue;
use millwork_core::event::{
    Event, EventBody, InputVersion, Materialization, NewEvent, Provenance, StoredValue, ValueLocation,
};
use millwork_core::run::{Failure, FailureKind, RunId, RunRequest};
use millwork_core::{AssetPartition, RecordedConfig};
use millwork_storage::{Batch, Claim, EventLog, EventQuery, Fence, Holder, NewRun, RunStore, Store};

/// Some moment, in seconds.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_microsecond(1_763_000_000_123_456 + second * 1_000_000).unwrap()
}

pub(crate) fn run_id(number: u128) -> RunId {
    RunId::from_u128((0x0190_0000 << 96) | number)
}

pub(crate) fn holder(name: &str) -> Holder {
    Holder { id: name.to_owned(), host: "host".to_owned(), pid: 7, boot: "boot".to_owned() }
}

pub(crate) fn request(tags: &[(&str, &str)]) -> RunRequest {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    RunRequest {
        selection: "*".to_owned(),
        assets: vec!["a".into(), "b/c".into()],
        partitions: vec!["mon".into()],
        config: serde_json::json!({ "step": { "rounds": 3 } }),
        tags: tags.collect(),
        stale_only: true,
    }
}

/// Creates a run.
pub(crate) async fn create(store: &dyn Store, number: u128, tags: &[(&str, &str)]) -> RunId {
    let run = NewRun { id: run_id(number), request: request(tags), at: at(0), lease: None };
    store.create_run(run).await.unwrap();
    run_id(number)
}

pub(crate) fn claim_of(run: RunId, holder_name: &str) -> Claim {
    Claim { run, holder: holder(holder_name), now: at(1), until: at(31), resumes: true }
}

/// Creates a run and claims it.
pub(crate) async fn started(store: &dyn Store, number: u128) -> Fence {
    let run = create(store, number, &[]).await;
    store.claim(claim_of(run, "holder")).await.unwrap()
}

/// Appends events without a fence.
pub(crate) async fn append(store: &(impl EventLog + ?Sized), events: Vec<NewEvent>) -> Vec<u64> {
    store.append(Batch { fence: None, events }).await.unwrap()
}

/// All events that fulfil a query.
pub(crate) async fn events(store: &(impl EventLog + ?Sized), query: EventQuery) -> Vec<Event> {
    store.events(query).await.unwrap()
}

/// An event of a step, about the asset of the same name.
pub(crate) fn of_step(run: RunId, step: &str, partition: Option<&str>, body: EventBody) -> NewEvent {
    NewEvent {
        step: Some(step.into()),
        asset: body.provenance().map(|_| step.into()),
        partition: partition.map(Into::into),
        attempt: 1,
        ..NewEvent::of_run(run, at(2), body)
    }
}

pub(crate) fn success() -> EventBody {
    EventBody::StepSucceeded { micros: 12_345 }
}

pub(crate) fn failure() -> Failure {
    Failure { location: Some("src/main.rs:1:2".to_owned()), ..Failure::new(FailureKind::Panic, "oh") }
}

pub(crate) fn provenance() -> Provenance {
    let input = InputVersion {
        version: None,
        read_as: Default::default(),
        upstream: AssetPartition::new("raw".into(), Some("mon".into())),
        data_version: Some("d0".into()),
    };
    let tree = serde_json::json!({ "depth": 6, "names": ["a", null] });
    let config = RecordedConfig {
        effective: serde_json::json!({ "rounds": 40, "rate": 0.5, "tree": tree }),
        standing: Some(serde_json::json!({ "rounds": 20, "rate": 0.5, "tree": tree })),
    };
    Provenance { code_version: "c1".into(), inputs: vec![input], config: Some(config.into()) }
}

pub(crate) fn materialized(version: &str) -> EventBody {
    EventBody::Materialized(Materialization {
        version: None,
        data_version: version.into(),
        provenance: provenance(),
        stored: StoredValue {
            location: ValueLocation::Database,
            bytes: 3,
            format: "json".to_owned(),
            hash: None,
        },
        metadata: [("rows".to_owned(), MetadataValue::Int(3))].into(),
    })
}

pub(crate) fn kept() -> EventBody {
    EventBody::Kept { reason: "no better".to_owned(), metadata: [].into(), provenance: provenance() }
}

pub(crate) fn not_materialized() -> EventBody {
    EventBody::NotMaterialized { provenance: provenance() }
}

pub(crate) async fn status(store: &(impl RunStore + ?Sized), run: RunId) -> &'static str {
    store.run(run).await.unwrap().unwrap().status.as_str()
}
