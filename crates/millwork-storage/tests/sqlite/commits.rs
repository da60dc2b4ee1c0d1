//! The number of transactions.

use std::sync::Arc;

use millwork_storage::{EventLog, Maintenance, SqliteStore};

use crate::samples::{batch, create, open, sequences, step_events};

#[tokio::test]
async fn waiting_batches_share_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()).await);
    let run = create(&store, 1).await;
    let before = store.counts().commits;
    let append = |store: Arc<SqliteStore>, step: usize| async move {
        store.append(batch(step_events(run, &step.to_string()))).await.unwrap()
    };
    let tasks: Vec<_> = (0..1000).map(|step| tokio::spawn(append(store.clone(), step))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let commits = store.counts().commits - before;
    assert!((1..=20).contains(&commits), "{commits} commits for 1000 batches");
    assert_eq!(sequences(&store).await.len(), 3001);
}

#[tokio::test]
async fn alone_each_has_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let run = create(&store, 1).await;
    let before = store.counts().commits;
    for step in 0..10 {
        store.append(batch(step_events(run, &step.to_string()))).await.unwrap();
    }
    assert_eq!(store.counts().commits - before, 10);
}
