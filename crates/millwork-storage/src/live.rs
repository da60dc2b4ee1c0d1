//! Live performance: what measures the predictions of a model, found by the graph and read from the latest materializations.

use std::ops::ControlFlow::{Break, Continue};

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, EventKind, ValueLocation};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::{AssetKey, AssetPartition, LivePerformance, MetadataValue, PartitionKey};

use crate::event_log::each_event;
use crate::{EventQuery, Order, StorageError, Store};

/// The most assets that are asked whether they measure a model: the nearest downstream of it.
const ASKED: usize = 100;

/// The live performance of a model, with the asset that measured it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPerformance {
    /// The asset that measured it, and its partition.
    pub by: AssetPartition,
    /// The sequence number of its materialization.
    pub sequence: u64,
    /// When it was measured.
    pub at: Timestamp,
    /// What was measured.
    pub performance: LivePerformance,
}

/// The live performances of a model, or of one of its partitions, by the latest versions of what measures it: the nearest first.
///
/// An asset measures the model that its metadata names, or else the one whose alias is read to make what it descends from
/// ([`AssetGraph::predicted_by`]). It is asked in the model's partition, or has none. A version that was only reported, without figures, hides
/// none before it. Two queries, however much has happened, and none for a model that nothing is made from.
///
/// # Errors
///
/// Those of the store.
pub async fn live_performances(
    store: &dyn Store,
    graph: &AssetGraph,
    model: AssetIndex,
    partition: Option<&PartitionKey>,
) -> Result<Vec<FoundPerformance>, StorageError> {
    let asked: Vec<AssetKey> =
        graph.may_measure(model, ASKED).into_iter().map(|asset| graph.key(asset).clone()).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let is_of = |of: &AssetPartition| of.partition.is_none() || of.partition.as_ref() == partition;
    let mut last = store.last_versions(&asked).await?;
    last.retain(|(of, _)| is_of(of));
    let mut found = Vec::new();
    for event in store.versions(&last).await? {
        let Some(event) = with_figures(store, event).await? else { continue };
        let (Some(by), EventBody::Materialized(made)) = (event.asset_partition(), &event.body) else {
            continue;
        };
        let is_about = |live: &LivePerformance| match &live.model {
            Some(named) => named == graph.key(model),
            None => {
                graph.index(by.asset.as_str()).is_some_and(|asset| graph.predicted_by(asset).contains(&model))
            }
        };
        for value in made.metadata.values() {
            if let MetadataValue::LivePerformance(live) = value
                && is_about(live)
            {
                let (by, performance) = (by.clone(), live.clone());
                found.push(FoundPerformance { by, sequence: event.sequence, at: event.at, performance });
            }
        }
    }
    let place = |found: &FoundPerformance| asked.iter().position(|key| *key == found.by.asset);
    found.sort_by_key(place);
    Ok(found)
}

/// The event; if it is only a report without figures, the newest materialization before it that isn't, or `None` if there is none.
async fn with_figures(store: &dyn Store, event: Event) -> Result<Option<Event>, StorageError> {
    let is_figures = |value: &MetadataValue| matches!(value, MetadataValue::LivePerformance(_));
    let has_figures = |event: &Event| {
        let EventBody::Materialized(made) = &event.body else { return false };
        made.stored.location != ValueLocation::Elsewhere || made.metadata.values().any(is_figures)
    };
    if has_figures(&event) {
        return Ok(Some(event));
    }
    let before = EventQuery {
        asset: event.asset,
        partition: Some(event.partition),
        kinds: Some(EventKind::Materialized.into()),
        before: Some(event.sequence),
        order: Order::NewestFirst,
        ..EventQuery::default()
    };
    let first = |event: Event| if has_figures(&event) { Break(event) } else { Continue(()) };
    each_event(store, before, first).await
}
