//! Renames: what was stored under the old name is found under the new one, and nothing else changes.

use millwork_core::automation::AssetState;
use millwork_core::event::{
    AliasChange, AliasMoved, AssetRenamed, EventBody, EventKind, InputVersion, Materialization, Mover,
    NewEvent, PartitionsRenamed, Provenance,
};
use millwork_core::partition::{Dimensions, KeyMoment, daily, fixed};
use millwork_core::run::RunRequest;
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{
    AssetKey, AssetPartition, Instigator, PartitionKey, PartitionsDefinition, SwitchedCursor,
};
use millwork_storage::{
    AutomationRow, Commit, EventQuery, NewRun, RunQuery, StorageError, Store, append_version,
};

use crate::backend::Backend;
use crate::samples::{append, at, create, events, materialized, of_step, run_id};

fn renamed(from: &str, to: &str) -> NewEvent {
    let (from, to) = (AssetKey::from(from), AssetKey::from(to));
    let steps = ["", ":fits"]
        .map(|check| (format!("{from}{check}").as_str().into(), format!("{to}{check}").as_str().into()));
    let body = EventBody::AssetRenamed(AssetRenamed { from, to: to.clone(), steps: steps.into() });
    NewEvent::of_asset(AssetPartition::new(to, None), at(50), body)
}

fn moved(to: u32) -> EventBody {
    EventBody::AliasMoved(AliasMoved {
        alias: AliasName::champion(),
        from: None,
        to: VersionNumber::new(to),
        data_version: None,
        change: AliasChange::Promoted,
        by: Mover::Person("ada".into()),
        reason: String::new(),
    })
}

/// Made from an asset, and from a partition of it that has its name.
fn made_from(asset: &str) -> EventBody {
    let EventBody::Materialized(made) = materialized("d9") else { panic!() };
    let input = |partition: Option<&str>| InputVersion {
        upstream: AssetPartition::new(asset.into(), partition.map(PartitionKey::from)),
        data_version: Some("d".into()),
        version: None,
        read_as: ReadAs::Latest,
    };
    let provenance = Provenance { inputs: vec![input(None), input(Some(asset))], ..made.provenance.clone() };
    EventBody::Materialized(Materialization { provenance, ..made })
}

/// A home in which `old` is an asset, a step, and a partition of another asset.
async fn fill(store: &dyn Store) {
    let (run, request) = (run_id(1), RunRequest::of_assets(["old".into(), "other".into()]));
    store.create_run(NewRun { id: run, request, at: at(0), lease: None }).await.unwrap();
    append(
        store,
        vec![
            of_step(run, "old", None, EventBody::StepStarted),
            of_step(run, "old", None, materialized("d1")),
            of_step(run, "old", None, EventBody::StepSucceeded { micros: 1 }),
            of_step(run, "old:fits", None, EventBody::StepStarted),
            of_step(run, "other", Some("old"), made_from("old")),
        ],
    )
    .await;
    for number in 0..3 {
        let of = AssetPartition::new("old".into(), None);
        append_version(store, NewEvent::of_asset(of, at(number), materialized("d2"))).await.unwrap();
    }
    append(store, vec![NewEvent::of_asset(AssetPartition::new("old".into(), None), at(5), moved(2))]).await;
    let condition = Instigator::Automation(Some("old".into()));
    store.switch(&condition, Some(false), SwitchedCursor::Kept).await.unwrap();
    let state = serde_json::to_string(&AssetState::default()).unwrap();
    let row = |asset: &str| AutomationRow { asset: asset.into(), state: Some(state.clone()) };
    let rows = vec![row("old"), row("old@champion"), row("watch:old"), row("older")];
    let automation = Instigator::Automation(None);
    let commit = Commit { rows, ..Commit::new(automation, None, "1".to_owned()) };
    assert!(store.commit(commit).await.unwrap());
}

async fn texts_of(store: &dyn Store) -> String {
    let all = events(store, EventQuery::default()).await;
    serde_json::to_string(&all).unwrap()
}

pub(crate) async fn of_an_asset(store: Backend) {
    let store = &*store;
    fill(store).await;
    let (old, new) = (AssetKey::from("old"), AssetKey::from("new"));
    let before = events(store, EventQuery { asset: Some(old.clone()), ..EventQuery::default() }).await;
    let asked = [old.clone(), new.clone(), "nothing".into()];
    assert_eq!(store.known_assets(&asked).await.unwrap(), std::slice::from_ref(&old));

    let sequence = store.rename(renamed("old", "new")).await.unwrap().unwrap();
    assert_eq!(store.head().await.unwrap(), sequence);
    assert_eq!(store.known_assets(&asked).await.unwrap(), std::slice::from_ref(&new));
    let mut after = events(store, EventQuery { asset: Some(new.clone()), ..EventQuery::default() }).await;
    let event = after.pop().unwrap();
    assert_eq!((event.body.kind(), event.sequence), (Some(EventKind::AssetRenamed), sequence));
    let places = |events: &[millwork_core::event::Event]| {
        events.iter().map(|event| event.sequence).collect::<Vec<_>>()
    };
    assert_eq!(places(&before), places(&after));
    assert!(after.iter().all(|event| event.step.as_ref().is_none_or(|step| step.as_str() == "new")));
    assert!(events(store, EventQuery { asset: Some(old.clone()), ..EventQuery::default() }).await.is_empty());
    for (step, count) in [("old", 0), ("old:fits", 0), ("new", 3), ("new:fits", 1)] {
        let query = EventQuery { step: Some(step.into()), ..EventQuery::default() };
        assert_eq!(events(store, query).await.len(), count, "{step}");
    }

    let whole = AssetPartition::new(new.clone(), None);
    assert_eq!(
        store.last_versions(&[old.clone(), new.clone()]).await.unwrap(),
        [(whole.clone(), VersionNumber::new(3).unwrap())]
    );
    assert!(store.version(&whole, VersionNumber::FIRST).await.unwrap().is_some());
    let aliases = store.aliases(&[]).await.unwrap();
    assert_eq!(
        aliases.iter().map(|alias| (&alias.asset, alias.version.get())).collect::<Vec<_>>(),
        [(&whole, 2)]
    );
    let latest = store.latest(&[old.clone(), new.clone()]).await.unwrap();
    assert_eq!(latest.len(), 1);

    // The partition of that name is another thing, and what was made from the asset says so by its new name.
    let other = store.latest(&["other".into()]).await.unwrap().remove(0);
    assert_eq!(other.partition, Some("old".into()));
    let upstream: Vec<String> =
        other.verdict.body.provenance().unwrap().inputs.iter().map(|input| input.upstream.quoted()).collect();
    assert_eq!(upstream, ["`new`", "`new` (partition `old`)"]);
    let run = store.runs(RunQuery::default()).await.unwrap().remove(0);
    assert_eq!((run.request.selection.as_str(), &run.request.assets[0]), ("new or other", &new));
    let states = store.states().await.unwrap();
    assert!(!states.contains_key(&Instigator::Automation(Some(old.clone()))));
    assert_eq!(states[&Instigator::Automation(Some(new.clone()))].on, Some(false));
    let rows = store.automation_rows(None).await.unwrap();
    let rows: Vec<&str> = rows.iter().map(|row| row.asset.as_str()).collect();
    assert_eq!(rows, ["new", "new@champion", "older", "watch:new"]);

    // A version is numbered on, and the rename isn't carried out again, also if there is another asset of the old name since.
    append_version(store, NewEvent::of_asset(whole, at(60), materialized("d3"))).await.unwrap();
    let text = texts_of(store).await;
    assert_eq!(store.rename(renamed("old", "new")).await.unwrap(), None);
    assert_eq!(texts_of(store).await, text);
    append_version(
        store,
        NewEvent::of_asset(AssetPartition::new(old.clone(), None), at(61), materialized("d4")),
    )
    .await
    .unwrap();
    assert_eq!(store.rename(renamed("old", "new")).await.unwrap(), None);
    assert_eq!(store.rename(renamed("unheard_of", "any")).await.unwrap(), None);
    assert!(store.check().await.unwrap().is_empty());
}

pub(crate) async fn of_an_asset_that_has_a_history(store: Backend) {
    let store = &*store;
    fill(store).await;
    let text = texts_of(store).await;
    let refused = store.rename(renamed("old", "other")).await.unwrap_err();
    assert!(
        matches!(&refused, StorageError::NameTaken { from, to } if (from.as_str(), to.as_str()) == ("old", "other")),
        "{refused}"
    );
    assert_eq!(texts_of(store).await, text);
}

pub(crate) async fn in_a_chain(store: Backend) {
    let store = &*store;
    fill(store).await;
    for (from, to) in [("old", "b"), ("b", "c"), ("c", "old"), ("old", "c")] {
        assert!(store.rename(renamed(from, to)).await.unwrap().is_some(), "{from} → {to}");
        let last = store.last_versions(&[to.into()]).await.unwrap();
        assert_eq!(last[0].1.get(), 3);
    }
    let query = EventQuery { kinds: Some(EventKind::AssetRenamed.into()), ..EventQuery::default() };
    let renames = events(store, query).await;
    assert!(renames.len() == 4 && renames.iter().all(|event| event.asset == Some("c".into())));
    assert!(store.check().await.unwrap().is_empty());
}

pub(crate) async fn by_several_at_once(store: Backend) {
    let store = &*store;
    fill(store).await;
    let rename = || store.rename(renamed("old", "new"));
    let renames = tokio::join!(rename(), rename(), rename());
    let renames = [renames.0, renames.1, renames.2];
    assert_eq!(renames.into_iter().filter(|renamed| renamed.as_ref().unwrap().is_some()).count(), 1);
}

/// Keys of days and countries.
fn slices(countries: &[&str]) -> Vec<PartitionKey> {
    let dimensions: Dimensions = daily("UTC").from("2026-01-01").by(fixed(countries.to_vec()));
    let moment = KeyMoment::at("2026-01-03T02:00:00Z".parse().unwrap());
    PartitionsDefinition::from(dimensions).keys(&moment)
}

pub(crate) async fn of_partitions(store: Backend) {
    let store = &*store;
    let (before, after) = (slices(&["uk", "de"]), slices(&["gb", "de"]));
    let run = create(store, 1, &[]).await;
    let of = |asset: &str, key: &PartitionKey| AssetPartition::new(asset.into(), Some(key.clone()));
    for key in &before {
        for asset in ["sales", "other"] {
            let event = NewEvent::of_asset(of(asset, key), at(1), materialized("d"));
            append_version(store, event).await.unwrap();
        }
        let mut started = of_step(run, "sales", None, EventBody::StepStarted);
        (started.asset, started.partition) = (None, Some(key.clone()));
        append(store, vec![started, NewEvent::of_asset(of("sales", key), at(2), moved(1))]).await;
    }
    let keys = |pairs: &[(&PartitionKey, &PartitionKey)]| {
        let keys = pairs.iter().map(|(from, to)| ((*from).clone(), (*to).clone())).collect();
        let renamed = PartitionsRenamed { assets: vec!["sales".into()], steps: vec!["sales".into()], keys };
        let whole = AssetPartition::new("sales".into(), None);
        NewEvent::of_asset(whole, at(3), EventBody::PartitionsRenamed(renamed))
    };
    let pairs: Vec<_> = before.iter().zip(&after).filter(|(from, to)| from != to).collect();
    assert_eq!(pairs.len(), 2);
    // What has a history isn't written over.
    let refused = store.rename(keys(&[(&before[0], &before[1])])).await.unwrap_err();
    assert!(matches!(refused, StorageError::NameTaken { .. }), "{refused}");
    assert!(store.rename(keys(&pairs)).await.unwrap().is_some());

    let mut made = store.partitions_made(&"sales".into()).await.unwrap();
    made.sort_unstable();
    let mut expected: Vec<_> = after.iter().cloned().map(Some).collect();
    expected.sort_unstable();
    assert_eq!(made, expected);
    assert_eq!(made.iter().flatten().filter(|key| key.label().ends_with("|gb")).count(), 2);
    for key in &after {
        assert!(store.version(&of("sales", key), VersionNumber::FIRST).await.unwrap().is_some(), "{key}");
        let query = EventQuery {
            step: Some("sales".into()),
            partition: Some(Some(key.clone())),
            ..EventQuery::default()
        };
        assert_eq!(events(store, query).await.len(), 1, "{key}");
    }
    let aliases = store.aliases(&["sales".into()]).await.unwrap();
    assert!(
        aliases.len() == 4
            && aliases.iter().all(|alias| alias
                .asset
                .partition
                .as_ref()
                .is_some_and(|key| after.contains(key)))
    );
    let others = store.partitions_made(&"other".into()).await.unwrap();
    assert!(others.iter().flatten().all(|key| before.contains(key)), "another asset keeps its keys");
    assert_eq!(store.rename(keys(&pairs)).await.unwrap(), None, "nothing is left to rename");
    assert!(store.check().await.unwrap().is_empty());
}
