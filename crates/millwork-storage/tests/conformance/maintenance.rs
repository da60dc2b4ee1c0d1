//! Operations on a store as a whole.

use millwork_core::event::{EventBody, NewEvent};
use millwork_storage::{EventQuery, NewRun, StorageError, StoreInfo};

use crate::backend::Backend;
use crate::samples::{append, at, create, events, materialized, of_step, request, run_id, success};

/// A step that makes a value of 100 bytes.
async fn make(store: &Backend, number: u128, step: &str) {
    let run = create(&**store, number, &[]).await;
    let made = NewEvent { value: Some(vec![7; 100].into()), ..of_step(run, step, None, materialized("d1")) };
    let started = of_step(run, step, Some("mon"), EventBody::StepStarted);
    append(&**store, vec![started, made, of_step(run, step, None, success())]).await;
}

pub(crate) async fn counted(store: Backend) {
    let info = store.info().await.unwrap();
    assert_eq!((info.events, info.runs, info.names, info.values_in_database), (0, 0, 0, 0));
    for (number, step) in [(1, "a"), (2, "b"), (3, "a")] {
        make(&store, number, step).await;
    }
    let info = store.info().await.unwrap();
    let expected = StoreInfo {
        events: 12,
        runs: 3,
        names: 3,
        values_in_database: 3,
        bytes_of_values_in_database: 300,
        // The sizes of files depend on the backend.
        database_bytes: info.database_bytes,
        wal_bytes: info.wal_bytes,
        free_bytes: info.free_bytes,
    };
    assert_eq!(info, expected);
    assert_eq!(store.counts().bytes, info.database_bytes + info.wal_bytes);
}

pub(crate) async fn compacted(store: Backend) {
    make(&store, 1, "a").await;
    let before = events(&*store, EventQuery::default()).await;
    let bytes = store.counts().bytes;
    assert_eq!(store.compact().await.unwrap(), bytes - store.counts().bytes);
    assert_eq!(store.info().await.unwrap().free_bytes, 0);
    assert_eq!(events(&*store, EventQuery::default()).await, before);
    make(&store, 2, "b").await;
    assert_eq!(events(&*store, EventQuery::default()).await.len(), 8);
}

pub(crate) async fn whole(store: Backend) {
    assert_eq!(store.unwritable(), None);
    make(&store, 1, "a").await;
    assert_eq!(store.check().await.unwrap(), []);
    let before = events(&*store, EventQuery::default()).await;
    assert_eq!(store.repair(at(9)).await.unwrap(), []);
    assert_eq!(events(&*store, EventQuery::default()).await, before);
}

pub(crate) async fn closed(store: Backend) {
    make(&store, 1, "a").await;
    store.close().await;
    store.close().await;
    let run = NewRun { id: run_id(2), request: request(&[]), at: at(0), lease: None };
    let failures = [
        store.create_run(run).await.unwrap_err(),
        store.events(EventQuery::default()).await.unwrap_err(),
        store.states().await.unwrap_err(),
        store.info().await.unwrap_err(),
        store.check().await.unwrap_err(),
        store.repair(at(9)).await.unwrap_err(),
    ];
    for error in failures {
        assert!(matches!(error, StorageError::Database { .. }), "{error:?}");
    }
}
