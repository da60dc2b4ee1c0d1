//! Reading more events than one statement gives.

use millwork_core::event::{EventBody, NewEvent};
use millwork_storage::{EventLog, EventQuery, Order};

use crate::samples::{at, batch, create, open};

#[tokio::test]
async fn long_reads_are_complete() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let run = create(&store, 1).await;
    let last = 40_000_u64;
    let event = |_| NewEvent::of_run(run, at(), EventBody::StepStarted);
    store.append(batch((2..=last).map(event).collect())).await.unwrap();
    for (order, limit, expected) in [
        (Order::OldestFirst, None, (1..=last).collect::<Vec<_>>()),
        (Order::OldestFirst, Some(20_000), (1..=20_000).collect()),
        (Order::NewestFirst, None, (1..=last).rev().collect()),
        (Order::NewestFirst, Some(16_384), (last - 16_383..=last).rev().collect()),
    ] {
        let query = EventQuery { order, limit, ..EventQuery::default() };
        let found = store.events(query).await.unwrap();
        assert!(found.iter().map(|event| event.sequence).eq(expected), "{order:?} {limit:?}");
    }
}
