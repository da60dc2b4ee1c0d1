//! Alerts on their way.

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

async fn due(store: &Backend, now: i64) -> Vec<(u64, String)> {
    let due = store.due_deliveries(at(now)).await.unwrap();
    due.into_iter().map(|delivery| (delivery.id, delivery.key)).collect()
}

pub(crate) async fn delivered(store: Backend) {
    let all = vec![delivery("a", "hook"), delivery("b", "hook"), delivery("c", "mail")];
    assert!(store.commit(commit(None, "1", all.clone())).await.unwrap());
    assert!(!store.commit(commit(None, "1", all.clone())).await.unwrap(), "someone was faster");
    assert!(store.commit(commit(Some("1"), "2", all)).await.unwrap());
    assert_eq!(store.deliveries(None, 9).await.unwrap().len(), 3, "keys are there once");
    // One after the other for each destination.
    assert_eq!(due(&store, 2).await, [(1, "a".to_owned()), (3, "c".to_owned())]);
    assert!(store.begin_delivery(1, 0, at(30)).await.unwrap());
    assert!(!store.begin_delivery(1, 0, at(30)).await.unwrap(), "someone has begun it");
    assert_eq!(due(&store, 29).await, [(3, "c".to_owned())]);
    // Whoever began it has died, and another one takes over.
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
    assert!(!store.retry_delivery(1, at(9)).await.unwrap(), "it isn't dead");
    store.end_delivery(1, AttemptOutcome::Dead { error: "still down".to_owned() }, at(10)).await.unwrap();
    assert!(due(&store, 99).await.is_empty());
    let dead = store.deliveries(Some(DeliveryState::Dead), 9).await.unwrap();
    assert_eq!(dead[0].error.as_deref(), Some("still down"));
    assert!(store.retry_delivery(1, at(11)).await.unwrap());
    assert_eq!(due(&store, 11).await, [(1, "a".to_owned())]);
}
