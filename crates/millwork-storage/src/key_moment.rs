//! The keys of partitions at a time, with the texts that were added to dynamic dimensions.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, EventKind, NewEvent, PartitionsChanged};
use millwork_core::graph::AssetGraph;
use millwork_core::partition::Texts;
use millwork_core::{KeyMoment, Problem};

use crate::{Batch, EventQuery, RunRecord, StorageError, Store};

/// The keys that the assets of a graph have at a time. The store is only read where an asset has a dynamic dimension.
///
/// # Errors
///
/// When the store can't be read.
pub async fn key_moment(
    store: &dyn Store,
    graph: &AssetGraph,
    now: Timestamp,
) -> Result<KeyMoment, StorageError> {
    key_moment_before(store, graph, now, u64::MAX).await
}

/// The keys as they were before an event of the log, such as the first of a run.
///
/// # Errors
///
/// As [`key_moment`].
pub async fn key_moment_before(
    store: &dyn Store,
    graph: &AssetGraph,
    now: Timestamp,
    sequence: u64,
) -> Result<KeyMoment, StorageError> {
    let moment = KeyMoment::at(now);
    if !graph.has_dynamic_partitions() {
        return Ok(moment);
    }
    let changes = changes(store).await?;
    let before = changes.iter().filter(|event| event.sequence < sequence);
    Ok(moment.with_texts(PartitionsChanged::texts(before)))
}

/// The keys as they were when a run was requested, of which it is made also when it is resumed.
///
/// # Errors
///
/// As [`key_moment`].
pub async fn moment_of_run(
    store: &dyn Store,
    graph: &AssetGraph,
    run: &RunRecord,
) -> Result<KeyMoment, StorageError> {
    let query = EventQuery { run: Some(run.id), limit: Some(1), ..EventQuery::default() };
    let first = store.events(query).await?.first().map_or(u64::MAX, |first| first.sequence);
    key_moment_before(store, graph, run.created_at, first).await
}

/// The texts of every dynamic dimension, by its name.
///
/// # Errors
///
/// When the store can't be read, or one of the changes is damaged: left out, texts would silently be missing.
pub async fn dynamic_texts(store: &dyn Store) -> Result<BTreeMap<String, Texts>, StorageError> {
    Ok(PartitionsChanged::texts(&changes(store).await?))
}

async fn changes(store: &dyn Store) -> Result<Vec<Event>, StorageError> {
    let query = EventQuery { kinds: Some(EventKind::PartitionsChanged.into()), ..EventQuery::default() };
    let events = store.events(query).await?;
    for event in &events {
        if let EventBody::Unreadable(unreadable) = &event.body {
            let what = format!("event {}, a change of partitions", event.sequence);
            return Err(StorageError::Unreadable { what, source: unreadable.reason.clone().into() });
        }
    }
    Ok(events)
}

/// Adds texts to a dynamic dimension and removes others, and returns what has changed: what is there already isn't added again. Nothing is
/// recorded if that is nothing.
///
/// # Errors
///
/// When a text can't be a key, which is said of the first, or the store can't be read or written.
pub async fn change_partitions(
    store: &dyn Store,
    dimension: &str,
    (add, remove): (&[String], &[String]),
    at: Timestamp,
) -> Result<Result<PartitionsChanged, Problem>, StorageError> {
    if let Some(problem) = add.iter().find_map(|text| Texts::problem(text)) {
        return Ok(Err(problem));
    }
    if let Some(both) = add.iter().find(|text| remove.contains(text)) {
        let problem = Problem::new(format!("`{both}` is to be added and removed"));
        return Ok(Err(problem.with_hint("name it once")));
    }
    let texts = dynamic_texts(store).await?.remove(dimension).unwrap_or_default();
    let is_there = |text: &str| texts.index(text).is_some_and(|index| texts.present().contains(index));
    let changed = PartitionsChanged {
        dimension: dimension.to_owned(),
        added: once(add).filter(|text| !is_there(text)).cloned().collect(),
        removed: once(remove).filter(|text| is_there(text)).cloned().collect(),
    };
    if !changed.added.is_empty() || !changed.removed.is_empty() {
        let event = NewEvent::of_home(at, EventBody::PartitionsChanged(changed.clone()));
        store.append(Batch { fence: None, events: vec![event] }).await?;
    }
    Ok(Ok(changed))
}

/// Each text once, in their order.
fn once(texts: &[String]) -> impl Iterator<Item = &String> {
    let mut seen = HashSet::new();
    texts.iter().filter(move |text| seen.insert(text.as_str()))
}
