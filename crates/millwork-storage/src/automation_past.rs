//! What conditions ask for that happened before: read from the log where automation begins, where a condition is new, and where one is tried
//! on the past.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::Timestamp;
use millwork_core::automation::{
    AtPromotion, Automation, AutomationState, Change, ChangeKind, ComparedAlias, Earlier, Numbers, alias_key,
    from_event, numbers_of,
};
use millwork_core::event::{Event, EventBody, EventKind, KindSet};
use millwork_core::graph::AssetGraph;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, AssetPartition};

use crate::event_log::each_event;
use crate::{EventQuery, Order, StorageError, Store};

/// The kinds of events that are replayed of an asset.
const REPLAYED: KindSet =
    KindSet::ASSET.union(KindSet::of(&[EventKind::VersionJudged, EventKind::VersionDecided]));

/// What the state lacks of what conditions ask for, as it was at an event of the log: numbers, those at the promotion of a model, when the
/// version in use was made, and which questions wait for an answer.
///
/// # Errors
///
/// Those of the store.
pub async fn earlier_numbers(
    store: &dyn Store,
    graph: &AssetGraph,
    automation: &Automation,
    state: &AutomationState,
    until: u64,
) -> Result<Vec<Change>, StorageError> {
    let mut found: BTreeMap<AssetKey, Earlier> = BTreeMap::new();
    for asset in automation.unknown_numbers(state) {
        if let Some(Event { body: EventBody::Materialized(made), .. }) = newest(store, asset, until).await? {
            found.entry(asset.clone()).or_default().numbers = numbers_of(&made.metadata);
        }
    }
    for (asset, alias) in automation.unknown_promotions(state) {
        if let Some((version, moved)) = in_use(store, alias, until).await? {
            let known = at_promotion(store, automation, (asset, alias), (version, moved), until).await?;
            found.entry(asset.clone()).or_default().at_promotion.insert(alias.key.clone(), known);
        }
    }
    for alias in automation.aged() {
        let known = state.asset(alias.key).and_then(|row| row.facts.made_at);
        if let (None, Some((version, _))) = (known, in_use(store, alias, until).await?) {
            let earlier = found.entry(alias.key.clone()).or_default();
            let of = AssetPartition { asset: alias.model.clone(), partition: None };
            (earlier.version, earlier.made_at) = (Some(version), made_at(store, &of, version).await?);
        }
    }
    let mut changes = Vec::new();
    for asset in automation.named() {
        let query = EventQuery {
            asset: Some(asset.clone()),
            kinds: Some(KindSet::VERSIONS),
            before: Some(until + 1),
            ..EventQuery::default()
        };
        let events = store.events(query).await?;
        let questions = events.iter().flat_map(|event| from_event(graph, event, None));
        changes.extend(questions.filter(|change| {
            let is_about_versions = matches!(
                change.kind,
                ChangeKind::Asked(_) | ChangeKind::Tried(_) | ChangeKind::Decided(_) | ChangeKind::InUse(_)
            );
            is_about_versions && change.asset == *asset
        }));
    }
    changes.extend(found.into_iter().map(|(asset, earlier)| Change {
        asset,
        partition: None,
        at: Timestamp::UNIX_EPOCH,
        run: None,
        kind: ChangeKind::Earlier(earlier),
    }));
    Ok(changes)
}

/// What an event changes besides itself: of an alias that moved, when the version was made that it points at now, if conditions ask for it.
///
/// # Errors
///
/// Those of the store.
pub async fn made_at_of_moved(
    store: &dyn Store,
    automation: &Automation,
    event: &Event,
) -> Result<Option<Change>, StorageError> {
    let (EventBody::AliasMoved(moved), Some(model)) = (&event.body, &event.asset) else { return Ok(None) };
    let (Some(version), key) = (moved.to, alias_key(model, &moved.alias)) else { return Ok(None) };
    if !automation.aged().any(|alias| *alias.key == key) {
        return Ok(None);
    }
    let of = AssetPartition { asset: model.clone(), partition: event.partition.clone() };
    let made_at = made_at(store, &of, version).await?;
    let kind = ChangeKind::Earlier(Earlier { version: Some(version), made_at, ..Earlier::default() });
    Ok(Some(Change { asset: key, partition: event.partition.clone(), at: event.at, run: event.run, kind }))
}

/// What was recorded until a time of the assets that conditions name, in order.
///
/// # Errors
///
/// Those of the store.
pub async fn recorded_changes(
    store: &dyn Store,
    graph: &AssetGraph,
    automation: &Automation,
    until: Timestamp,
) -> Result<Vec<Change>, StorageError> {
    let mut found: BTreeMap<u64, Vec<Change>> = BTreeMap::new();
    let mut moves = Vec::new();
    for asset in automation.named() {
        let query = EventQuery { asset: Some(asset.clone()), kinds: Some(REPLAYED), ..EventQuery::default() };
        each_event(store, query, |event| {
            if event.at <= until {
                found.entry(event.sequence).or_default().extend(from_event(graph, &event, None));
                moves.extend(matches!(event.body, EventBody::AliasMoved(_)).then_some(event));
            }
            ControlFlow::<()>::Continue(())
        })
        .await?;
    }
    for event in moves {
        let made_at = made_at_of_moved(store, automation, &event).await?;
        found.entry(event.sequence).or_default().extend(made_at);
    }
    Ok(found.into_values().flatten().collect())
}

/// The newest materialization of an asset up to an event of the log.
async fn newest(store: &dyn Store, asset: &AssetKey, until: u64) -> Result<Option<Event>, StorageError> {
    let query = EventQuery {
        asset: Some(asset.clone()),
        kinds: Some(EventKind::Materialized.into()),
        before: Some(until + 1),
        order: Order::NewestFirst,
        limit: Some(1),
        ..EventQuery::default()
    };
    Ok(store.events(query).await?.pop())
}

/// The version of a model that is in use, and the event that made it so; `None` if that is a later event, which is still to be read.
async fn in_use(
    store: &dyn Store,
    alias: ComparedAlias<'_>,
    until: u64,
) -> Result<Option<(VersionNumber, u64)>, StorageError> {
    let aliases = store.aliases(std::slice::from_ref(alias.model)).await?;
    let found = aliases.into_iter().find(|found| found.alias == *alias.name && found.moved <= until);
    Ok(found.map(|found| (found.version, found.moved)))
}

/// The first numbers of an asset after a version came into use.
async fn at_promotion(
    store: &dyn Store,
    automation: &Automation,
    (asset, alias): (&AssetKey, ComparedAlias<'_>),
    (version, moved): (VersionNumber, u64),
    until: u64,
) -> Result<AtPromotion, StorageError> {
    let mut known = AtPromotion { version: Some(version), ..AtPromotion::default() };
    if automation.wants_before_promotion(asset, alias.key) {
        (known.version_before, known.before) =
            before_promotion(store, automation, (asset, alias), moved).await?;
    }
    let query = EventQuery {
        asset: Some(asset.clone()),
        kinds: Some(EventKind::Materialized.into()),
        after: Some(moved),
        before: Some(until + 1),
        ..EventQuery::default()
    };
    each_event(store, query, |event| {
        with_numbers(&event, |numbers| automation.take_at_promotion(asset, alias.key, numbers, &mut known))
    })
    .await?;
    Ok(known)
}

/// The version that was in use until an event by which another one came into use, and the last numbers of an asset of before.
async fn before_promotion(
    store: &dyn Store,
    automation: &Automation,
    (asset, alias): (&AssetKey, ComparedAlias<'_>),
    moved: u64,
) -> Result<(Option<VersionNumber>, Numbers), StorageError> {
    let moves = EventQuery {
        asset: Some(alias.model.clone()),
        kinds: Some(EventKind::AliasMoved.into()),
        before: Some(moved + 1),
        order: Order::NewestFirst,
        ..EventQuery::default()
    };
    let moves = store.events(moves).await?;
    let of_alias = |event: &Event| {
        let EventBody::AliasMoved(of) = &event.body else { return None };
        (of.alias == *alias.name).then_some((event.sequence, of.from, of.to))
    };
    let mut moves = moves.iter().filter_map(of_alias);
    let Some((_, Some(from), _)) = moves.next() else { return Ok((None, Numbers::new())) };
    let since = moves.find(|(_, _, to)| *to == Some(from)).map(|(sequence, ..)| sequence);
    let mut known = AtPromotion { version: Some(from), ..AtPromotion::default() };
    let query = EventQuery {
        asset: Some(asset.clone()),
        kinds: Some(EventKind::Materialized.into()),
        after: since,
        before: Some(moved),
        order: Order::NewestFirst,
        ..EventQuery::default()
    };
    each_event(store, query, |event| {
        with_numbers(&event, |numbers| {
            automation.take_before_promotion(asset, alias.key, numbers, &mut known)
        })
    })
    .await?;
    Ok((Some(from), known.numbers))
}

/// Goes on while what a materialization says is wanted, and past what isn't one.
fn with_numbers(event: &Event, wants_more: impl FnOnce(&Numbers) -> bool) -> ControlFlow<()> {
    if let EventBody::Materialized(made) = &event.body
        && !wants_more(&numbers_of(&made.metadata))
    {
        return ControlFlow::Break(());
    }
    ControlFlow::Continue(())
}

async fn made_at(
    store: &dyn Store,
    of: &AssetPartition,
    version: VersionNumber,
) -> Result<Option<Timestamp>, StorageError> {
    Ok(store.version(of, version).await?.map(|made| made.at))
}
