//! What versions in shadow have made, as the log has it, read while a step's function runs.

use std::sync::Arc;

use millwork_core::event::{Event, EventBody, EventKind, ShadowOutcome};
use millwork_core::{
    AssetPartition, BoxError, ShadowRecord, ShadowSource, SharedValue, StoredShadow, ValueType,
};
use millwork_storage::{EventQuery, Order, StorageError, Store};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::{ValueError, Values};

/// Loads from a store what was made in shadow.
struct LoggedShadow {
    store: Arc<dyn Store>,
    values: Values,
    value_type: ValueType,
    runtime: Handle,
}

/// Reads what versions in shadow have made of an asset or partition behind a place of the log.
pub(crate) async fn made_in_shadow(
    (store, values): (Arc<dyn Store>, Values),
    asset: &AssetPartition,
    value_type: ValueType,
    after: u64,
) -> Result<StoredShadow, StorageError> {
    let query = EventQuery {
        asset: Some(asset.asset.clone()),
        partition: Some(asset.partition.clone()),
        kinds: Some(EventKind::ShadowCalled.into()),
        after: Some(after),
        ..EventQuery::default()
    };
    let records = store.events(query).await?.into_iter().filter_map(record).collect();
    let source = LoggedShadow { store, values, value_type, runtime: Handle::current() };
    Ok(StoredShadow { records, source: Arc::new(source) })
}

/// The place in the log behind which everything is that the step which makes an asset hadn't seen when it last did: the beginning of
/// the run in which it did. 0 if it never did.
pub(crate) async fn last_seen(store: &dyn Store, made: &AssetPartition) -> Result<u64, StorageError> {
    let latest = store.latest(std::slice::from_ref(&made.asset)).await?;
    let latest = latest.into_iter().find(|latest| latest.partition == made.partition);
    let Some(last) = latest.and_then(|latest| latest.materialization) else { return Ok(0) };
    let first = EventQuery {
        run: last.run,
        before: Some(last.sequence + 1),
        order: Order::OldestFirst,
        limit: Some(1),
        ..EventQuery::default()
    };
    let first = if last.run.is_some() { store.events(first).await?.pop() } else { None };
    Ok(first.map_or(last.sequence, |first| first.sequence))
}

fn record(event: Event) -> Option<ShadowRecord> {
    let EventBody::ShadowCalled(called) = event.body else { return None };
    let ShadowOutcome::Made(made) = called.outcome else { return None };
    Some(ShadowRecord {
        place: event.sequence,
        model: called.model,
        version: called.version,
        at: event.at,
        run: event.run,
        metadata: made.metadata,
    })
}

impl ShadowSource for LoggedShadow {
    fn load(&self, record: &ShadowRecord) -> Result<Option<SharedValue>, BoxError> {
        let load = async {
            let Some(event) = self.store.events(EventQuery::at(record.place)).await?.pop() else {
                return Ok(None);
            };
            match self.values.load(&event, self.value_type).await {
                Ok(value) => Ok(Some(value)),
                Err(ValueError::Removed { .. }) => Ok(None),
                Err(error) => Err(BoxError::from(error)),
            }
        };
        block_in_place(|| self.runtime.block_on(load))
    }
}
