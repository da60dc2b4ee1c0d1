//! Homes of before versions were numbered: the migration numbers their materializations, in the order in which they were recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use millwork_core::asset::Decision;
use millwork_core::event::{
    AliasChange, AliasMoved, EventBody, EventKind, Mover, NewEvent, Provenance, ShadowCalled, ShadowOutcome,
    ShadowTrial, VersionJudged,
};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetPartition};
use millwork_storage::{
    EventLog as _, EventQuery, Maintenance as _, StorageError, VersionStore as _, append_version,
    model_history,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};
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

/// What leads to format 9, which knew models, but no shadow, and to format 10, which knew partitions of texts only.
const TO_FORMAT_10: [&str; 10] = [
    include_str!("../../src/sqlite/migrations/0001_initial.sql"),
    include_str!("../../src/sqlite/migrations/0002_schedules.sql"),
    include_str!("../../src/sqlite/migrations/0003_queue.sql"),
    include_str!("../../src/sqlite/migrations/0004_automation.sql"),
    include_str!("../../src/sqlite/migrations/0005_alerts.sql"),
    include_str!("../../src/sqlite/migrations/0006_pending.sql"),
    include_str!("../../src/sqlite/migrations/0007_set_aside.sql"),
    include_str!("../../src/sqlite/migrations/0008_versions.sql"),
    include_str!("../../src/sqlite/migrations/0009_version_events.sql"),
    include_str!("../../src/sqlite/migrations/0010_shadow_calls.sql"),
];

/// A home that version 0.1.0 wrote, as a later version has left it.
async fn of_format(format: usize, example: &str) -> TempDir {
    let folder = home(example);
    let options = SqliteConnectOptions::new().filename(folder.path().join("millwork.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.unwrap();
    for migration in TO_FORMAT_10.iter().take(format).skip(usize::try_from(version).unwrap()) {
        sqlx::raw_sql(*migration).execute(&mut connection).await.unwrap();
    }
    let set_version = AssertSqlSafe(format!("PRAGMA user_version = {format}"));
    sqlx::raw_sql(set_version).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    folder
}

#[tokio::test]
async fn shadow_works_in_a_home_of_before_it() {
    let folder = of_format(9, "service").await;
    let before = numbered(home("service").path()).await;
    assert_eq!(numbered(folder.path()).await, before, "all rows are readable");
    let (store, work) = (open(folder.path()).await, AssetPartition::new("work".into(), None));
    assert_eq!(store.check().await.unwrap(), []);
    let champion = AliasName::champion();
    let about = |body| NewEvent::of_asset(work.clone(), at(), body);
    let number = |version| VersionNumber::new(version).unwrap();
    let provenance = || Provenance { code_version: "c".into(), inputs: Vec::new(), config: None };
    let judged = |version, decision, shadow: Option<ShadowTrial>| {
        EventBody::VersionJudged(VersionJudged {
            gate: "better".into(),
            version: number(version),
            against: None,
            decision,
            asked: None,
            shadow,
            answers: None,
            reason: String::new(),
            metadata: Default::default(),
            provenance: provenance(),
        })
    };
    let promoted = EventBody::AliasMoved(AliasMoved {
        alias: champion.clone(),
        from: None,
        to: Some(number(4)),
        data_version: None,
        change: AliasChange::Promoted,
        by: Mover::Gate("better".into()),
        reason: String::new(),
    });
    let trial = ShadowTrial { asset: "work".into(), until: None, then: None };
    let called = EventBody::ShadowCalled(ShadowCalled {
        model: "work".into(),
        version: number(5),
        beside: None,
        outcome: ShadowOutcome::Nothing,
        provenance: provenance(),
    });
    let events = vec![
        about(judged(4, Some(Decision::Promote), None)),
        about(promoted),
        about(judged(5, None, Some(trial))),
        about(called),
    ];
    store.append(batch(events)).await.unwrap();
    let history = model_history(&store, &work).await.unwrap();
    assert_eq!(history.in_shadow(&champion).map(|(version, _)| version), Some(number(5)));
    let calls = EventQuery { kinds: Some(EventKind::ShadowCalled.into()), ..EventQuery::default() };
    assert_eq!(store.events(calls).await.unwrap().len(), 1);
    drop(store);
    assert_eq!(numbered(folder.path()).await, before, "also when it is opened again");
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

#[tokio::test]
async fn texts_of_partitions_stay_the_keys_that_they_were() {
    let folder = of_format(10, "synthetic").await;
    let before = numbered(home("synthetic").path()).await;
    let partitioned = || before.keys().filter_map(|of| of.partition.as_ref());
    assert!(partitioned().count() > 0, "the home has partitions");
    assert!(partitioned().all(|key| key.identity() == key.label() && key.path_segment() == key.label()));
    assert_eq!(numbered(folder.path()).await, before);
    let store = open(folder.path()).await;
    assert_eq!(store.check().await.unwrap(), []);
    for (of, versions) in before.iter().filter(|(of, _)| of.partition.is_some()) {
        let partition = of.partition.as_ref().map(|key| key.label().into());
        let query = EventQuery {
            asset: Some(of.asset.clone()),
            partition: Some(partition),
            kinds: Some(EventKind::Materialized.into()),
            ..EventQuery::default()
        };
        assert_eq!(store.events(query).await.unwrap().len(), versions.len(), "{of}");
    }
}
