//! The processes that share a home.

use std::path::Path;

use millwork_core::event::EventBody;
use millwork_core::run::{RunId, RunRequest, RunState, RunStatus};
use millwork_storage::{
    Claim, EventQuery, Holder, Home, Lease, Liveness, NewRun, RunQuery, StorageError, StoreKind, TakeSlots,
};
use tempfile::TempDir;

use crate::child::{Working, at, start_run, step_events};

fn locks(home: &Path) -> usize {
    std::fs::read_dir(home.join("processes")).map_or(0, Iterator::count)
}

fn reason(liveness: Liveness) -> Option<String> {
    if let Liveness::Ended { reason } = liveness { Some(reason) } else { None }
}

async fn take_slot(home: &Home) -> bool {
    home.store().take_slots(TakeSlots::one("pool", 1, home.holder(), at(1), at(30))).await.unwrap().is_some()
}

#[tokio::test]
async fn only_those_who_claim_leave_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path().join("home")).await.unwrap();
    assert!(home.recover(at(0)).await.unwrap().is_empty());
    assert!(!home.values_path().exists() && !home.path.join("processes").exists());
    let fence = start_run(&home, 1).await;
    assert_eq!((locks(&home.path), home.is_alive(home.holder())), (1, Liveness::Alive));
    assert_eq!(home.store().run(fence.run).await.unwrap().unwrap().holder.as_ref(), Some(home.holder()));
    let path = home.path.clone();
    home.store().close().await;
    drop(home);
    assert_eq!(locks(&path), 0);
}

#[tokio::test]
async fn others_are_judged_by_their_locks() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] =
        [Home::open(folder.path()).await.unwrap(), Home::open(folder.path()).await.unwrap()];
    start_run(&first, 1).await;
    let holder = first.holder().clone();
    assert_eq!(second.is_alive(&holder), Liveness::Alive);
    assert!(second.recover(at(99)).await.unwrap().is_empty(), "its process lives, whatever its lease says");
    let elsewhere = Holder { host: "elsewhere".to_owned(), ..holder.clone() };
    assert_eq!(second.is_alive(&elsewhere), Liveness::Unknown);
    let earlier = Holder { boot: "earlier".to_owned(), ..holder.clone() };
    assert_eq!(reason(second.is_alive(&earlier)).unwrap(), "the machine was restarted");
    drop(first);
    let ended = reason(second.is_alive(&holder)).unwrap();
    let expected = format!("its process (pid {} on host {}) ended without", holder.pid, holder.host);
    assert!(ended.starts_with(&expected), "{ended}");
}

#[tokio::test]
async fn who_lives_keeps_its_slots_whatever_the_clock_says() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] =
        [Home::open(folder.path()).await.unwrap(), Home::open(folder.path()).await.unwrap()];
    assert!(take_slot(&first).await);
    let take = |now| TakeSlots::one("pool", 1, second.holder(), at(now), at(now + 30));
    for now in [29, 30, 31_536_000] {
        assert!(second.store().take_slots(take(now)).await.unwrap().is_none(), "{now}");
    }
    drop(first);
    assert!(second.store().take_slots(take(1)).await.unwrap().is_some());
}

/// The URL of a new store that several processes can open; `None` if those of this kind can't be shared.
fn shared(kind: StoreKind, folder: &Path) -> Option<String> {
    match kind {
        StoreKind::Sqlite => Some(format!("sqlite:{}/shared.db", folder.display())),
        StoreKind::Memory => None,
    }
}

/// Whether a process lives is known from the locks of its home, whatever the store.
#[tokio::test]
async fn who_lives_keeps_its_runs_and_slots_in_any_store() {
    for kind in StoreKind::ALL {
        let folder = tempfile::tempdir().unwrap();
        let Some(url) = shared(kind, folder.path()) else { continue };
        let path = folder.path().join("home");
        let first = Home::open_with_store(&path, &url).await.unwrap();
        let second = Home::open_with_store(&path, &url).await.unwrap();
        start_run(&first, 1).await;
        assert!(take_slot(&first).await);
        assert!(second.recover(at(31_536_000)).await.unwrap().is_empty(), "{kind:?}: its process lives");
        let take = TakeSlots::one("pool", 1, second.holder(), at(31_536_000), at(31_536_030));
        assert!(second.store().take_slots(take).await.unwrap().is_none(), "{kind:?}: its process lives");
        drop(first);
        assert_eq!(second.recover(at(1)).await.unwrap().len(), 1, "{kind:?}: its process has ended");
    }
}

/// A home, and a process that works in it and has printed this.
async fn beside(work: &str, says: &str) -> (TempDir, Home, Working) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let mut child = Working::start(folder.path(), work);
    assert_eq!(child.next().unwrap(), says);
    (folder, home, child)
}

#[tokio::test]
async fn a_killed_process_loses_its_run_and_slots() {
    let (folder, home, mut child) = beside("hold 1", "holding").await;
    assert!(home.recover(at(1)).await.unwrap().is_empty());
    assert!(!take_slot(&home).await);

    child.kill();
    assert!(take_slot(&home).await, "the slot of a process that has ended is free");
    let lost = home.recover(at(1)).await.unwrap();
    assert_eq!(lost.len(), 1);
    assert!(lost[0].reason.as_ref().unwrap().contains("killed, crashed, or out of memory"));
    assert!(home.recover(at(1)).await.unwrap().is_empty());
    assert_eq!(locks(folder.path()), 1, "only our own lock is left");
}

#[tokio::test]
async fn a_run_that_was_to_stop_is_canceled_when_its_process_is_killed() {
    let (_folder, home, mut child) = beside("hold 1", "holding").await;
    home.store().request_cancel(RunId::from_u128(1), at(1)).await.unwrap();
    child.kill();
    let ended = home.recover(at(2)).await.unwrap();
    assert_eq!(ended.iter().map(|run| run.status).collect::<Vec<_>>(), [RunStatus::Canceled]);
}

#[tokio::test]
async fn a_process_that_requested_a_run_owns_it_before_it_begins() {
    let (folder, home, mut child) = beside("request 1", "requested").await;
    assert!(home.recover(at(99)).await.unwrap().is_empty(), "its process lives, whatever its lease says");

    child.kill();
    let lost = home.recover(at(1)).await.unwrap();
    assert_eq!(
        lost.iter().map(|run| (run.id, run.status)).collect::<Vec<_>>(),
        [(RunId::from_u128(1), RunStatus::Lost)]
    );
    assert!(lost[0].reason.as_ref().unwrap().contains("killed, crashed, or out of memory"));
    assert_eq!(locks(folder.path()), 0);
    let events = home.store().events(EventQuery::default()).await.unwrap();
    let state = RunState::replay(&events).unwrap();
    assert_eq!(state.status, Some(RunStatus::Lost));
    // It is resumed as any lost run.
    let (holder, resumes) = (home.holder().clone(), true);
    home.store().claim(Claim { run: lost[0].id, holder, now: at(2), until: at(30), resumes }).await.unwrap();
}

#[tokio::test]
async fn a_run_without_an_owner_is_lost_unless_it_is_left_to_daemons() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let requests = [RunRequest::default(), RunRequest::default().queued()];
    for (number, request) in (1..).zip(requests) {
        let run = NewRun { id: RunId::from_u128(number), request, at: at(0), lease: None };
        home.store().create_run(run).await.unwrap();
    }
    let lost = home.recover(at(1)).await.unwrap();
    assert_eq!(lost.iter().map(|run| run.id).collect::<Vec<_>>(), [RunId::from_u128(1)]);
    assert_eq!(lost[0].reason.as_deref(), Some("the process that requested it never started it"));
    assert!(home.recover(at(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn no_run_is_requested_by_a_process_that_can_not_vouch_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("processes"), "in the way of the folder").unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let lease = Some(Lease { holder: home.holder().clone(), until: at(30) });
    let run = NewRun { id: RunId::from_u128(1), request: RunRequest::default(), at: at(0), lease };
    let refused = home.store().create_run(run).await.unwrap_err();
    assert!(matches!(refused, StorageError::Home { action: "lock", .. }), "{refused}");
    assert!(home.store().runs(RunQuery::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_of_many_recovers_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Working::start(folder.path(), "hold 1");
    child.next().unwrap();
    child.kill();
    let recover = |path: std::path::PathBuf| async move {
        let home = Home::open(path).await.unwrap();
        home.recover(at(1)).await.unwrap().len()
    };
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(recover(folder.path().to_owned()))).collect();
    let mut recovered = 0;
    for task in tasks {
        recovered += task.await.unwrap();
    }
    assert_eq!(recovered, 1);
}

#[tokio::test]
async fn a_run_on_another_machine_is_lost_with_its_lease() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let fence = start_run(&home, 1).await;
    home.store().end_run(fence, EventBody::run_lost("over there now"), at(1)).await.unwrap();
    let holder = Holder { id: "x".to_owned(), host: "elsewhere".to_owned(), pid: 7, boot: String::new() };
    let claim = Claim { run: RunId::from_u128(1), holder, now: at(2), until: at(30), resumes: true };
    let fence = home.store().claim(claim).await.unwrap();
    assert!(home.recover(at(29)).await.unwrap().is_empty());
    let lost = home.recover(at(30)).await.unwrap();
    assert!(
        lost[0].reason.as_ref().unwrap().contains("(pid 7 on host elsewhere) stopped renewing its lease")
    );
    let late = home.store().append(step_events(fence, "late")).await;
    assert!(matches!(late, Err(StorageError::Fenced { .. })));
}

/// The folder of a home and its store needn't be in one place, and the store needn't be SQLite's.
#[tokio::test]
async fn a_home_may_have_its_store_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = format!("sqlite:{}/elsewhere.db", folder.path().display());
    for kind in StoreKind::ALL {
        let url = match kind {
            StoreKind::Sqlite => &*elsewhere,
            StoreKind::Memory => "memory:",
        };
        let path = folder.path().join("home");
        let home = Home::open_with_store(&path, url).await.unwrap();
        let holder = Holder { id: "x".to_owned(), ..home.holder().clone() };
        let lease = Some(Lease { holder, until: at(30) });
        let run = NewRun { id: RunId::from_u128(1), request: RunRequest::default(), at: at(0), lease };
        home.store().create_run(run).await.unwrap();
        let lost = home.recover(at(1)).await.unwrap();
        assert_eq!(lost.iter().map(|run| run.status).collect::<Vec<_>>(), [RunStatus::Lost], "{url}");
        home.store().close().await;
        assert!(!path.join("millwork.db").exists(), "{url}");
    }
    let refused = Home::open_with_store(folder.path(), "postgres://host/db").await.unwrap_err();
    assert!(matches!(refused, StorageError::UnknownStore { .. }), "{refused}");
}

/// A process that is killed while it holds nothing leaves a lock that is never checked.
#[tokio::test]
async fn stale_locks_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("processes")).unwrap();
    std::fs::write(folder.path().join("processes/gone.lock"), "").unwrap();
    let [first, second] =
        [Home::open(folder.path()).await.unwrap(), Home::open(folder.path()).await.unwrap()];
    start_run(&first, 1).await;
    start_run(&second, 2).await;
    assert!(!folder.path().join("processes/gone.lock").exists());
    assert_eq!(
        (first.is_alive(second.holder()), second.is_alive(first.holder())),
        (Liveness::Alive, Liveness::Alive)
    );
}
