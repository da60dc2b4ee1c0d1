//! Several handles on one file, as several processes would have.

use std::sync::Arc;

use millwork_core::event::EventBody;
use millwork_core::run::RunId;
use millwork_core::{Advice as _, Instigator, SwitchedCursor};
use millwork_storage::{
    Claim, Commit, EventLog, EventQuery, Fence, Holder, InstigatorStore as _, Maintenance as _, RunStore,
    SqliteStore, StorageError,
};

use crate::samples::{at, batch, create, open, sequences, step_events};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn both_append() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [Arc::new(open(folder.path()).await), Arc::new(open(folder.path()).await)];
    let run = create(&stores[0], 1).await;
    let append = |store: Arc<SqliteStore>, name: String| async move {
        let mut appended = Vec::new();
        for step in 0..25 {
            let events = step_events(run, &format!("{name}/{step}"));
            appended.extend(store.append(batch(events)).await.unwrap());
        }
        appended
    };
    let tasks: Vec<_> =
        (0..8).map(|task| tokio::spawn(append(stores[task % 2].clone(), task.to_string()))).collect();
    let mut all = vec![1];
    for task in tasks {
        let appended = task.await.unwrap();
        assert!(appended.is_sorted());
        all.extend(appended);
    }
    all.sort_unstable();
    assert_eq!(all, (1..=601).collect::<Vec<_>>(), "no number was given twice");
    for store in &stores {
        assert_eq!(sequences(store).await, all);
    }
    let assets: Vec<_> = (0..8).map(|task| format!("{task}/24").into()).collect();
    assert_eq!(stores[1].latest(&assets).await.unwrap().len(), 8);
}

/// The cache of one handle is outdated after the other has written.
#[tokio::test]
async fn each_sees_what_the_other_did() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = [open(folder.path()).await, open(folder.path()).await];
    let run = create(&first, 1).await;
    let claim = |store| claim(store, run);
    let fence = claim(&first).await.unwrap();
    assert!(matches!(claim(&second).await, Err(StorageError::NotClaimable { .. })));
    assert_eq!(first.append(batch(step_events(run, "a"))).await.unwrap(), [3, 4, 5]);
    assert_eq!(second.append(batch(step_events(run, "b"))).await.unwrap(), [6, 7, 8]);
    assert_eq!(first.append(batch(step_events(run, "c"))).await.unwrap(), [9, 10, 11]);
    let again = second.append(batch(step_events(run, "a"))).await;
    assert!(matches!(again, Err(StorageError::AlreadySucceeded { .. })));

    assert!(second.end_run(fence, EventBody::run_lost("gone"), at()).await.unwrap());
    assert!(matches!(first.renew(fence, at()).await, Err(StorageError::Fenced { .. })));
    assert_eq!(claim(&second).await.unwrap().epoch, 2);
    assert!(matches!(first.renew(fence, at()).await, Err(StorageError::Fenced { .. })));
    let names = |events: Vec<millwork_core::event::Event>| {
        events.into_iter().filter_map(|event| event.step).map(|step| step.to_string()).collect::<Vec<_>>()
    };
    let of_c = EventQuery { step: Some("c".into()), ..EventQuery::default() };
    assert_eq!(names(second.events(of_c).await.unwrap()), ["c", "c", "c"]);
}

/// A handle remembers the cursors of instigators, until another one writes.
#[tokio::test]
async fn each_evaluates_from_where_the_other_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = [open(folder.path()).await, open(folder.path()).await];
    let hourly = Instigator::Schedule("hourly".to_owned());
    let commit = async |store: &SqliteStore, from: Option<&str>, to: &str| {
        store.commit(Commit::new(hourly.clone(), from.map(str::to_owned), to.to_owned())).await.unwrap()
    };
    assert!(commit(&first, None, "1").await);
    assert!(commit(&second, Some("1"), "2").await);
    assert!(!commit(&first, Some("1"), "3").await, "the other was first");
    assert!(commit(&first, Some("2"), "3").await);
    second.switch(&hourly, Some(true), SwitchedCursor::Cleared).await.unwrap();
    assert!(!commit(&first, Some("3"), "4").await, "the switch has forgotten the cursor");
    assert!(commit(&first, None, "4").await);
    second.switch(&hourly, Some(false), SwitchedCursor::Kept).await.unwrap();
    assert!(!commit(&first, None, "5").await, "the switch has kept the cursor");
    assert_eq!(second.state(&hourly).await.unwrap().cursor.as_deref(), Some("4"));
}

async fn claim(store: &SqliteStore, run: RunId) -> Result<Fence, StorageError> {
    store.claim(Claim { run, holder: Holder::this_process(), now: at(), until: at(), resumes: true }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_open_a_new_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = Arc::new(folder.path().join("new/millwork.db"));
    let open = |path: Arc<std::path::PathBuf>| async move { SqliteStore::open(&path).await };
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(open(path.clone()))).collect();
    for task in tasks {
        assert!(sequences(&task.await.unwrap().unwrap()).await.is_empty());
    }
}

#[tokio::test]
async fn closing_leaves_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    create(&store, 1).await;
    assert_eq!(sequences(&store).await, [1]);
    store.close().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(matches!(store.append(batch(vec![])).await, Err(StorageError::Database { .. })));
    assert_eq!(sequences(&open(folder.path()).await).await, [1]);
}

/// Otherwise writes would go to no file, and reads come from no home.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_removed_or_replaced_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let run = create(&store, 1).await;
    let path = folder.path().join("millwork.db");
    std::fs::rename(&path, folder.path().join("elsewhere.db")).unwrap();
    let claimed = claim(&store, run).await.unwrap_err();
    assert!(claimed.hint().unwrap().starts_with("end this process"), "{claimed:?}");
    let other = tempfile::tempdir().unwrap();
    drop(open(other.path()).await);
    std::fs::rename(other.path().join("millwork.db"), &path).unwrap();
    assert!(claim(&store, run).await.is_err());
    assert!(store.run(run).await.is_err());
}
