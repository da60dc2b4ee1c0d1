//! What statuses follow from: kept, replaced, and gone on from.

use millwork_core::asset_status::PartitionHealth;
use millwork_core::event::{
    AssetRenamed, EventBody, InputVersion, Materialization, NewEvent, Provenance, StoredValue, ValueLocation,
};
use millwork_core::partition::{TimeWindows, hourly};
use millwork_core::version::ReadAs;
use millwork_core::{
    AssetDefinition, AssetKey, AssetPartition, AssetStatus, Definitions, KeyMoment, PartitionKey, Pipeline,
};
use millwork_storage::{CurrentStatuses, KeepStatuses, KeptStatuses, Store};

use crate::backend::Backend;
use crate::samples::{append, at};

fn kept(until: u64, writer: &str, assets: &[(&str, &str)]) -> KeptStatuses {
    let assets = assets.iter().map(|(asset, body)| (AssetKey::from(*asset), (*body).to_owned()));
    KeptStatuses { until, writer: writer.to_owned(), assets: assets.collect() }
}

pub(crate) async fn kept_and_replaced(store: Backend) {
    assert_eq!(store.statuses().await.unwrap(), None);
    let keep = async |statuses: &KeptStatuses, are_all| {
        store.keep_statuses(KeepStatuses { statuses: statuses.clone(), are_all }).await.unwrap()
    };
    let changed = kept(3, "one", &[("b", "2")]);
    assert!(!keep(&changed, false).await, "there is nothing that they could have changed from");
    assert!(keep(&kept(2, "one", &[("a", "1"), ("b", "1")]), true).await);
    assert!(keep(&changed, false).await);
    let expected = kept(3, "one", &[("a", "1"), ("b", "2")]);
    assert_eq!(store.statuses().await.unwrap(), Some(expected.clone()));
    assert!(!keep(&kept(4, "other", &[("a", "3")]), false).await, "another writer wrote");
    assert!(!keep(&kept(2, "other", &[("a", "3")]), true).await, "later events are included");
    assert_eq!(store.statuses().await.unwrap(), Some(expected));
    let others = kept(4, "other", &[("c", "1")]);
    assert!(keep(&others, true).await);
    assert!(!keep(&kept(5, "one", &[("a", "4")]), false).await);
    assert_eq!(store.statuses().await.unwrap(), Some(others));
}

const MADE: usize = 1_200;

fn hours() -> TimeWindows {
    hourly("UTC").from("2026-01-01").until("2026-03-01")
}

/// Hours, of code with a version, and what is made from each.
fn pipeline(hours_are: &str, code_version: &str) -> Pipeline {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>();
    let upstream = hours_are.to_owned();
    Definitions::new()
        .asset(asset(hours_are).partitions(hours()).blocking(|_| Ok(0_u8)).policy(|computation| {
            computation.code_version = code_version.into();
        }))
        .asset(asset("again").partitions(hours()).input::<u8>(&upstream).blocking(|_| Ok(0_u8)))
        .resolve()
        .unwrap()
}

fn moment() -> KeyMoment {
    KeyMoment::at("2026-04-01T00:00:00Z".parse().unwrap())
}

fn keys() -> Vec<PartitionKey> {
    let pipeline = pipeline("hours", "1");
    let space = pipeline.graph().key_space(pipeline.graph().index("hours").unwrap(), &moment());
    space.partition_keys(&space.all())
}

fn made(asset: &str, key: &PartitionKey, code_version: &str, upstream: Option<&str>, data: &str) -> NewEvent {
    let input = upstream.map(|upstream| InputVersion {
        upstream: AssetPartition::new(upstream.into(), Some(key.clone())),
        data_version: Some("d".into()),
        version: None,
        read_as: ReadAs::Latest,
    });
    let stored =
        StoredValue { location: ValueLocation::Elsewhere, bytes: 0, format: String::new(), hash: None };
    let body = EventBody::Materialized(Materialization {
        version: None,
        data_version: data.into(),
        provenance: Provenance {
            code_version: code_version.into(),
            inputs: input.into_iter().collect(),
            config: None,
        },
        stored,
        metadata: Default::default(),
    });
    NewEvent::of_asset(AssetPartition::new(asset.into(), Some(key.clone())), at(1), body)
}

async fn fill(store: &dyn Store, keys: &[PartitionKey]) {
    for (asset, upstream) in [("hours", None), ("again", Some("hours"))] {
        append(store, keys.iter().map(|key| made(asset, key, "1", upstream, "d")).collect()).await;
    }
}

/// The numbers of fresh, stale and missing partitions of an asset.
async fn check(store: &dyn Store, pipeline: &Pipeline, asset: &str, expected: [u64; 3]) {
    let graph = pipeline.graph();
    let current = CurrentStatuses::at(store, graph, &moment()).await.unwrap();
    let sets = &current.statuses().of(graph.index(asset).unwrap()).partitions;
    let counts = [AssetStatus::Fresh, AssetStatus::Stale, AssetStatus::Missing];
    assert_eq!(counts.map(|status| sets.count(status)), expected, "{asset}");
}

pub(crate) async fn read_on_from_what_is_kept(store: Backend) {
    let (pipeline, keys) = (pipeline("hours", "1"), keys());
    let (all, many) = (keys.len() as u64, MADE as u64);
    fill(&*store, &keys[..MADE]).await;
    check(&*store, &pipeline, "again", [many, 0, all - many]).await;
    let first = store.statuses().await.unwrap().expect("what was read is kept");
    assert_eq!((first.until, first.assets.len()), (2 * many, 2));
    let bytes = first.assets.iter().map(|(_, body)| body.len()).max().unwrap();
    assert!(bytes < 1_000, "{bytes} bytes");

    // One is made again as it was, one as something else, one with other code, and one for the first time.
    let next = [
        made("hours", &keys[0], "1", None, "d"),
        made("hours", &keys[1], "1", None, "other"),
        made("hours", &keys[2], "0", None, "d"),
        made("hours", &keys[MADE], "1", None, "d"),
    ];
    append(&*store, next.to_vec()).await;
    check(&*store, &pipeline, "hours", [many, 1, all - many - 1]).await;
    check(&*store, &pipeline, "again", [many - 2, 2, all - many]).await;
    assert_eq!(store.statuses().await.unwrap().unwrap(), first, "so little isn't written");

    // Other code, with which only one was made.
    let other = self::pipeline("hours", "0");
    check(&*store, &other, "hours", [1, many, all - many - 1]).await;
    check(&*store, &other, "again", [1, many - 1, all - many]).await;

    // In detail.
    let graph = pipeline.graph();
    let mut current = CurrentStatuses::at(&*store, graph, &moment()).await.unwrap();
    let again = graph.index("again").unwrap();
    let stale = current.statuses().of(again).partitions.stale().next(None, 10);
    let details = current.partitions(&*store, graph, again, &stale).await.unwrap();
    let reasons: Vec<String> = details.iter().flat_map(PartitionHealth::reasons).collect();
    let [changed, behind] = &reasons[..] else { panic!("{reasons:?}") };
    assert!(changed.starts_with("`hours` has new data ("), "{changed}");
    assert_eq!(behind, "`hours` is itself not fresh");

    // What many events have changed is kept again, by a process that goes on.
    let more: Vec<NewEvent> = keys[MADE..].iter().map(|key| made("hours", key, "1", None, "d")).collect();
    let more = [vec![more; 6].concat(), next.to_vec()].concat();
    append(&*store, more).await;
    current.catch_up(&*store, graph, moment().now(), |_| ()).await.unwrap();
    current.derive(&*store, graph, &moment()).await.unwrap();
    let second = store.statuses().await.unwrap().unwrap();
    assert!(second.until > first.until + 1_000);
    check(&*store, &pipeline, "hours", [all - 1, 1, 0]).await;
    check(&*store, &pipeline, "again", [many - 2, 2, all - many]).await;
}

pub(crate) async fn renames_begin_anew(store: Backend) {
    let keys = keys();
    let (all, many) = (keys.len() as u64, MADE as u64);
    fill(&*store, &keys[..MADE]).await;
    let before = pipeline("hours", "1");
    let mut current = CurrentStatuses::at(&*store, before.graph(), &moment()).await.unwrap();
    let (from, to) = (AssetKey::from("hours"), AssetKey::from("instants"));
    let body = EventBody::AssetRenamed(AssetRenamed { from, to: to.clone(), steps: Default::default() });
    store.rename(NewEvent::of_asset(AssetPartition::new(to, None), at(2), body)).await.unwrap().unwrap();
    let after = pipeline("instants", "1");
    check(&*store, &after, "instants", [many, 0, all - many]).await;
    check(&*store, &after, "again", [many, 0, all - many]).await;

    // A process that still has the old definitions sees that nothing is there any more.
    current.catch_up(&*store, before.graph(), moment().now(), |_| ()).await.unwrap();
    current.derive(&*store, before.graph(), &moment()).await.unwrap();
    let sets = &current.statuses().of(before.graph().index("hours").unwrap()).partitions;
    assert_eq!(sets.count(AssetStatus::Missing), all);
}
