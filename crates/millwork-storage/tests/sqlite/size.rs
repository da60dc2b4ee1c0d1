//! The size of stored steps.

use millwork_storage::{EventLog, Maintenance};

use crate::samples::{batch, create, open, step_events};

/// The three events of a step with a value of 100 bytes, with all indices.
#[tokio::test]
async fn a_step_takes_half_a_kilobyte() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let run = create(&store, 1).await;
    store.close().await;
    let size = || std::fs::metadata(folder.path().join("millwork.db")).unwrap().len();
    let empty = size();
    let store = open(folder.path()).await;
    let events = (0..2000).flat_map(|step| step_events(run, &format!("group/asset_{step}")));
    store.append(batch(events.collect())).await.unwrap();
    store.close().await;
    let bytes = (size() - empty) / 2000;
    assert!((100..600).contains(&bytes), "{bytes} bytes a step");
}
