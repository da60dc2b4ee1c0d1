//! Versions by their numbers.

use millwork_core::AssetPartition;
use millwork_core::event::EventBody;
use millwork_core::version::VersionNumber;

use crate::backend::Backend;
use crate::samples::{append, create, materialized, of_step};

/// Several versions are found at once, of whatever assets and partitions; those that there are not are left out.
pub(crate) async fn several_at_once(store: Backend) {
    let run = create(&*store, 1, &[]).await;
    let number = |number| VersionNumber::new(number).unwrap();
    let made = |asset: &str, partition: Option<&str>, version| {
        let mut body = materialized("d");
        if let EventBody::Materialized(made) = &mut body {
            made.version = Some(number(version));
        }
        of_step(run, asset, partition, body)
    };
    let all = [("a", None, 1), ("a", None, 2), ("a", Some("mon"), 1), ("b", None, 1), ("b", Some("a"), 1)];
    let events = all.iter().map(|(asset, partition, version)| made(asset, *partition, *version)).collect();
    let sequences = append(&*store, events).await;
    let wanted = |asset: &str, partition: Option<&str>, version| {
        (AssetPartition::new(asset.into(), partition.map(Into::into)), number(version))
    };
    for (place, (asset, partition, version)) in all.into_iter().enumerate() {
        let found = store.versions(&[wanted(asset, partition, version)]).await.unwrap();
        let found: Vec<u64> = found.iter().map(|event| event.sequence).collect();
        assert_eq!(found, [sequences[place]], "{asset} {partition:?} {version}");
    }
    let several = [
        wanted("b", Some("a"), 1),
        wanted("a", None, 2),
        wanted("a", None, 3),
        wanted("a", Some("tue"), 1),
        wanted("none", None, 1),
        wanted("a", None, 1),
        wanted("a", None, 1),
    ];
    let found = store.versions(&several).await.unwrap();
    let found: Vec<u64> = found.iter().map(|event| event.sequence).collect();
    assert_eq!(found, [sequences[0], sequences[1], sequences[4]]);
    assert!(store.versions(&[]).await.unwrap().is_empty());
}
