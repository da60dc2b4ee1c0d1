//! Deliveries of alerts.

use std::collections::BTreeSet;

use millwork_core::Instigator;
use millwork_core::alert::Alert;
use millwork_storage::{AttemptOutcome, Commit, DeliveryState, NewDelivery};

use crate::backend::Backend;
use crate::samples::at;

fn commit(from: Option<&str>, cursor: &str, deliveries: Vec<NewDelivery>) -> Commit {
    Commit { deliveries, ..Commit::new(Instigator::Alerts, from.map(str::to_owned), cursor) }
}

fn delivery(key: &str, destination: &str) -> NewDelivery {
    let (key, destination, at) = (key.to_owned(), destination.to_owned(), at(1));
    NewDelivery { key, destination, alert: Alert::test("broken", at), at }
}

/// The oldest delivery of each destination whose next attempt may begin.
async fn due(store: &Backend, now: i64) -> Vec<(u64, String)> {
    let pending = store.pending_deliveries(9).await.unwrap();
    let mut seen = BTreeSet::new();
    let due = pending.into_iter().filter(|delivery| delivery.next_at <= at(now));
    let oldest = due.filter(|delivery| seen.insert(delivery.destination.clone()));
    oldest.map(|delivery| (delivery.id, delivery.key)).collect()
}

pub(crate) async fn delivered(store: Backend) {
    let all = vec![delivery("a", "hook"), delivery("b", "hook"), delivery("c", "mail")];
    assert!(store.commit(commit(None, "1", all.clone())).await.unwrap());
    assert!(!store.commit(commit(None, "1", all.clone())).await.unwrap(), "another daemon was first");
    assert!(store.commit(commit(Some("1"), "2", all)).await.unwrap());
    assert_eq!(store.deliveries(None, 9).await.unwrap().len(), 3, "keys are there once");
    // One after the other for each destination.
    assert_eq!(due(&store, 2).await, [(1, "a".to_owned()), (3, "c".to_owned())]);
    assert!(store.begin_delivery(1, 0, at(30)).await.unwrap());
    assert!(!store.begin_delivery(1, 0, at(30)).await.unwrap(), "another daemon has begun it");
    assert_eq!(due(&store, 29).await, [(2, "b".to_owned()), (3, "c".to_owned())]);
    // The process that began it has died, and another one takes over.
    assert_eq!(due(&store, 30).await.len(), 2);
    assert!(store.begin_delivery(1, 1, at(60)).await.unwrap());
    store.end_delivery(1, AttemptOutcome::Delivered, at(40)).await.unwrap();
    assert_eq!(due(&store, 40).await, [(2, "b".to_owned()), (3, "c".to_owned())]);
    let first = &store.deliveries(Some(DeliveryState::Delivered), 9).await.unwrap()[0];
    assert_eq!((first.attempts, first.finished_at, first.alert.rule.as_str()), (2, Some(at(40)), "broken"));
}

pub(crate) async fn given_up(store: Backend) {
    assert!(store.commit(commit(None, "1", vec![delivery("a", "hook")])).await.unwrap());
    assert!(store.begin_delivery(1, 0, at(30)).await.unwrap());
    let retry = AttemptOutcome::Retry { at: at(9), error: "down".to_owned() };
    store.end_delivery(1, retry, at(3)).await.unwrap();
    assert_eq!((due(&store, 8).await.len(), due(&store, 9).await.len()), (0, 1));
    store.end_delivery(1, AttemptOutcome::Dead { error: "still down".to_owned() }, at(10)).await.unwrap();
    assert!(due(&store, 99).await.is_empty());
    let dead = store.deliveries(Some(DeliveryState::Dead), 9).await.unwrap();
    assert_eq!(dead[0].error.as_deref(), Some("still down"));
    assert!(store.retry_delivery(1, at(11)).await.unwrap());
    assert_eq!(due(&store, 11).await, [(1, "a".to_owned())]);
    store.end_delivery(1, AttemptOutcome::Delivered, at(12)).await.unwrap();
    assert!(!store.retry_delivery(1, at(13)).await.unwrap(), "it has arrived");
    assert!(!store.drop_delivery(1, at(13)).await.unwrap(), "it has arrived");
}

pub(crate) async fn dropped(store: Backend) {
    let all = vec![delivery("a", "hook"), delivery("b", "hook"), delivery("c", "hook")];
    assert!(store.commit(commit(None, "1", all)).await.unwrap());
    store.end_delivery(1, AttemptOutcome::Dead { error: "no".to_owned() }, at(2)).await.unwrap();
    assert!(store.begin_delivery(2, 0, at(30)).await.unwrap());
    for (id, is_there) in [(1, true), (2, true), (2, false), (9, false)] {
        assert_eq!(store.drop_delivery(id, at(3)).await.unwrap(), is_there, "{id}");
    }
    // An attempt was in progress.
    store
        .end_delivery(2, AttemptOutcome::Retry { at: at(9), error: "down".to_owned() }, at(4))
        .await
        .unwrap();
    let dropped = store.deliveries(Some(DeliveryState::Dropped), 9).await.unwrap();
    let found: Vec<_> = dropped.iter().map(|one| (one.id, one.finished_at)).collect();
    assert_eq!(found, [(2, Some(at(3))), (1, Some(at(3)))]);
    assert_eq!(due(&store, 99).await, [(3, "c".to_owned())]);
    assert!(store.retry_delivery(1, at(5)).await.unwrap(), "a person changed their mind");
    assert_eq!(due(&store, 99).await, [(1, "a".to_owned())]);
    // The receiver has accepted it all the same.
    assert!(store.drop_delivery(1, at(6)).await.unwrap());
    store.end_delivery(1, AttemptOutcome::Delivered, at(7)).await.unwrap();
    assert_eq!(store.deliveries(Some(DeliveryState::Delivered), 9).await.unwrap()[0].id, 1);
}

pub(crate) async fn held(store: Backend) {
    let all = ["a", "b", "c", "d"].map(|key| delivery(key, "hook"));
    let mut all = all.to_vec();
    all.push(delivery("e", "mail"));
    assert!(store.commit(commit(None, "1", all)).await.unwrap());
    store
        .end_delivery(3, AttemptOutcome::Retry { at: at(90), error: "down".to_owned() }, at(2))
        .await
        .unwrap();
    store.end_delivery(4, AttemptOutcome::Dead { error: "no".to_owned() }, at(2)).await.unwrap();
    assert!(store.begin_delivery(1, 0, at(30)).await.unwrap());
    let hold = AttemptOutcome::Hold { until: at(60), error: "too many".to_owned() };
    store.end_delivery(1, hold, at(3)).await.unwrap();
    let next = store.pending_deliveries(9).await.unwrap();
    let next: Vec<_> = next.iter().map(|one| (one.id, one.next_at)).collect();
    assert_eq!(next, [(1, at(60)), (2, at(60)), (3, at(90)), (5, at(1))]);
    // A maximum of each destination, those whose attempts come first.
    let first = store.pending_deliveries(2).await.unwrap();
    assert_eq!(first.iter().map(|one| one.id).collect::<Vec<_>>(), [1, 2, 5]);
}
