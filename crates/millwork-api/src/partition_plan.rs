//! What a changed definition of partitions keeps of an asset's history.

use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::partition::{KeySet, KeySpace, PartitionKey};
use millwork_core::{AssetKey, KeyMoment};
use millwork_storage::{StorageError, Store};
use serde::Serialize;
use utoipa::ToSchema;

/// The partitions of an asset of which something was made, compared with those of its definition. Nothing is made again because they differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartitionPlanView {
    /// The key of the asset.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// The dimensions in words; `null` if the asset has no partitions.
    #[schema(required)]
    pub definition: Option<String>,
    /// The keys of which something was made, and that there still are.
    pub kept: PlannedKeys,
    /// The keys of which nothing was made so far.
    pub new: PlannedKeys,
    /// The keys of which something was made, and that there aren't any more; their history stays.
    pub gone: PlannedKeys,
    /// Whether the asset was made as a whole, before it had partitions.
    pub was_whole: bool,
    /// Whether the asset has an automation condition, which may request what is new.
    pub has_condition: bool,
}

/// Some keys of an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlannedKeys {
    /// How many they are.
    pub count: u64,
    /// The set as text. Keys of other dimensions are listed by their labels, at most the first ten; a text of more than a thousand characters is
    /// cut, and ends with `…`.
    pub set: String,
}

/// The most characters of a set.
const LONGEST_SET: usize = 1_000;

/// The most keys of other dimensions that are listed.
const LISTED_KEYS: usize = 10;

impl PlannedKeys {
    fn of_set(space: &KeySpace, keys: &KeySet) -> Self {
        Self { count: keys.count(), set: cut(space.set_text(keys)) }
    }

    fn of_keys(keys: &[PartitionKey]) -> Self {
        let listed = keys.iter().take(LISTED_KEYS).map(PartitionKey::label).collect::<Vec<_>>().join(", ");
        let more = if keys.len() > LISTED_KEYS { ", …" } else { "" };
        Self { count: keys.len() as u64, set: cut(format!("{listed}{more}")) }
    }

    /// Both together.
    fn with(self, other: Self) -> Self {
        let sets = [self.set, other.set].into_iter().filter(|set| !set.is_empty());
        Self { count: self.count.saturating_add(other.count), set: sets.collect::<Vec<_>>().join("; ") }
    }
}

/// A text without what is beyond the longest.
fn cut(mut set: String) -> String {
    if set.len() > LONGEST_SET {
        set.truncate(set.floor_char_boundary(LONGEST_SET));
        set.push('…');
    }
    set
}

/// Compares the partitions that were made of some assets with those of their definitions.
///
/// # Errors
///
/// When the store can't be read.
pub async fn plan_partitions(
    store: &dyn Store,
    graph: &AssetGraph,
    assets: impl IntoIterator<Item = AssetIndex>,
    moment: &KeyMoment,
) -> Result<Vec<PartitionPlanView>, StorageError> {
    let mut plans = Vec::new();
    for asset in assets {
        let made = store.partitions_made(graph.key(asset)).await?;
        plans.push(plan_of(graph, asset, made, moment));
    }
    Ok(plans)
}

fn plan_of(
    graph: &AssetGraph,
    asset: AssetIndex,
    made: Vec<Option<PartitionKey>>,
    moment: &KeyMoment,
) -> PartitionPlanView {
    let is_made_whole = made.contains(&None);
    let made = made.into_iter().flatten();
    let mut plan = PartitionPlanView {
        asset: graph.key(asset).clone(),
        definition: None,
        kept: PlannedKeys::default(),
        new: PlannedKeys::default(),
        gone: PlannedKeys::default(),
        was_whole: false,
        has_condition: graph.assets()[asset].spec.automation.is_some(),
    };
    let Some(partitions) = graph.partitions(asset) else {
        let mut gone: Vec<PartitionKey> = made.collect();
        gone.sort_unstable_by(|one, other| one.label().cmp(other.label()));
        plan.gone = PlannedKeys::of_keys(&gone);
        return plan;
    };
    let space = partitions.space(moment);
    let changes = space.changes(made);
    PartitionPlanView {
        definition: Some(partitions.dimensions().to_string()),
        kept: PlannedKeys::of_set(&space, &changes.kept),
        new: PlannedKeys::of_set(&space, &changes.new),
        gone: PlannedKeys::of_set(&space, &changes.gone).with(PlannedKeys::of_keys(&changes.of_others)),
        was_whole: is_made_whole,
        ..plan
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::event::{
        EventBody, Materialization, NewEvent, Provenance, StoredValue, ValueLocation,
    };
    use millwork_core::partition::{Dimensions, daily, fixed, hourly};
    use millwork_core::{AssetDefinition, AssetPartition, Definitions, Pipeline};
    use millwork_storage::{MemoryStore, append_version};

    use super::*;

    fn moment() -> KeyMoment {
        KeyMoment::at("2026-01-06T00:00:00Z".parse().unwrap())
    }

    fn pipeline(partitions: Option<Dimensions>) -> Pipeline {
        let asset = AssetDefinition::new("sales").produces::<u64, _>().blocking(|_| Ok(1_u64));
        let asset = partitions.into_iter().fold(asset, AssetDefinition::partitions);
        Definitions::new().asset(asset).resolve().unwrap()
    }

    async fn make(store: &MemoryStore, partition: Option<PartitionKey>) {
        let location = ValueLocation::Database;
        let stored = StoredValue { location, bytes: 1, format: "json".into(), hash: None };
        let body = EventBody::Materialized(Materialization {
            version: None,
            data_version: "d".into(),
            provenance: Provenance { code_version: "c".into(), inputs: Vec::new(), config: None },
            stored,
            metadata: [].into(),
        });
        let of = AssetPartition::new("sales".into(), partition);
        append_version(store, NewEvent::of_asset(of, moment().now(), body)).await.unwrap();
    }

    /// What is kept, new and gone, as counts and sets, when what was made of some partitions has other ones.
    async fn check(
        before: Option<Dimensions>,
        after: Option<Dimensions>,
        expected: [(u64, &str); 3],
        whole: bool,
    ) {
        let store = MemoryStore::new();
        let (before, after) = (pipeline(before), pipeline(after));
        match before.graph().partitions(before.graph().index("sales").unwrap()) {
            Some(partitions) => {
                for key in partitions.keys(&moment()) {
                    make(&store, Some(key)).await;
                }
            }
            None => make(&store, None).await,
        }
        let assets = after.graph().assets().indices();
        let plans = plan_partitions(&store, after.graph(), assets, &moment()).await.unwrap();
        let [plan] = &plans[..] else { panic!("{plans:?}") };
        let found = [&plan.kept, &plan.new, &plan.gone].map(|keys| (keys.count, keys.set.as_str()));
        assert_eq!((found, plan.was_whole), (expected, whole));
    }

    #[tokio::test]
    async fn what_a_changed_definition_keeps() {
        let days = |start: &str| daily("UTC").from(start);
        let all = || Some(days("2026-01-02").into());
        let none = (0, "");
        let kept = (4, "2026-01-02..2026-01-05");
        check(all(), all(), [kept, none, none], false).await;
        let later = Some(days("2026-01-04").into());
        check(all(), later, [(2, "2026-01-04..2026-01-05"), none, (2, "2026-01-02..2026-01-03")], false)
            .await;
        check(all(), Some(days("2026-01-01").into()), [kept, (1, "2026-01-01"), none], false).await;
        let called = Some(days("2026-01-02").format("%Y%m%d").into());
        check(all(), called, [(4, "20260102..20260105"), none, none], false).await;
        // A dimension more makes other keys.
        let crossed = Some(days("2026-01-05").by(fixed(["de", "fr"])));
        let gone = (4, "2026-01-02, 2026-01-03, 2026-01-04, 2026-01-05");
        check(all(), crossed, [none, (2, "2026-01-05|*"), gone], false).await;
        let hours = Some(hourly("UTC").from("2026-01-05T22:00").into());
        check(
            hours,
            Some(days("2026-01-05").into()),
            [none, (1, "2026-01-05"), (2, "2026-01-05-22:00, 2026-01-05-23:00")],
            false,
        )
        .await;
        check(all(), None, [none, none, gone], false).await;
        check(None, Some(fixed(["de", "fr"]).into()), [none, (2, "*"), none], true).await;
        check(None, None, [none, none, none], false).await;
    }

    #[test]
    fn very_many_keys_are_a_short_text() {
        let keys: Vec<PartitionKey> =
            (0..1_000).map(|key| PartitionKey::from(format!("key-{key:04}"))).collect();
        let planned = PlannedKeys::of_keys(&keys);
        assert_eq!((planned.count, planned.set.len()), (1_000, 10 * 10 + ", …".len() - 2));
        let space =
            Dimensions::from(fixed(keys.iter().map(PartitionKey::label))).space(moment().now()).unwrap();
        let every_other = KeySet::of(1, (0..1_000).step_by(2).map(|index| vec![index]));
        let planned = PlannedKeys::of_set(&space, &every_other);
        assert!(planned.count == 500 && planned.set.len() <= LONGEST_SET + 3 && planned.set.ends_with('…'));
    }
}
