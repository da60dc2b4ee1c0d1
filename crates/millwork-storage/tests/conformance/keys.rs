//! Keys of partitions of every kind: stored and found by what they are, and shown as they were called first.

use millwork_core::event::NewEvent;
use millwork_core::partition::{Dimensions, KeyMoment, daily, fixed, hourly};
use millwork_core::version::VersionNumber;
use millwork_core::{AssetPartition, PartitionKey, PartitionsDefinition};
use millwork_storage::{EventQuery, append_version};

use crate::backend::Backend;
use crate::samples::{at, events, materialized};

fn keys(dimensions: impl Into<Dimensions>) -> Vec<PartitionKey> {
    let moment = KeyMoment::at("2026-01-03T02:00:00Z".parse().unwrap());
    PartitionsDefinition::from(dimensions.into()).keys(&moment)
}

/// Keys that look alike, or are called alike.
fn alike() -> Vec<PartitionKey> {
    let odd = ["2026-01-01", "a|b", "a,b", "@:a,b", "@20260101T0000Z-20260102T0000Z", "🙂 /%", "a%2Cb"];
    let texts = odd.iter().map(|text| PartitionKey::from(*text));
    let days = || daily("UTC").from("2026-01-01");
    texts
        .chain(keys(days()))
        .chain(keys(hourly("UTC").from("2026-01-03")))
        .chain(keys(daily("Asia/Kathmandu").from("2026-01-01")))
        .chain(keys(days().by(fixed(["a", "a,b"]))))
        .chain(keys(fixed(["a", "a,b"]).by(fixed(["b", "c"]).named("other"))))
        .collect()
}

pub(crate) async fn are_told_apart(store: Backend) {
    let store = &*store;
    let of = |key: &PartitionKey| AssetPartition::new("a".into(), Some(key.clone()));
    let alike = alike();
    for (number, key) in alike.iter().enumerate() {
        let event = NewEvent::of_asset(of(key), at(number as i64), materialized(&format!("d{number}")));
        append_version(store, event).await.unwrap();
    }
    for (number, key) in alike.iter().enumerate() {
        let query = EventQuery { partition: Some(Some(key.clone())), ..EventQuery::default() };
        let [event] = &events(store, query).await[..] else { panic!("{key}") };
        assert_eq!((event.at, event.partition.as_ref()), (at(number as i64), Some(key)));
        assert_eq!(event.partition.as_ref().map(PartitionKey::label), Some(key.label()));
        let version = store.version(&of(key), VersionNumber::FIRST).await.unwrap();
        assert_eq!(version.as_ref(), Some(event));
    }
    let latest = store.latest(&["a".into()]).await.unwrap();
    assert_eq!(latest.len(), alike.len());
    let mut made = store.partitions_made(&"a".into()).await.unwrap();
    let mut expected: Vec<_> = alike.iter().cloned().map(Some).collect();
    made.sort_unstable();
    expected.sort_unstable();
    assert_eq!(made, expected);
    assert!(store.partitions_made(&"b".into()).await.unwrap().is_empty());
    let last = store.last_versions(&["a".into()]).await.unwrap();
    let mut found: Vec<&str> =
        last.iter().filter_map(|(of, _)| Some(of.partition.as_ref()?.label())).collect();
    let mut labels: Vec<&str> = alike.iter().map(PartitionKey::label).collect();
    found.sort_unstable();
    labels.sort_unstable();
    assert_eq!(found, labels);
}

pub(crate) async fn are_the_same_by_another_name(store: Backend) {
    let store = &*store;
    let called = |format: &str| keys(daily("UTC").from("2026-01-02").format(format)).swap_remove(0);
    let (day, other) = (called("%Y-%m-%d"), called("%d.%m.%Y"));
    assert_eq!((&day, day.label(), other.label()), (&other, "2026-01-02", "02.01.2026"));
    for key in [&day, &other] {
        let of = AssetPartition::new("a".into(), Some(key.clone()));
        append_version(store, NewEvent::of_asset(of, at(1), materialized("d"))).await.unwrap();
    }
    for key in [&day, &other] {
        let query = EventQuery { partition: Some(Some(key.clone())), ..EventQuery::default() };
        assert_eq!(events(store, query).await.len(), 2);
    }
    let last = store.last_versions(&["a".into()]).await.unwrap();
    assert_eq!(last, [(AssetPartition::new("a".into(), Some(day)), VersionNumber::new(2).unwrap())]);
}
