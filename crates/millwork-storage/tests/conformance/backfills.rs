//! Backfills: created, found, and changed together with their runs.

use millwork_core::Instigator;
use millwork_core::backfill::{
    Backfill, BackfillAsset, BackfillOptions, BackfillRequest, BackfillRun, BackfillStatus, plan,
};
use millwork_core::id::BackfillId;
use millwork_core::partition::{Dimensions, fixed};
use millwork_core::run::{RunId, RunRequest};
use millwork_storage::{
    BackfillChange, BackfillQuery, Commit, NewBackfill, NewRun, RunQuery, StorageError, StoredBackfill, Tick,
    TickOutcome,
};

use crate::backend::Backend;
use crate::samples::at;

fn new(now: i64) -> NewBackfill {
    let space = Dimensions::from(fixed(["a", "b", "c"])).space(at(0)).unwrap();
    let options = BackfillOptions { runs_at_a_time: 3.try_into().unwrap(), ..BackfillOptions::default() };
    let request = BackfillRequest { options, ..BackfillRequest::new("letters", space.all()) };
    let plan = plan(&[BackfillAsset::new("letters", space)], &request).unwrap();
    NewBackfill { request: RunRequest::of_assets(["letters".into()]).queued(), plan, at: at(now) }
}

async fn stored(store: &Backend, id: BackfillId) -> StoredBackfill {
    store.backfill(id).await.unwrap().unwrap()
}

/// The change that starts the next run.
fn start(of: &StoredBackfill, run: RunId) -> BackfillChange {
    let mut backfill = of.backfill.clone();
    let next: BackfillRun = backfill.next_runs().pop().unwrap();
    backfill.started(run, next).unwrap();
    let new = NewRun { id: run, request: RunRequest::default().queued(), at: at(20), lease: None };
    let (id, state) = (of.record.id, backfill.state().clone());
    BackfillChange { id, revision: of.revision, state, runs: vec![new], at: at(20) }
}

async fn runs(store: &Backend) -> usize {
    store.runs(RunQuery::default()).await.unwrap().len()
}

pub(crate) async fn created_and_found(store: Backend) {
    assert!(store.backfills(BackfillQuery::default()).await.unwrap().is_empty());
    assert!(store.backfill(BackfillId::new(1)).await.unwrap().is_none());
    let [first, second, third] = [
        store.create_backfill(new(10)).await.unwrap(),
        store.create_backfill(new(11)).await.unwrap(),
        store.create_backfill(new(12)).await.unwrap(),
    ];
    assert_eq!([first, second, third].map(BackfillId::number), [1, 2, 3]);
    let found = stored(&store, second).await;
    assert_eq!((found.record.id, found.revision), (second, 0));
    assert_eq!((found.record.created_at, found.record.changed_at), (at(11), at(11)));
    assert_eq!((found.record.status, found.record.counts.waiting), (BackfillStatus::Requested, 3));
    assert_eq!(found.record.request, new(11).request);
    assert_eq!(found.backfill.state(), Backfill::new(new(11).plan).state());

    let mut canceled = stored(&store, second).await;
    canceled.backfill.cancel().unwrap();
    let change = BackfillChange {
        id: second,
        revision: 0,
        state: canceled.backfill.state().clone(),
        runs: Vec::new(),
        at: at(13),
    };
    assert!(store.change_backfill(change).await.unwrap());
    let ids = async |query: BackfillQuery| {
        let found = store.backfills(query).await.unwrap();
        found.iter().map(|record| record.id.number()).collect::<Vec<_>>()
    };
    let all = BackfillQuery::default();
    assert_eq!(ids(all).await, [3, 2, 1]);
    assert_eq!(ids(BackfillQuery { open_only: true, ..all }).await, [3, 1]);
    assert_eq!(ids(BackfillQuery { limit: Some(1), ..all }).await, [3]);
    assert_eq!(ids(BackfillQuery { before: Some(third), limit: Some(1), ..all }).await, [2]);
    assert_eq!(store.backfills(all).await.unwrap()[1], stored(&store, second).await.record);
}

pub(crate) async fn changed_with_its_runs(store: Backend) {
    let id = store.create_backfill(new(10)).await.unwrap();
    let first = stored(&store, id).await;
    let change = start(&first, RunId::from_u128(1));
    assert!(store.change_backfill(change.clone()).await.unwrap());
    let second = stored(&store, id).await;
    assert_eq!((second.revision, second.record.changed_at), (1, at(20)));
    assert_eq!((second.record.status, second.record.counts.running), (BackfillStatus::Running, 1));
    assert_eq!(second.backfill.state(), &change.state);
    assert_eq!(runs(&store).await, 1);

    // Who decided by what was there before writes nothing.
    assert!(!store.change_backfill(start(&first, RunId::from_u128(2))).await.unwrap());
    assert_eq!((runs(&store).await, stored(&store, id).await.revision), (1, 1));
    let unknown = BackfillChange { id: BackfillId::new(99), ..start(&second, RunId::from_u128(2)) };
    assert!(!store.change_backfill(unknown).await.unwrap());

    // A run that exists refuses all of it.
    let refused = store.change_backfill(BackfillChange {
        runs: vec![NewRun {
            id: RunId::from_u128(1),
            request: RunRequest::default().queued(),
            at: at(21),
            lease: None,
        }],
        ..start(&second, RunId::from_u128(3))
    });
    assert!(matches!(refused.await, Err(StorageError::DuplicateRun { .. })));
    assert_eq!((runs(&store).await, stored(&store, id).await.revision), (1, 1));
}

pub(crate) async fn created_by_an_evaluation(store: Backend) {
    let nightly = Instigator::Schedule("nightly".to_owned());
    let evaluation = |from: Option<&str>, cursor: &str| {
        let outcome = TickOutcome::Idle { reason: String::new() };
        let tick = Tick { instigator: nightly.clone(), due: at(9), at: at(10), micros: None, outcome };
        let backfills = vec![(new(10), tick)];
        Commit { backfills, ..Commit::new(nightly.clone(), from.map(str::to_owned), cursor) }
    };
    assert!(store.commit(evaluation(None, "1")).await.unwrap());
    assert!(!store.commit(evaluation(None, "2")).await.unwrap(), "another daemon was first");
    assert!(store.commit(evaluation(Some("1"), "2")).await.unwrap());
    let found = store.backfills(BackfillQuery::default()).await.unwrap();
    assert_eq!(found.iter().map(|record| record.id.number()).collect::<Vec<_>>(), [2, 1]);
    let ticks = store.ticks(&[nightly], 9).await.unwrap();
    let outcomes: Vec<TickOutcome> = ticks.into_iter().map(|tick| tick.outcome).collect();
    assert_eq!(outcomes, [2, 1].map(|id| TickOutcome::Backfill { backfill: BackfillId::new(id) }));
}
