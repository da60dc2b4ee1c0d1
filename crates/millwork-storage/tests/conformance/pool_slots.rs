//! Slots of concurrency pools.

use millwork_storage::{PoolShare, SlotId, Store, TakeSlots};

use crate::backend::Backend;
use crate::samples::{at, holder};

/// Takes slots of pools that have `of` each, at second `now`, for ten seconds.
async fn take_of(
    store: &dyn Store,
    pools: &[(&str, u32)],
    of: u32,
    name: &str,
    now: i64,
) -> Option<Vec<SlotId>> {
    let share = |(pool, slots): &(&str, u32)| PoolShare { pool: (*pool).to_owned(), slots: *slots, of };
    let of = pools.iter().map(share).collect();
    let take = TakeSlots { of, holder: holder(name), now: at(now), until: at(now + 10) };
    store.take_slots(take).await.unwrap()
}

/// Takes one of two slots.
async fn take(store: &dyn Store, pool: &str, name: &str, now: i64) -> Option<SlotId> {
    take_of(store, &[(pool, 1)], 2, name, now).await.map(|slots| slots[0])
}

pub(crate) async fn taken(store: Backend) {
    let store = &*store;
    let first = take(store, "gpu", "a", 0).await.unwrap();
    let second = take(store, "gpu", "b", 0).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(take(store, "gpu", "c", 0).await, None);
    assert!(take(store, "api", "c", 0).await.is_some(), "pools don't share slots");

    store.give_slots_back(&[first]).await.unwrap();
    store.give_slots_back(&[first]).await.unwrap();
    let third = take(store, "gpu", "c", 0).await.unwrap();
    assert!(third != first && third != second, "numbers are never used again");
    assert_eq!(take(store, "gpu", "a", 0).await, None);

    store.free_slots(&holder("c")).await.unwrap();
    assert!(take(store, "gpu", "a", 0).await.is_some());
    assert_eq!(take_of(store, &[("none", 1)], 0, "a", 0).await, None);
}

/// Slots of several pools, or several of one, are taken together or not at all.
pub(crate) async fn weighted(store: Backend) {
    let store = &*store;
    let model = [("gpu", 1), ("memory", 12)];
    let held = take_of(store, &model, 16, "a", 0).await.unwrap();
    assert_eq!(held.len(), 2);
    assert_eq!(take_of(store, &model, 16, "b", 0).await, None, "the memory is short, so the GPU isn't taken");
    assert!(take_of(store, &[("gpu", 15)], 16, "b", 0).await.is_some());
    assert!(take_of(store, &[("memory", 4)], 16, "c", 0).await.is_some());
    let slots = store.held_slots().await.unwrap();
    let told: Vec<(&str, u32, &str)> =
        slots.iter().map(|held| (held.pool.as_str(), held.slots, held.holder.id.as_str())).collect();
    assert_eq!(told, [("gpu", 1, "a"), ("gpu", 15, "b"), ("memory", 12, "a"), ("memory", 4, "c")]);
    assert_eq!(slots[0].until, at(10));
    store.give_slots_back(&held).await.unwrap();
    assert!(take_of(store, &model, 16, "b", 0).await.is_some());
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
