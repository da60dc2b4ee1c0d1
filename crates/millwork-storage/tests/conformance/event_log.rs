//! Finding events.

use millwork_core::event::{EventBody, EventKind, KindSet, NewEvent};
use millwork_storage::{EventQuery, Order, Store};

use crate::backend::Backend;
use crate::samples::{append, at, create, events, kept, materialized, of_step, run_id, success};

/// Run 1: `a` of two partitions and none; run 2: `b`, and something reported from outside. Numbers 1 and 2 are the
/// `run_queued` of the runs, 3 to 9 the events here.
async fn fill(store: &dyn Store) {
    let (first, second) = (create(store, 1, &[]).await, create(store, 2, &[]).await);
    let observed = EventBody::Observed { data_version: None, metadata: [].into() };
    let outside = NewEvent { run: None, asset: Some("a".into()), ..NewEvent::of_run(first, at(2), observed) };
    let appended = append(
        store,
        vec![
            of_step(first, "a", None, EventBody::StepStarted),
            of_step(first, "a", None, materialized("d1")),
            of_step(first, "a", None, success()),
            of_step(first, "a", Some("mon"), materialized("d2")),
            of_step(first, "a", Some("tue"), kept()),
            of_step(second, "b", Some("mon"), materialized("d3")),
            outside,
        ],
    );
    assert_eq!(appended.await, [3, 4, 5, 6, 7, 8, 9]);
}

async fn check(store: &dyn Store, query: EventQuery, expected: &[u64]) {
    let found = events(store, query.clone()).await;
    let found: Vec<u64> = found.iter().map(|event| event.sequence).collect();
    assert_eq!(found, expected, "{query:?}");
}

pub(crate) async fn conditions(store: Backend) {
    let store = &*store;
    fill(store).await;
    let all = EventQuery::default;
    let (first, second, none) = (Some(run_id(1)), Some(run_id(2)), Some(run_id(3)));
    check(store, all(), &[1, 2, 3, 4, 5, 6, 7, 8, 9]).await;
    check(store, EventQuery { run: first, ..all() }, &[1, 3, 4, 5, 6, 7]).await;
    check(store, EventQuery { run: second, ..all() }, &[2, 8]).await;
    check(store, EventQuery { run: none, ..all() }, &[]).await;
    check(store, EventQuery { not_run: first, ..all() }, &[2, 8, 9]).await;
    check(store, EventQuery { not_run: none, after: Some(6), ..all() }, &[7, 8, 9]).await;
    check(store, EventQuery { step: Some("a".into()), ..all() }, &[3, 4, 5, 6, 7]).await;
    check(store, EventQuery { step: Some("c".into()), ..all() }, &[]).await;
    check(store, EventQuery { asset: Some("a".into()), ..all() }, &[4, 6, 7, 9]).await;
    check(store, EventQuery { asset: Some("a".into()), not_run: first, ..all() }, &[9]).await;
    check(store, EventQuery { partition: Some(Some("mon".into())), ..all() }, &[6, 8]).await;
    check(store, EventQuery { partition: Some(Some("sun".into())), ..all() }, &[]).await;
    check(store, EventQuery { asset: Some("a".into()), partition: Some(None), ..all() }, &[4, 9]).await;
    let kinds = KindSet::of(&[EventKind::Materialized, EventKind::Kept]);
    check(store, EventQuery { kinds: Some(kinds), ..all() }, &[4, 6, 7, 8]).await;
    check(store, EventQuery { kinds: Some(EventKind::RunQueued.into()), run: second, ..all() }, &[2]).await;
    check(store, EventQuery { kinds: Some(KindSet::EMPTY), ..all() }, &[]).await;
    check(store, EventQuery { after: Some(7), ..all() }, &[8, 9]).await;
    check(store, EventQuery { before: Some(3), ..all() }, &[1, 2]).await;
    check(store, EventQuery { after: Some(2), before: Some(5), ..all() }, &[3, 4]).await;
    check(store, EventQuery { after: Some(u64::MAX), ..all() }, &[]).await;
}

pub(crate) async fn order_and_limit(store: Backend) {
    let store = &*store;
    fill(store).await;
    let newest = || EventQuery { order: Order::NewestFirst, ..EventQuery::default() };
    check(store, newest(), &[9, 8, 7, 6, 5, 4, 3, 2, 1]).await;
    check(store, EventQuery { limit: Some(2), ..newest() }, &[9, 8]).await;
    check(store, EventQuery { limit: Some(2), asset: Some("a".into()), ..newest() }, &[9, 7]).await;
    check(store, EventQuery { limit: Some(2), run: Some(run_id(1)), before: Some(6), ..newest() }, &[5, 4])
        .await;
    check(store, EventQuery { limit: Some(2), ..EventQuery::default() }, &[1, 2]).await;
    check(store, EventQuery { limit: Some(0), ..EventQuery::default() }, &[]).await;
}

pub(crate) async fn values(store: Backend) {
    let run = create(&*store, 1, &[]).await;
    let large = vec![7; 100_000];
    let stored = [Some(&b"[1]"[..]), Some(b""), Some(&large), None];
    let with_value = |value: Option<&[u8]>| NewEvent {
        value: value.map(|value| value.to_vec().into()),
        ..of_step(run, "a", None, materialized("d1"))
    };
    let sequences = append(&*store, stored.map(with_value).to_vec()).await;
    for (sequence, value) in sequences.into_iter().zip(stored) {
        assert_eq!(store.value(sequence).await.unwrap().as_deref(), value);
    }
    assert_eq!(store.value(99).await.unwrap(), None);
}
