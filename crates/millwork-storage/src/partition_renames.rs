//! Renames of keys of partitions by hand: what was made of the old key is the new key's from then on.

use std::collections::BTreeSet;

use jiff::Timestamp;
use millwork_core::backfill::PlannedAsset;
use millwork_core::event::{EventBody, NewEvent, PartitionsRenamed};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::partition::{AssetPartition, KeySpace, PartitionKey};
use millwork_core::run::{RunStatus, StepKey};
use millwork_core::{AssetKey, KeyMoment, Problem};

use crate::backfills::open_backfills;
use crate::{RunQuery, StorageError, Store};

/// Renames keys of an asset, and of the others that its step makes, as pairs of an old and a new key. A pair such as `country=uk` and `country=gb`
/// renames a text of a dimension in every key that has it. One event records all of them.
///
/// # Errors
///
/// When the store can't be read or written. The inner error says what is wrong with a pair, such as that something was made of both keys.
pub async fn remap_partitions(
    store: &dyn Store,
    graph: &AssetGraph,
    asset: AssetIndex,
    pairs: &[(String, String)],
    (moment, at): (&KeyMoment, Timestamp),
) -> Result<Result<PartitionsRenamed, Problem>, StorageError> {
    let key = graph.key(asset).clone();
    let Some(partitions) = graph.partitions(asset) else {
        let problem = Problem::new(format!("asset `{key}` has no partitions"));
        return Ok(Err(problem.with_hint("`list assets --json` has those of each asset")));
    };
    let space = partitions.space(moment);
    let (assets, steps) = made_together(graph, asset);
    let mut made = BTreeSet::new();
    for asset in &assets {
        made.extend(store.partitions_made(asset).await?.into_iter().flatten());
    }
    let keys = match renamed_keys(&space, &made, pairs) {
        Ok(keys) => keys,
        Err(problem) => return Ok(Err(problem.within(format!("asset `{key}`")))),
    };
    if let Some(problem) = in_progress(store, graph, &assets, &keys).await? {
        return Ok(Err(problem));
    }
    let renamed = PartitionsRenamed { assets, steps, keys };
    let of = AssetPartition::new(key, None);
    let event = NewEvent::of_asset(of, at, EventBody::PartitionsRenamed(renamed.clone()));
    match store.rename(event).await {
        Ok(_) => Ok(Ok(renamed)),
        Err(error @ StorageError::NameTaken { .. }) => Ok(Err((&error).into())),
        Err(error) => Err(error),
    }
}

/// The assets that are made with an asset, itself first, and the steps that make or examine them.
fn made_together(graph: &AssetGraph, asset: AssetIndex) -> (Vec<AssetKey>, Vec<StepKey>) {
    let step = graph.assets()[asset].step;
    let outputs: Vec<AssetIndex> = step.map_or_else(|| vec![asset], |step| graph.outputs(step).to_vec());
    let examined = outputs.iter().flat_map(|output| {
        let node = &graph.assets()[*output];
        node.checks.iter().chain(&node.gate)
    });
    let steps = step.iter().chain(examined).map(|step| graph.steps()[*step].key.clone());
    let others = outputs.iter().filter(|output| **output != asset);
    let assets = [&asset].into_iter().chain(others).map(|output| graph.key(*output).clone());
    (assets.collect(), steps.collect())
}

/// The keys that pairs mean, each old one with its new one.
fn renamed_keys(
    space: &KeySpace,
    made: &BTreeSet<PartitionKey>,
    pairs: &[(String, String)],
) -> Result<Vec<(PartitionKey, PartitionKey)>, Problem> {
    let mut keys: Vec<(PartitionKey, PartitionKey)> = Vec::new();
    for (old, new) in pairs {
        for (from, to) in keys_of_pair(space, made, old, new)? {
            if space.has(&from) {
                let problem = Problem::new(format!("the partition `{from}` is still defined"));
                return Err(
                    problem.with_hint("take it out of the definition first, or it would be made anew")
                );
            }
            if let Some((other, _)) = keys.iter().find(|(other, known)| *known == to || *other == from) {
                let problem = Problem::new(format!("`{other}` and `{from}` are to have one history"));
                return Err(problem.with_hint("each key takes over that of one, once"));
            }
            keys.push((from, to));
        }
    }
    Ok(keys)
}

fn keys_of_pair(
    space: &KeySpace,
    made: &BTreeSet<PartitionKey>,
    old: &str,
    new: &str,
) -> Result<Vec<(PartitionKey, PartitionKey)>, Problem> {
    let is_meant =
        |key: &&PartitionKey| key.label() == old || key.identity() == old || space.text_in_sets(key) == old;
    // One that there still is isn't the one that is renamed, if it is called the same.
    let meant: Vec<&PartitionKey> = made.iter().filter(is_meant).filter(|key| !space.has(key)).collect();
    match meant[..] {
        [from] => return Ok(vec![(from.clone(), space.partition_key(&new.into())?)]),
        [one, ..] => {
            let problem = Problem::new(format!("{} keys are called `{old}`", meant.len()));
            let hint = format!("name it as links do, such as `{}`", one.identity());
            return Err(problem.with_hint(hint));
        }
        [] => {}
    }
    let texts = old.split_once('=').zip(new.split_once('='));
    if let Some(((dimension, from), (other, to))) = texts
        && dimension == other
        && space.names().any(|name| name == dimension)
    {
        let renamed = |key: &PartitionKey| Some((key.clone(), space.with_text(key, dimension, from, to)?));
        let renamed: Vec<_> = made.iter().filter_map(renamed).collect();
        if let Some((_, key)) = renamed.iter().find(|(_, key)| space.index_of(key).is_none()) {
            return Err(Problem::new(format!("there is no key `{key}`")).with_hint(space.hint()));
        }
        if !renamed.is_empty() {
            return Ok(renamed);
        }
    }
    if made.iter().any(|key| is_meant(&key)) {
        let problem = Problem::new(format!("the partition `{old}` is still defined"));
        return Err(problem.with_hint("take it out of the definition first, or it would be made anew"));
    }
    let problem = Problem::new(format!("nothing was made of a partition `{old}`"));
    let names: Vec<String> = space.names().map(|name| format!("`{name}`")).collect();
    let hint = match texts {
        Some((dimension, _)) if space.names().all(|name| name != dimension.0) => {
            format!(
                "its dimensions are {}; `partitions plan KEY` lists the keys that are gone",
                names.join(", ")
            )
        }
        _ => "`partitions plan KEY` lists the keys that are gone".to_owned(),
    };
    Err(problem.with_hint(hint))
}

/// Why keys can't be renamed now: a run makes one of them, or a backfill is going to; `None` if none does.
async fn in_progress(
    store: &dyn Store,
    graph: &AssetGraph,
    assets: &[AssetKey],
    keys: &[(PartitionKey, PartitionKey)],
) -> Result<Option<Problem>, StorageError> {
    let statuses = vec![RunStatus::Running, RunStatus::Canceling];
    let running = store.runs(RunQuery { statuses, ..RunQuery::default() }).await?;
    let makes = |key: &PartitionKey| keys.iter().any(|(from, to)| from == key || to == key);
    let run = running.into_iter().find(|run| {
        let request = &run.request;
        request.assets.iter().any(|asset| assets.contains(asset))
            && (request.partitions.is_empty() || request.partitions.iter().any(makes))
    });
    if let Some(run) = run {
        let problem = Problem::new(format!("the run {} makes one of the partitions", run.id.short()));
        return Ok(Some(problem.with_hint("wait until it has ended, or cancel it with `runs cancel`")));
    }
    for stored in open_backfills(store).await? {
        let plan = stored.backfill.plan();
        let is_one = |planned: &PlannedAsset| {
            let now = graph.index_of_past(planned.name.as_str()).map(|asset| graph.key(asset));
            now.is_some_and(|now| assets.contains(now))
        };
        let mut open = stored.backfill.open_keys().filter(|(planned, _)| is_one(planned));
        let makes_one = open.any(|(planned, open)| {
            let has = |key: &PartitionKey| {
                plan.space(planned).index_of(key).is_some_and(|index| open.contains(&index))
            };
            keys.iter().any(|(from, to)| has(from) || has(to))
        });
        if makes_one {
            let id = stored.record.id;
            let problem = Problem::new(format!("backfill {id} is going to make one of the partitions"));
            let hint = format!("wait until it has ended, or cancel it with `backfill cancel {id}`");
            return Ok(Some(problem.with_hint(hint)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use millwork_core::backfill::{BackfillOptions, Operation};
    use millwork_core::definitions::{BackfillSpec, PlannedBackfill};
    use millwork_core::event::{Materialization, Provenance, StoredValue, ValueLocation};
    use millwork_core::partition::{Dimensions, daily, fixed};
    use millwork_core::{Advice as _, AssetDefinition, Definitions, Pipeline, RunSpec};

    use super::*;
    use crate::{
        BackfillStore as _, EventLog as _, MemoryStore, NewBackfill, append_version, operate_backfill,
        plan_backfill,
    };

    fn moment() -> KeyMoment {
        KeyMoment::at("2026-01-03T00:00:00Z".parse().expect("a time"))
    }

    fn pipeline(partitions: Dimensions) -> Pipeline {
        let asset = AssetDefinition::new("sales").produces::<u64, _>().blocking(|_| Ok(1_u64));
        Definitions::new().asset(asset.partitions(partitions)).resolve().expect("definitions")
    }

    /// A store in which all keys of an asset were made.
    async fn made(partitions: Dimensions) -> MemoryStore {
        let store = MemoryStore::new();
        let pipeline = pipeline(partitions);
        let asset = pipeline.graph().index("sales").expect("the asset");
        let partitions = pipeline.graph().partitions(asset).expect("partitions");
        for key in partitions.keys(&moment()) {
            let stored = StoredValue {
                location: ValueLocation::Database,
                bytes: 1,
                format: "json".into(),
                hash: None,
            };
            let body = EventBody::Materialized(Materialization {
                version: None,
                data_version: "d".into(),
                provenance: Provenance { code_version: "c".into(), inputs: Vec::new(), config: None },
                stored,
                metadata: [].into(),
            });
            let of = AssetPartition::new("sales".into(), Some(key));
            append_version(&store, NewEvent::of_asset(of, moment().now(), body)).await.expect("it is made");
        }
        store
    }

    /// Renames after a change of the definition: the keys of which something was made then, or the error.
    async fn check(
        before: Dimensions,
        after: Dimensions,
        pairs: &[(&str, &str)],
        expected: Result<&[&str], &str>,
    ) {
        let store = made(before).await;
        let pipeline = pipeline(after);
        let graph = pipeline.graph();
        let asset = graph.index("sales").expect("the asset");
        let pairs: Vec<_> = pairs.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect();
        let renamed = remap_partitions(&store, graph, asset, &pairs, (&moment(), moment().now())).await;
        let renamed = renamed
            .map_err(|error| error.one_line())
            .and_then(|renamed| renamed.map_err(|error| error.one_line()));
        match (renamed, expected) {
            (Ok(_), Ok(expected)) => {
                let made = store.partitions_made(&"sales".into()).await.expect("keys");
                let mut made: Vec<String> = made.into_iter().flatten().map(|key| key.to_string()).collect();
                made.sort_unstable();
                assert_eq!(made, expected);
            }
            (Err(error), Err(expected)) => {
                assert!(error.contains(expected) && error.contains("; hint: "), "{error}");
            }
            (renamed, expected) => panic!("{pairs:?}: {renamed:?}, not {expected:?}"),
        }
    }

    #[tokio::test]
    async fn keys_are_renamed_one_by_one_or_by_a_text_of_a_dimension() {
        let list = |texts: &[&str]| Dimensions::from(fixed(texts.to_vec()));
        check(list(&["uk", "de"]), list(&["gb", "de"]), &[("uk", "gb")], Ok(&["de", "gb"])).await;
        check(list(&["a", "b"]), list(&["c", "d"]), &[("a", "c"), ("b", "d")], Ok(&["c", "d"])).await;
        // As `partitions plan` prints them.
        check(list(&["a|b", "*"]), list(&["c", "d"]), &[("a%7Cb", "c"), ("%2A", "d")], Ok(&["c", "d"])).await;
        let slices =
            |texts: &[&str]| daily("UTC").from("2026-01-01").by(fixed(texts.to_vec()).named("country"));
        let renamed = ["2026-01-01|de", "2026-01-01|gb", "2026-01-02|de", "2026-01-02|gb"];
        let (uk, gb) = (|| slices(&["uk", "de"]), || slices(&["de", "gb"]));
        check(uk(), gb(), &[("country=uk", "country=gb")], Ok(&renamed)).await;
        let one = ["2026-01-01|de", "2026-01-01|uk", "2026-01-02|de", "2026-01-02|gb"];
        check(uk(), gb(), &[("2026-01-02|uk", "2026-01-02|gb")], Ok(&one)).await;
        // Texts that look like windows become windows.
        let days = || Dimensions::from(daily("UTC").from("2026-01-01"));
        check(list(&["2026-01-01"]), days(), &[("2026-01-01", "2026-01-01")], Ok(&["2026-01-01"])).await;
    }

    #[tokio::test]
    async fn what_is_no_rename_is_refused() {
        let list = |texts: &[&str]| Dimensions::from(fixed(texts.to_vec()));
        let (before, after) = (|| list(&["uk", "de", "fr"]), || list(&["gb", "de"]));
        for (pair, expected) in [
            (&[("uk", "xx")][..], "the value `xx` is unknown"),
            (&[("it", "gb")], "nothing was made of a partition `it`"),
            (&[("de", "gb")], "the partition `de` is still defined"),
            (&[("uk", "de")], "has a history already, and can't take over that of"),
            (&[("uk", "gb"), ("fr", "gb")], "`uk` and `fr` are to have one history"),
            (&[("fixed=uk", "fixed=xx")], "there is no key `xx`"),
            (
                &[("land=uk", "land=gb")],
                "nothing was made of a partition `land=uk`; hint: its dimensions are `",
            ),
        ] {
            check(before(), after(), pair, Err(expected)).await;
        }
    }

    #[tokio::test]
    async fn what_a_backfill_is_going_to_make_is_not_renamed() {
        let list = |texts: &[&str]| Dimensions::from(fixed(texts.to_vec()));
        let store = made(list(&["uk", "de"])).await;
        let options = BackfillOptions { all: true, ..BackfillOptions::default() };
        let (run, partitions) = (RunSpec::of("sales"), "uk".to_owned());
        let spec = BackfillSpec { run, partitions, of: None, options };
        let at = moment().now();
        let planned = plan_backfill(&store, &pipeline(list(&["uk", "de"])), spec, at).await.expect("a store");
        let PlannedBackfill { request, plan } = planned.expect("a plan");
        let id = store.create_backfill(NewBackfill { request, plan, at }).await.expect("a backfill");
        let after = pipeline(list(&["gb", "de"]));
        let graph = after.graph();
        let asset = graph.index("sales").expect("the asset");
        let pairs = [("uk".to_owned(), "gb".to_owned())];
        let rename = async || remap_partitions(&store, graph, asset, &pairs, (&moment(), at)).await;
        let refused = rename().await.expect("a store").unwrap_err().one_line();
        let expected = "backfill 1 is going to make one of the partitions; hint: wait until it has ended, or cancel it with";
        assert!(refused.starts_with(expected), "{refused}");
        operate_backfill(&store, id, Operation::Cancel, at)
            .await
            .expect("a store")
            .expect("it can be canceled");
        assert!(rename().await.expect("a store").is_ok());
    }
}
