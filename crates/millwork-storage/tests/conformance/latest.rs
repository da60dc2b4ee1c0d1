//! The latest events of assets.

use millwork_core::event::EventBody;
use millwork_core::{AssetKey, AssetPartition, PartitionKey};
use millwork_storage::{LatestAsset, LatestOrder, Store};

use crate::backend::Backend;
use crate::samples::{append, create, kept, materialized, not_materialized, of_step, run_id};

/// The latest events of the assets `a`, `b` and `c`: asset, partition, number of the materialization and the verdict.
async fn check(store: &dyn Store, expected: &[(&str, Option<&str>, Option<u64>, u64)]) {
    let latest = store.latest(&["c".into(), "b".into(), "a".into(), "unheard_of".into()]).await.unwrap();
    let found: Vec<_> = latest
        .iter()
        .map(|latest| {
            let partition = latest.partition.as_ref().map(PartitionKey::label);
            let materialization = latest.materialization.as_ref().map(|event| event.sequence);
            (latest.asset.as_str(), partition, materialization, latest.verdict.sequence)
        })
        .collect();
    assert_eq!(found, expected);
    // In pages it is the same.
    let assets: Vec<AssetKey> = ["c", "b", "a", "unheard_of"].map(AssetKey::from).to_vec();
    assert_eq!(store.latest_of_few(&assets, 100).await.unwrap(), latest);
    let firsts = store.latest_of_few(&assets, 1).await.unwrap();
    assert!(firsts.iter().all(|first| latest.contains(first)));
    assert!(firsts.is_sorted_by(|one, other| one.asset < other.asset), "one of each");
    for asset in &assets {
        let mut of_asset: Vec<LatestAsset> =
            latest.iter().filter(|latest| latest.asset == *asset).cloned().collect();
        assert_eq!(firsts.iter().any(|first| first.asset == *asset), !of_asset.is_empty());
        let mut pages = Vec::new();
        for skip in 0..of_asset.len() as u64 + 1 {
            pages.extend(store.latest_page(asset, LatestOrder::Any, skip, 1).await.unwrap());
        }
        assert_eq!(pages.first(), firsts.iter().find(|first| first.asset == *asset));
        pages.sort_by_key(|latest| latest.verdict.sequence);
        of_asset.sort_by_key(|latest| latest.verdict.sequence);
        assert_eq!(pages, of_asset);
        let newest = store.latest_page(asset, LatestOrder::NewestFirst, 0, 1).await.unwrap();
        assert_eq!(newest.first(), of_asset.last());
    }
    // One by one it is the same, whatever else is asked for.
    let keys =
        latest.iter().map(|latest| AssetPartition::new(latest.asset.clone(), latest.partition.clone()));
    let others =
        [AssetPartition::new("a".into(), Some("unheard of".into())), AssetPartition::new("b".into(), None)];
    let wanted: Vec<AssetPartition> = keys.clone().chain(others).chain(keys).collect();
    let mut one_by_one = store.latest_of(&wanted).await.unwrap();
    one_by_one.retain(|found| latest.contains(found));
    assert_eq!(one_by_one, latest);
    for latest in &latest {
        let of = AssetPartition::new(latest.asset.clone(), latest.partition.clone());
        assert_eq!(store.latest_of(&[of]).await.unwrap().as_slice(), std::slice::from_ref(latest));
    }
}

async fn append_one(store: &dyn Store, asset: &str, partition: Option<&str>, body: EventBody) -> u64 {
    append(store, vec![of_step(run_id(1), asset, partition, body)]).await[0]
}

pub(crate) async fn verdicts(store: Backend) {
    let store = &*store;
    create(store, 1, &[]).await;
    check(store, &[]).await;
    append_one(store, "a", None, EventBody::StepStarted).await;
    check(store, &[]).await;
    let nothing = append_one(store, "a", None, not_materialized()).await;
    check(store, &[("a", None, None, nothing)]).await;
    let first = append_one(store, "a", None, materialized("d1")).await;
    check(store, &[("a", None, Some(first), first)]).await;
    let kept = append_one(store, "a", None, kept()).await;
    check(store, &[("a", None, Some(first), kept)]).await;
    let second = append_one(store, "a", None, materialized("d2")).await;
    check(store, &[("a", None, Some(second), second)]).await;
    let nothing = append_one(store, "a", None, not_materialized()).await;
    let observed = EventBody::Observed { data_version: None, metadata: [].into() };
    append_one(store, "a", None, observed).await;
    check(store, &[("a", None, Some(second), nothing)]).await;
}

pub(crate) async fn partitions(store: Backend) {
    let store = &*store;
    let run = create(store, 1, &[]).await;
    let event = |asset, partition, body| of_step(run, asset, partition, body);
    // In one batch, and several of the same asset and partition in it.
    let numbers = append(
        store,
        vec![
            event("b", Some("tue"), materialized("d1")),
            event("a", Some("tue"), materialized("d2")),
            event("a", None, materialized("d3")),
            event("a", Some("mon"), materialized("d4")),
            event("a", Some("tue"), kept()),
            event("a", Some("mon"), materialized("d5")),
            event("a", Some(""), not_materialized()),
        ],
    );
    let [b_tue, tue, none, _, tue_kept, mon, empty] = numbers.await[..] else { panic!() };
    let a = [
        ("a", None, Some(none), none),
        ("a", Some(""), None, empty),
        ("a", Some("mon"), Some(mon), mon),
        ("a", Some("tue"), Some(tue), tue_kept),
    ];
    check(store, &[&a[..], &[("b", Some("tue"), Some(b_tue), b_tue)]].concat()).await;
}

pub(crate) async fn only_what_is_asked(store: Backend) {
    create(&*store, 1, &[]).await;
    for asset in ["a", "b", "c"] {
        append_one(&*store, asset, None, materialized("d1")).await;
    }
    let latest = store.latest(&["b".into()]).await.unwrap();
    assert_eq!(latest.len(), 1);
    assert_eq!(latest[0].materialization.as_ref(), Some(&latest[0].verdict));
    assert_eq!(latest[0].verdict.body, materialized("d1"));
    assert!(store.latest(&[]).await.unwrap().is_empty());
}
