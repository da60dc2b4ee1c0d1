//! Slots of concurrency pools.

use millwork_storage::{SlotId, Store};

use crate::backend::Backend;
use crate::samples::{at, holder};

/// Takes one of two slots at second `now`, for ten seconds.
async fn take(store: &dyn Store, pool: &str, name: &str, now: i64) -> Option<SlotId> {
    store.take_slot(pool, 2, &holder(name), at(now), at(now + 10)).await.unwrap()
}

pub(crate) async fn taken(store: Backend) {
    let store = &*store;
    let first = take(store, "gpu", "a", 0).await.unwrap();
    let second = take(store, "gpu", "b", 0).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(take(store, "gpu", "c", 0).await, None);
    assert!(take(store, "api", "c", 0).await.is_some(), "pools don't share slots");

    store.give_slot_back(first).await.unwrap();
    store.give_slot_back(first).await.unwrap();
    let third = take(store, "gpu", "c", 0).await.unwrap();
    assert!(third != first && third != second, "numbers are never used again");
    assert_eq!(take(store, "gpu", "a", 0).await, None);

    store.free_slots(&holder("c")).await.unwrap();
    assert!(take(store, "gpu", "a", 0).await.is_some());
    assert_eq!(store.take_slot("none", 0, &holder("a"), at(0), at(9)).await.unwrap(), None);
}

pub(crate) async fn leases(store: Backend) {
    let store = &*store;
    take(store, "gpu", "a", 0).await.unwrap();
    take(store, "gpu", "b", 0).await.unwrap();
    assert_eq!(take(store, "gpu", "c", 9).await, None);
    store.renew_slots(&holder("a"), at(100)).await.unwrap();
    assert!(take(store, "gpu", "c", 10).await.is_some(), "b has not renewed its slot");
    assert_eq!(take(store, "gpu", "b", 11).await, None);
}

pub(crate) async fn many_at_once(store: Backend) {
    let try_take = |store: Backend, name: usize| async move {
        take(&*store, "gpu", &name.to_string(), 0).await.is_some()
    };
    let tasks: Vec<_> = (0..32).map(|name| tokio::spawn(try_take(store.clone(), name))).collect();
    let mut got = 0;
    for task in tasks {
        got += usize::from(task.await.unwrap());
    }
    assert_eq!(got, 2);
}
