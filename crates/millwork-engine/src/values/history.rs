//! The materializations of an asset as the log has them, read while a step's function runs.
//!
//! A function asks for them from a thread of its own, so what is read asynchronously is waited for here.

use std::sync::Arc;

use millwork_core::event::{Event, EventBody, EventKind, InputVersion, ValueLocation};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{
    AssetPartition, BoxError, HistoryError, HistoryRecord, HistorySource, IoError, Problem, SharedValue,
    StoredHistory, ValueType,
};
use millwork_storage::{EventQuery, Order, StorageError, Store};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::{ValueError, Values};

/// The number of materializations that are read at a time.
const PAGE: u32 = 64;

/// The materializations of an asset or partition in a store.
pub(crate) struct LoggedHistory {
    store: Arc<dyn Store>,
    values: Values,
    asset: AssetPartition,
    value_type: ValueType,
    runtime: Handle,
}

/// A history, and how far it goes.
pub(crate) struct ReadHistory {
    pub(crate) stored: StoredHistory,
    pub(crate) read: InputVersion,
}

/// An asset or partition of which a reader is given the history, or what was made in shadow, with the type of the values.
///
/// # Errors
///
/// When the asset has no values.
pub(crate) fn history_of(
    graph: &AssetGraph,
    read: &AssetPartition<AssetIndex>,
) -> Result<(AssetPartition, ValueType), ValueError> {
    let spec = &graph.assets()[read.asset].spec;
    let value_type = spec.value_type.ok_or_else(|| ValueError::NoValue { asset: spec.key.clone() })?;
    Ok((read.by_key(graph), value_type))
}

impl LoggedHistory {
    /// The history of an asset or partition up to `newest`, of which what is above the version `after` is new.
    ///
    /// # Errors
    ///
    /// When the store can't be read, or the newest materialization is damaged.
    pub(crate) async fn read(
        (store, values): (Arc<dyn Store>, Values),
        asset: AssetPartition,
        value_type: ValueType,
        newest: Option<Event>,
        after: Option<VersionNumber>,
    ) -> Result<ReadHistory, ValueError> {
        if let Some(Event { sequence, body: EventBody::Unreadable(unreadable), .. }) = &newest {
            let (asset, reason) = (asset.asset, unreadable.reason.clone());
            return Err(ValueError::Unreadable { asset, sequence: *sequence, reason });
        }
        let after_place = match after {
            Some(version) => {
                let found = store.version(&asset, version).await;
                let found =
                    found.map_err(|source| ValueError::Database { asset: asset.asset.clone(), source })?;
                found.map_or(0, |event| event.sequence)
            }
            None => 0,
        };
        let newest = newest.and_then(record);
        let read = InputVersion {
            upstream: asset.clone(),
            data_version: newest.as_ref().map(|newest| newest.data_version.clone()),
            version: newest.as_ref().and_then(|newest| newest.version),
            read_as: ReadAs::History { after },
        };
        let source = Arc::new(Self { store, values, asset, value_type, runtime: Handle::current() });
        Ok(ReadHistory { stored: StoredHistory { source, newest, after, after_place }, read })
    }

    fn wait<F: Future>(&self, future: F) -> F::Output {
        block_in_place(|| self.runtime.block_on(future))
    }

    fn unreadable(&self, source: impl Into<BoxError>) -> HistoryError {
        HistoryError::Unreadable { asset: self.asset.asset.clone(), source: source.into() }
    }
}

impl HistorySource for LoggedHistory {
    fn records(&self, after: u64, until: u64) -> Result<Vec<HistoryRecord>, HistoryError> {
        let query = EventQuery {
            after: Some(after),
            before: Some(until + 1),
            order: Order::OldestFirst,
            limit: Some(PAGE),
            ..materializations(&self.asset)
        };
        let events = self.wait(self.store.events(query)).map_err(|error| self.unreadable(error))?;
        // Left out, an increment that is there would silently be none.
        let damaged = events.iter().find_map(|event| {
            let EventBody::Unreadable(unreadable) = &event.body else { return None };
            Some(format!("event {} can't be read: {}", event.sequence, unreadable.reason))
        });
        if let Some(damaged) = damaged {
            let hint = "`store repair` sets aside what can't be read";
            return Err(self.unreadable(Problem::new(damaged).with_hint(hint)));
        }
        Ok(events.into_iter().filter_map(record).collect())
    }

    fn load(&self, record: &HistoryRecord) -> Result<SharedValue, HistoryError> {
        let unloadable = |is_gone, source| HistoryError::Unloadable {
            asset: self.asset.asset.clone(),
            version: record.version,
            is_gone,
            source,
        };
        let found = self.wait(self.store.events(EventQuery::at(record.place)));
        let event = found.map_err(|error| self.unreadable(error))?.pop();
        let event = event.ok_or_else(|| unloadable(true, "it is no longer in the log".into()))?;
        self.wait(self.values.load(&event, self.value_type)).map_err(|error| {
            let is_gone = matches!(
                error,
                ValueError::Removed { .. } | ValueError::Io { source: IoError::Missing { .. }, .. }
            );
            unloadable(is_gone, error.into())
        })
    }
}

/// The newest materialization of an asset or partition, before this place of the log if one is given. What was only reported, and has no
/// number by which a reader could go on behind it, is none.
pub(crate) async fn newest_materialization(
    store: &dyn Store,
    asset: &AssetPartition,
    before: Option<u64>,
) -> Result<Option<Event>, StorageError> {
    let mut newest =
        EventQuery { before, order: Order::NewestFirst, limit: Some(1), ..materializations(asset) };
    while let Some(event) = store.events(newest.clone()).await?.pop() {
        let is_nameless = matches!(
            &event.body,
            EventBody::Materialized(made) if made.version.is_none() && made.stored.location == ValueLocation::Elsewhere
        );
        if !is_nameless {
            return Ok(Some(event));
        }
        newest.before = Some(event.sequence);
    }
    Ok(None)
}

fn materializations(asset: &AssetPartition) -> EventQuery {
    EventQuery {
        asset: Some(asset.asset.clone()),
        partition: Some(asset.partition.clone()),
        kinds: Some(EventKind::Materialized.into()),
        ..EventQuery::default()
    }
}

fn record(event: Event) -> Option<HistoryRecord> {
    let EventBody::Materialized(made) = event.body else { return None };
    Some(HistoryRecord {
        place: event.sequence,
        version: made.version,
        data_version: made.data_version,
        is_stored: made.stored.location != ValueLocation::Elsewhere,
        metadata: made.metadata,
        run: event.run,
        at: event.at,
    })
}
