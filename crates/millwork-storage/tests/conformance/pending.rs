//! Pending work.

use millwork_core::run::RunSpec;
use millwork_core::{Instigator, SwitchedCursor};
use millwork_storage::{
    Commit, InstigatorState, NewPending, Pending, PendingAttempt, PendingOutcome, PendingState, PendingWork,
};

use crate::backend::Backend;
use crate::samples::at;

fn sensor(name: &str) -> Instigator {
    Instigator::Sensor(name.to_owned())
}

fn pending(work: PendingWork) -> NewPending {
    NewPending { work, reason: "it is broken".to_owned(), next_at: at(15), at: at(10) }
}

fn run(key: &str) -> PendingWork {
    PendingWork::Run {
        run: RunSpec::of("one").key(key).tag("a", "b").partition("de").into(),
        due: Some(at(9)),
    }
}

fn commit(from: Option<&str>, cursor: &str) -> Commit {
    Commit::new(sensor("inbox"), from.map(str::to_owned), cursor)
}

async fn all(store: &Backend) -> Vec<Pending> {
    store.pending(&[], 9).await.unwrap()
}

async fn due(store: &Backend, now: i64) -> Vec<u64> {
    store
        .due_pending(&[sensor("inbox"), sensor("other")], at(now), 9)
        .await
        .unwrap()
        .into_iter()
        .map(|pending| pending.id)
        .collect()
}

pub(crate) async fn kept(store: Backend) {
    let works = [run("a"), PendingWork::Event { sequence: 7 }, PendingWork::Tick { due: at(8) }];
    let added = works.clone().map(pending).to_vec();
    assert!(store.commit(Commit { pending: added, ..commit(None, "1") }).await.unwrap());
    let other = Commit { pending: vec![pending(run("b"))], ..Commit::new(sensor("other"), None, "1") };
    assert!(store.commit(other).await.unwrap());
    // A commit from an old cursor adds nothing.
    let slower = Commit { pending: vec![pending(run("c"))], ..commit(None, "2") };
    assert!(!store.commit(slower).await.unwrap());
    let known = all(&store).await;
    assert_eq!(known.iter().map(|one| one.work.clone()).take(3).collect::<Vec<_>>(), works);
    let first = &known[0];
    assert_eq!(
        (first.state, first.attempts, first.reason.as_str()),
        (PendingState::Waiting, 1, "it is broken")
    );
    assert_eq!((first.next_at, first.created_at, &first.instigator), (at(15), at(10), &sensor("inbox")));
    assert_eq!(store.pending(&[sensor("other")], 9).await.unwrap(), known[3..]);
    assert_eq!(store.pending(&[sensor("inbox"), sensor("other")], 2).await.unwrap(), known[..2]);
    assert_eq!((due(&store, 14).await, due(&store, 15).await), (vec![], vec![1, 2, 3, 4]));
    let of_other = store.due_pending(&[sensor("other")], at(15), 9).await.unwrap();
    assert_eq!(of_other, known[3..]);
    assert_eq!(store.due_pending(&[], at(15), 9).await.unwrap(), []);
    assert_eq!(due(&store, 15 - 3_601).await, [1, 2, 3, 4], "so far ahead is a wrong clock");
}

pub(crate) async fn tried_again(store: Backend) {
    let added = ["a", "b", "c"].map(|key| pending(run(key))).to_vec();
    assert!(store.commit(Commit { pending: added, ..commit(None, "1") }).await.unwrap());
    let attempt = |id, attempts, outcome| PendingAttempt { id, attempts, outcome };
    let again = PendingOutcome::Again { reason: "still".to_owned(), next_at: at(30) };
    let given_up = PendingOutcome::GivenUp { reason: "for good".to_owned() };
    let attempts = vec![attempt(1, 1, PendingOutcome::Done), attempt(2, 1, again), attempt(3, 1, given_up)];
    assert!(store.commit(Commit { attempts, ..commit(Some("1"), "2") }).await.unwrap());
    let left = all(&store).await;
    let told: Vec<_> =
        left.iter().map(|one| (one.id, one.state, one.attempts, one.reason.as_str())).collect();
    assert_eq!(told, [(2, PendingState::Waiting, 2, "still"), (3, PendingState::GivenUp, 2, "for good")]);
    assert_eq!((due(&store, 29).await, due(&store, 30).await), (vec![], vec![2]));
    // Another process has retried or dropped it since: nothing of the commit is written.
    for attempts in [vec![attempt(2, 1, PendingOutcome::Done)], vec![attempt(1, 1, PendingOutcome::Done)]] {
        assert!(!store.commit(Commit { attempts, ..commit(Some("2"), "3") }).await.unwrap());
    }
    assert_eq!(store.state(&sensor("inbox")).await.unwrap().cursor.as_deref(), Some("2"));
    // A person decides.
    assert!(store.retry_pending(3, at(20)).await.unwrap());
    assert_eq!((due(&store, 20).await, all(&store).await[1].attempts), (vec![3], 0));
    assert!(store.drop_pending(2).await.unwrap());
    assert!(!store.drop_pending(2).await.unwrap() && !store.retry_pending(2, at(20)).await.unwrap());
    // Numbers aren't used again.
    assert!(store.drop_pending(3).await.unwrap());
    let more = Commit { pending: vec![pending(run("d"))], ..commit(Some("2"), "3") };
    assert!(store.commit(more).await.unwrap());
    assert_eq!(all(&store).await[0].id, 4);
}

/// A function that is stuck stays so until the next commit clears it, whatever is switched.
pub(crate) async fn stuck(store: Backend) {
    let stuck_since = Some(at(12));
    assert!(store.commit(Commit { stuck_since, ..commit(None, "1") }).await.unwrap());
    store.switch(&sensor("inbox"), Some(true), SwitchedCursor::Cleared).await.unwrap();
    let expected = InstigatorState { on: Some(true), cursor: None, stuck_since };
    assert_eq!(store.state(&sensor("inbox")).await.unwrap(), expected);
    assert_eq!(store.states().await.unwrap()[&sensor("inbox")], expected);
    assert!(store.commit(commit(None, "2")).await.unwrap());
    assert_eq!(store.state(&sensor("inbox")).await.unwrap().stuck_since, None);
}
