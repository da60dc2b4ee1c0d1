//! Homes of before versions were numbered: the migration numbers their materializations, in the order in which they were recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use millwork_core::event::{EventBody, EventKind, NewEvent};
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, AssetPartition};
use millwork_storage::{
    EventLog as _, EventQuery, Maintenance as _, StorageError, VersionStore as _, append_version,
};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;

use crate::samples::{at, batch, open};

/// A home that version 0.1.0 wrote, copied.
fn home(example: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(fixture(example), folder.path().join("millwork.db")).unwrap();
    folder
}

fn fixture(example: &str) -> PathBuf {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    examples.join(example).join("tests/homes/0.1.0/millwork.db")
}

/// The numbers of every asset and partition, each with the sequence number of its event.
async fn numbered(folder: &Path) -> BTreeMap<AssetPartition, Vec<(u32, u64)>> {
    let store = open(folder).await;
    let query = EventQuery { kinds: Some(EventKind::Materialized.into()), ..EventQuery::default() };
    let mut found: BTreeMap<AssetPartition, Vec<(u32, u64)>> = BTreeMap::new();
    for event in store.events(query).await.unwrap() {
        let EventBody::Materialized(made) = &event.body else { continue };
        let of = event.asset_partition().unwrap();
        let version = made.version.unwrap();
        assert_eq!(store.version(&of, version).await.unwrap().unwrap(), event);
        found.entry(of).or_default().push((version.get(), event.sequence));
    }
    let assets: Vec<AssetKey> = found.keys().map(|of| of.asset.clone()).collect();
    let last: BTreeMap<_, _> = store.last_versions(&assets).await.unwrap().into_iter().collect();
    let expected = found.iter().map(|(of, versions)| (of.clone(), versions.last().unwrap().0));
    assert_eq!(
        last.into_iter().map(|(of, version)| (of, version.get())).collect::<Vec<_>>(),
        expected.collect::<Vec<_>>()
    );
    found
}

#[tokio::test]
async fn materializations_get_their_numbers() {
    for (example, materializations, most) in
        [("hackernews", 10, 2), ("service", 10, 5), ("synthetic", 164, 4)]
    {
        let folder = home(example);
        let found = numbered(folder.path()).await;
        assert_eq!(found.values().map(Vec::len).sum::<usize>(), materializations);
        assert_eq!(found.values().map(Vec::len).max(), Some(most), "{example}");
        for (of, versions) in &found {
            let numbers: Vec<u32> = versions.iter().map(|(number, _)| *number).collect();
            assert_eq!(numbers, (1..=u32::try_from(versions.len()).unwrap()).collect::<Vec<_>>(), "{of}");
            assert!(versions.is_sorted_by_key(|(_, sequence)| *sequence));
        }
        assert_eq!(numbered(folder.path()).await, found, "they stay");
        assert_eq!(open(folder.path()).await.check().await.unwrap(), [], "{example}");
    }
}

#[tokio::test]
async fn numbers_go_on_from_there() {
    let folder = home("service");
    let (store, work) = (open(folder.path()).await, AssetPartition::new("work".into(), None));
    let last = store.version(&work, VersionNumber::new(5).unwrap()).await.unwrap().unwrap();
    let again = NewEvent {
        run: None,
        at: at(),
        step: None,
        asset: last.asset,
        partition: None,
        attempt: 0,
        body: last.body,
        value: None,
    };
    let taken = store.append(batch(vec![again.clone()])).await;
    assert!(matches!(taken, Err(StorageError::VersionTaken { .. })), "{taken:?}");
    append_version(&store, again).await.unwrap();
    let last = store.last_versions(&["work".into()]).await.unwrap();
    assert_eq!(last, [(work, VersionNumber::new(6).unwrap())]);
    assert_eq!(store.aliases(&[]).await.unwrap(), []);
}

/// A row that can't be read has a number, and costs no other one its own.
#[tokio::test]
async fn a_damaged_home_is_migrated() {
    let whole = numbered(home("service").path()).await;
    let folder = home("service");
    let work = AssetPartition::new("work".into(), None);
    let second = whole[&work][1].1;
    let options = SqliteConnectOptions::new().filename(folder.path().join("millwork.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let text = "UPDATE events SET body = '{' WHERE sequence = ?";
    sqlx::query(text).bind(second.cast_signed()).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let found = numbered(folder.path()).await;
    assert_eq!(found[&work].iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 3, 4, 5]);
}
