//! Batches, fences, and concurrent writers.

use millwork_core::event::{EventBody, NewEvent};
use millwork_core::run::RunId;
use millwork_storage::{Batch, EventQuery, Fence, StorageError, Store};

use crate::backend::Backend;
use crate::samples::{
    append, claim_of, create, events, materialized, of_step, run_id, started, status, success,
};

async fn count(store: &dyn Store) -> usize {
    events(store, EventQuery::default()).await.len()
}

fn batch(fence: Fence, bodies: impl IntoIterator<Item = EventBody>) -> Batch {
    let events = bodies.into_iter().map(|body| of_step(fence.run, "a", None, body)).collect();
    Batch { fence: Some(fence), events }
}

pub(crate) async fn batches_are_whole(store: Backend) {
    let run = create(&*store, 1, &[]).await;
    assert!(append(&*store, vec![]).await.is_empty());
    let started = || of_step(run, "a", None, EventBody::StepStarted);
    assert_eq!(append(&*store, vec![started(), started()]).await, [2, 3]);
    // An unknown run refuses the batch.
    let events = vec![started(), NewEvent::of_run(run_id(9), started().at, EventBody::RunSucceeded)];
    let refused = store.append(Batch { fence: None, events }).await;
    assert!(matches!(refused, Err(StorageError::UnknownRun { run }) if run == run_id(9)));
    assert_eq!(append(&*store, vec![started()]).await, [4]);
}

pub(crate) async fn fences(store: Backend) {
    let first = started(&*store, 1).await;
    let appended = |fence| store.append(batch(fence, [EventBody::StepStarted, materialized("d1")]));
    assert!(appended(first).await.is_ok());
    assert!(matches!(
        appended(Fence { run: run_id(9), ..first }).await,
        Err(StorageError::UnknownRun { .. })
    ));

    assert!(store.end_run(first, EventBody::run_lost("gone"), crate::samples::at(3)).await.unwrap());
    let written = count(&*store).await;
    assert!(matches!(appended(first).await, Err(StorageError::Fenced { run }) if run == first.run));
    let second = store.claim(claim_of(first.run, "other")).await.unwrap();
    assert_eq!(second.epoch, 2);
    assert!(matches!(appended(first).await, Err(StorageError::Fenced { .. })));
    assert_eq!(count(&*store).await, written + 1, "only the second `run_started` was written since");
    assert!(appended(second).await.is_ok());

    store.append(batch(second, [EventBody::RunSucceeded])).await.unwrap();
    assert!(matches!(appended(second).await, Err(StorageError::Fenced { .. })));
}

pub(crate) async fn successes(store: Backend) {
    let (first, second) = (create(&*store, 1, &[]).await, create(&*store, 2, &[]).await);
    let succeed = |events: &[(RunId, &str, Option<&str>)]| {
        let event =
            |&(run, step, partition): &(RunId, &str, Option<&str>)| of_step(run, step, partition, success());
        store.append(Batch { fence: None, events: events.iter().map(event).collect() })
    };
    assert!(succeed(&[(first, "a", None), (first, "a", Some("mon")), (second, "a", None)]).await.is_ok());
    let written = count(&*store).await;
    for again in [
        &[(first, "a", None)][..],
        &[(first, "a", Some("mon"))],
        &[(first, "b", None), (second, "a", None)],
        &[(first, "b", None), (first, "b", None)],
    ] {
        let refused = succeed(again).await;
        assert!(matches!(refused, Err(StorageError::AlreadySucceeded { .. })), "{again:?}: {refused:?}");
    }
    assert_eq!(count(&*store).await, written);
    assert!(succeed(&[(first, "b", None), (first, "a", Some("tue"))]).await.is_ok());
}

pub(crate) async fn a_refusal_affects_no_other(store: Backend) {
    let fence = started(&*store, 1).await;
    store.append(batch(fence, [success()])).await.unwrap();
    let written = count(&*store).await;
    let fenced = Fence { epoch: 9, ..fence };
    let other =
        |name: &str| Batch { fence: Some(fence), events: vec![of_step(fence.run, name, None, success())] };
    // All are requested before any of them is done, so a backend may commit them together.
    let (b, again, c, stale, c_again, unknown) = tokio::join!(
        store.append(other("b")),
        store.append(batch(fence, [EventBody::StepStarted, success()])),
        store.append(other("c")),
        store.append(batch(fenced, [EventBody::StepStarted])),
        store.append(other("c")),
        store.claim(claim_of(run_id(9), "holder")),
    );
    assert!(b.is_ok() && c.is_ok());
    assert!(matches!(again, Err(StorageError::AlreadySucceeded { step, .. }) if step == "a"));
    assert!(matches!(c_again, Err(StorageError::AlreadySucceeded { step, .. }) if step == "c"));
    assert!(matches!(stale, Err(StorageError::Fenced { .. })));
    assert!(matches!(unknown, Err(StorageError::UnknownRun { .. })));
    assert_eq!(count(&*store).await, written + 2);
}

pub(crate) async fn many_at_once(store: Backend) {
    let fence = started(&*store, 1).await;
    let write = |store: Backend, task: usize| async move {
        let mut sequences = Vec::new();
        for step in 0..8 {
            let name = format!("task_{task}/step_{step}");
            let event = |body| of_step(fence.run, &name, None, body);
            let events = vec![event(EventBody::StepStarted), event(materialized("d1")), event(success())];
            sequences.extend(store.append(Batch { fence: Some(fence), events }).await.unwrap());
        }
        sequences
    };
    let tasks: Vec<_> = (0..64).map(|task| tokio::spawn(write(store.clone(), task))).collect();
    let mut all = Vec::new();
    for task in tasks {
        let sequences = task.await.unwrap();
        assert!(sequences.is_sorted());
        assert!(sequences.chunks(3).all(|batch| batch[2] == batch[0] + 2), "batches stay together");
        all.extend(sequences);
    }
    all.sort_unstable();
    let found = events(&*store, EventQuery { after: Some(2), ..EventQuery::default() }).await;
    assert_eq!(found.iter().map(|event| event.sequence).collect::<Vec<_>>(), all);
    assert_eq!(all.len(), 64 * 8 * 3);
    let assets: Vec<_> = (0..64).map(|task| format!("task_{task}/step_7").into()).collect();
    assert_eq!(store.latest(&assets).await.unwrap().len(), 64);
}

pub(crate) async fn in_order(store: Backend) {
    let run = create(&*store, 1, &[]).await;
    let append =
        || store.append(Batch { fence: None, events: vec![of_step(run, "a", None, EventBody::StepStarted)] });
    let finish = store.append(Batch {
        fence: None,
        events: vec![NewEvent::of_run(run, crate::samples::at(9), EventBody::RunSucceeded)],
    });
    let (first, claimed, second, finished) =
        tokio::join!(append(), store.claim(claim_of(run, "holder")), append(), finish);
    let sequences = [first.unwrap()[0], second.unwrap()[0], finished.unwrap()[0]];
    assert_eq!((sequences, claimed.unwrap().epoch), ([2, 4, 5], 1));
    assert_eq!(status(&*store, run).await, "succeeded");
}
