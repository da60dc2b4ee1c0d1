//! The states of runs.

use std::time::Duration;

use millwork_core::event::{EventBody, NewEvent};
use millwork_core::run::{FailureClass, RunId, RunState};
use millwork_storage::{Batch, Claim, EventQuery, Fence, NewRun, RunRecord, StorageError, Store};

use crate::backend::Backend;
use crate::samples::{append, at, claim_of, create, events, holder, request, run_id, started, status};

/// A run's record, which must equal the fold of its events.
async fn record(store: &dyn Store, run: RunId) -> RunRecord {
    let record = store.run(run).await.unwrap().unwrap();
    let of_run = EventQuery { run: Some(run), ..EventQuery::default() };
    let state = RunState::replay(&events(store, of_run).await).unwrap();
    assert_eq!((Some(record.status), record.epoch), (state.status, state.epoch));
    assert_eq!((record.started_at, record.finished_at), (state.started_at, state.finished_at));
    assert_eq!(record.reason, state.reason);
    record
}

async fn finish(store: &dyn Store, fence: Fence, body: EventBody) {
    let events = vec![NewEvent::of_run(fence.run, at(9), body)];
    store.append(Batch { fence: Some(fence), events }).await.unwrap();
}

pub(crate) async fn created(store: Backend) {
    assert_eq!(store.run(run_id(1)).await.unwrap(), None);
    let run = create(&*store, 1, &[("team", "ml")]).await;
    let record = record(&*store, run).await;
    assert_eq!((record.id, record.status.as_str(), record.created_at), (run, "queued", at(0)));
    assert_eq!(record.request, request(&[("team", "ml")]));
    assert_eq!((record.holder, record.leased_until), (None, None));
    let again = store.create_run(NewRun { id: run, request: request(&[]), at: at(1), lease: None }).await;
    assert!(matches!(again, Err(StorageError::DuplicateRun { .. })));
    assert_eq!(events(&*store, EventQuery::default()).await.len(), 1);
}

pub(crate) async fn claimed(store: Backend) {
    let run = create(&*store, 1, &[]).await;
    let fence = store.claim(claim_of(run, "first")).await.unwrap();
    assert_eq!(fence, Fence { run, epoch: 1 });
    let first = record(&*store, run).await;
    assert_eq!((first.status.as_str(), first.started_at), ("running", Some(at(1))));
    assert_eq!((first.holder, first.leased_until), (Some(holder("first")), Some(at(31))));

    let refused = store.claim(claim_of(run, "second")).await;
    assert!(
        matches!(refused, Err(StorageError::NotClaimable { status, .. }) if status.as_str() == "running")
    );
    finish(&*store, fence, EventBody::run_failed("oh")).await;
    let late = store.claim(Claim { resumes: false, ..claim_of(run, "late") }).await;
    assert!(matches!(late, Err(StorageError::NotClaimable { status, .. }) if status.as_str() == "failed"));
    assert_eq!(store.claim(claim_of(run, "second")).await.unwrap().epoch, 2);
    let second = record(&*store, run).await;
    assert_eq!((second.holder, second.reason, second.finished_at), (Some(holder("second")), None, None));
    assert!(matches!(store.claim(claim_of(run_id(9), "x")).await, Err(StorageError::UnknownRun { .. })));
}

pub(crate) async fn renewed(store: Backend) {
    let fence = started(&*store, 1).await;
    store.renew(fence, at(60)).await.unwrap();
    assert_eq!(record(&*store, fence.run).await.leased_until, Some(at(60)));
    let stale = Fence { epoch: 2, ..fence };
    assert!(matches!(store.renew(stale, at(90)).await, Err(StorageError::Fenced { .. })));
    finish(&*store, fence, EventBody::RunSucceeded).await;
    assert!(matches!(store.renew(fence, at(90)).await, Err(StorageError::Fenced { .. })));
}

pub(crate) async fn canceled(store: Backend) {
    let queued = create(&*store, 1, &[]).await;
    assert_eq!(store.request_cancel(queued, at(2)).await.unwrap().as_str(), "canceled");
    assert_eq!(record(&*store, queued).await.finished_at, Some(at(2)));

    let fence = started(&*store, 2).await;
    for _ in 0..2 {
        assert_eq!(store.request_cancel(fence.run, at(2)).await.unwrap().as_str(), "canceling");
    }
    assert!(store.renew(fence, at(60)).await.is_ok(), "it goes on until it stops");
    finish(&*store, fence, EventBody::RunCanceled).await;
    assert_eq!(store.request_cancel(fence.run, at(2)).await.unwrap().as_str(), "canceled");
    assert_eq!(record(&*store, fence.run).await.holder, None);
    assert_eq!(store.claim(claim_of(queued, "resumes")).await.unwrap().epoch, 1);
    assert!(matches!(store.request_cancel(run_id(9), at(2)).await, Err(StorageError::UnknownRun { .. })));
}

pub(crate) async fn lost(store: Backend) {
    let fence = started(&*store, 1).await;
    let stale = Fence { epoch: 7, ..fence };
    assert!(!store.end_run(stale, EventBody::run_lost("not this one"), at(2)).await.unwrap());
    assert!(store.end_run(fence, EventBody::run_lost("killed"), at(3)).await.unwrap());
    assert!(!store.end_run(fence, EventBody::run_lost("killed twice"), at(4)).await.unwrap());
    let lost = record(&*store, fence.run).await;
    assert_eq!((lost.status.as_str(), lost.reason.as_deref()), ("lost", Some("killed")));
    assert_eq!((lost.finished_at, lost.holder, lost.leased_until), (Some(at(3)), None, None));
    let unknown = Fence { run: run_id(9), epoch: 1 };
    assert!(matches!(
        store.end_run(unknown, EventBody::run_lost(""), at(3)).await,
        Err(StorageError::UnknownRun { .. })
    ));
}

pub(crate) async fn finished(store: Backend) {
    for (number, body, expected) in [
        (1, EventBody::RunSucceeded, "succeeded"),
        (2, EventBody::run_failed("oh"), "failed"),
        (3, EventBody::RunCanceled, "canceled"),
    ] {
        let fence = started(&*store, number).await;
        finish(&*store, fence, body).await;
        assert_eq!(record(&*store, fence.run).await.status.as_str(), expected);
        assert_eq!(record(&*store, fence.run).await.finished_at, Some(at(9)));
    }
    // Without a fence, as a launcher would.
    let run = create(&*store, 4, &[]).await;
    let failed = EventBody::run_failed("could not be launched");
    append(&*store, vec![NewEvent::of_run(run, at(9), failed)]).await;
    assert_eq!(record(&*store, run).await.reason.as_deref(), Some("could not be launched"));
}

pub(crate) async fn retried(store: Backend) {
    let delay = Duration::from_secs(20);
    let first = started(&*store, 1).await;
    assert!(!store.retry_run(first, delay, at(2)).await.unwrap(), "it goes on");
    let timed_out = EventBody::RunFailed { reason: "slow".to_owned(), class: FailureClass::Timeout };
    assert!(store.end_run(first, timed_out, at(3)).await.unwrap());
    assert_eq!(record(&*store, first.run).await.class, Some(FailureClass::Timeout));

    assert!(store.retry_run(first, delay, at(4)).await.unwrap());
    assert!(!store.retry_run(first, delay, at(4)).await.unwrap(), "it waits already");
    let waiting = record(&*store, first.run).await;
    assert_eq!((waiting.status.as_str(), waiting.not_before), ("queued", Some(at(24))));
    assert_eq!((waiting.reason.as_deref(), waiting.finished_at), (Some("slow"), None));

    // A process that saw it before has no claim any more, and a waiting run isn't lost again.
    let lost = EventBody::run_lost("its process is gone");
    assert!(!store.end_run(first, lost.clone(), at(5)).await.unwrap());
    assert!(matches!(store.renew(first, at(60)).await, Err(StorageError::Fenced { .. })));
    let late = Batch { fence: Some(first), events: vec![NewEvent::of_run(first.run, at(5), lost)] };
    assert!(matches!(store.append(late).await, Err(StorageError::Fenced { .. })));

    let second = store.claim(claim_of(first.run, "again")).await.unwrap();
    let again = record(&*store, first.run).await;
    assert_eq!((second.epoch, again.not_before, again.class), (2, None, None));
    finish(&*store, second, EventBody::RunSucceeded).await;
    assert!(!store.retry_run(second, delay, at(9)).await.unwrap(), "it succeeded");
}

pub(crate) async fn one_of_many_claims(store: Backend) {
    let run = create(&*store, 1, &[]).await;
    let claim = |store: Backend, name: usize| async move {
        store.claim(claim_of(run, &name.to_string())).await.is_ok()
    };
    let tasks: Vec<_> = (0..16).map(|name| tokio::spawn(claim(store.clone(), name))).collect();
    let mut won = 0;
    for task in tasks {
        won += usize::from(task.await.unwrap());
    }
    assert_eq!((won, status(&*store, run).await), (1, "running"));
}
