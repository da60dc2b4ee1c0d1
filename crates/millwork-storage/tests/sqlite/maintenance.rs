//! Operations on the file as a whole.

use millwork_storage::{EventLog as _, Maintenance as _};

use crate::samples::{batch, create, open, sequences, step_events};

#[tokio::test]
async fn files_have_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let run = create(&store, 1).await;
    store.append(batch(step_events(run, "a"))).await.unwrap();
    let info = store.info().await.unwrap();
    assert!(info.wal_bytes > 0 && info.database_bytes > 0);
}

#[tokio::test]
async fn compacting_frees_and_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let run = create(&store, 1).await;
    let events = (0..500).flat_map(|step| step_events(run, &step.to_string())).collect();
    store.append(batch(events)).await.unwrap();
    assert!(store.compact().await.unwrap() > 0, "the write-ahead log is gone");
    assert_eq!(store.info().await.unwrap().wal_bytes, 0);
    assert_eq!(store.append(batch(step_events(run, "next"))).await.unwrap(), [1502, 1503, 1504]);
    assert_eq!(sequences(&store).await.len(), 1504);
}
