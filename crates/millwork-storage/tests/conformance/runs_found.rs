//! Finding runs.

use millwork_core::run::{RunId, RunStatus};
use millwork_storage::{NewRun, RunQuery, Store};

use crate::backend::Backend;
use crate::samples::{at, claim_of, create, request, run_id};

async fn check(store: &dyn Store, query: RunQuery, expected: &[u128]) {
    let found: Vec<RunId> = store.runs(query.clone()).await.unwrap().into_iter().map(|run| run.id).collect();
    let expected: Vec<RunId> = expected.iter().map(|number| run_id(*number)).collect();
    assert_eq!(found, expected, "{query:?}");
}

pub(crate) async fn conditions(store: Backend) {
    let store = &*store;
    let tag = |key: &str, value: &str| Some((key.to_owned(), value.to_owned()));
    create(store, 1, &[("team", "ml"), ("kind", "nightly")]).await;
    create(store, 2, &[("team", "data")]).await;
    create(store, 3, &[("team", "ml")]).await;
    create(store, 4, &[]).await;
    store.claim(claim_of(run_id(1), "holder")).await.unwrap();
    store.request_cancel(run_id(2), at(2)).await.unwrap();

    let all = RunQuery::default;
    check(store, all(), &[4, 3, 2, 1]).await;
    check(store, RunQuery { limit: Some(2), ..all() }, &[4, 3]).await;
    check(store, RunQuery { before: Some(run_id(3)), ..all() }, &[2, 1]).await;
    check(store, RunQuery { before: Some(run_id(9)), ..all() }, &[]).await;
    check(store, RunQuery { before: Some(run_id(3)), limit: Some(1), ..all() }, &[2]).await;
    check(store, RunQuery { statuses: vec![RunStatus::Running], ..all() }, &[1]).await;
    check(store, RunQuery { statuses: vec![RunStatus::Queued, RunStatus::Canceled], ..all() }, &[4, 3, 2])
        .await;
    check(store, RunQuery { statuses: vec![RunStatus::Lost], ..all() }, &[]).await;
    check(store, RunQuery { finished_since: Some(at(2)), ..all() }, &[2]).await;
    check(store, RunQuery { finished_since: Some(at(3)), ..all() }, &[]).await;
    check(store, RunQuery { tag: tag("team", "ml"), ..all() }, &[3, 1]).await;
    check(store, RunQuery { tag: tag("team", "nightly"), ..all() }, &[]).await;
    check(store, RunQuery { tag: tag("team", "ml"), statuses: vec![RunStatus::Queued], ..all() }, &[3]).await;
}

pub(crate) async fn id_parts(store: Backend) {
    let store = &*store;
    for id in ["0191aaaa-0000-7000-8000-00000000beef", "0191bbbb-0000-7000-8000-00000000cafe"] {
        store
            .create_run(NewRun { id: id.parse().unwrap(), request: request(&[]), at: at(0), lease: None })
            .await
            .unwrap();
    }
    for (part, expected) in [
        ("0191aaaa", 1),
        ("0191AAAA-0000-7", 1),
        ("0191aaaa00007", 1),
        ("0191", 2),
        ("1", 0),
        ("beef", 1),
        ("0cafe", 1),
        ("8000-00000000cafe", 1),
        ("aaaa", 0),
        ("019_", 0),
        ("0191aaaa-0000-7000-8000-00000000beef", 1),
        ("0191aaaa-0000-7000-8000-00000000beefbeef", 0),
        ("", 0),
        ("-", 0),
        ("--", 0),
    ] {
        let query = RunQuery { id_part: Some(part.to_owned()), ..RunQuery::default() };
        assert_eq!(store.runs(query).await.unwrap().len(), expected, "{part}");
    }
}
