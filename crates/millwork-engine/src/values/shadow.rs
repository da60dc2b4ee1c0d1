//! What versions in shadow have made, as the log has it, read while a step's function runs.

use std::sync::Arc;

use millwork_core::event::{Event, EventBody, EventKind, InputVersion, ShadowOutcome};
use millwork_core::version::ReadAs;
use millwork_core::{
    AssetPartition, BoxError, DataVersion, ShadowRecord, ShadowSource, SharedValue, StoredShadow, ValueType,
};
use millwork_storage::{EventQuery, Store};
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

/// What was made in shadow, and how far that goes.
pub(crate) struct ReadShadow {
    pub(crate) stored: StoredShadow,
    pub(crate) read: InputVersion,
}

/// Reads what versions in shadow have made of an asset or partition behind the place `after` of the log, up to the place `until` or the
/// newest one.
///
/// # Errors
///
/// When the store can't be read, or one of the events is damaged: left out, it would silently count as none.
pub(crate) async fn made_in_shadow(
    (store, values): (Arc<dyn Store>, Values),
    asset: AssetPartition,
    value_type: ValueType,
    (after, until): (u64, Option<u64>),
) -> Result<ReadShadow, ValueError> {
    let unavailable = |source| ValueError::Database { asset: asset.asset.clone(), source };
    let query = EventQuery {
        asset: Some(asset.asset.clone()),
        partition: Some(asset.partition.clone()),
        kinds: Some(EventKind::ShadowCalled.into()),
        after: Some(after),
        before: until.map(|until| until.saturating_add(1)),
        ..EventQuery::default()
    };
    let mut records = Vec::new();
    for event in store.events(query).await.map_err(unavailable)? {
        if let EventBody::Unreadable(unreadable) = &event.body {
            let (asset, reason) = (asset.asset.clone(), unreadable.reason.clone());
            return Err(ValueError::Unreadable { asset, sequence: event.sequence, reason });
        }
        records.extend(record(event));
    }
    let newest: Option<(u64, DataVersion)> = match records.last() {
        Some(newest) => Some((newest.place, newest.data_version.clone())),
        // Nothing is new: the newest one was read before.
        None if after > 0 => {
            let known = store.events(EventQuery::at(after)).await.map_err(unavailable)?.pop();
            known.and_then(record).map(|known| (after, known.data_version))
        }
        None => None,
    };
    let until = until.unwrap_or_else(|| newest.as_ref().map_or(after, |(place, _)| *place));
    let source = LoggedShadow { store, values, value_type, runtime: Handle::current() };
    let read = InputVersion {
        upstream: asset,
        data_version: newest.map(|(_, data_version)| data_version),
        version: None,
        read_as: ReadAs::Shadow { after, until },
    };
    Ok(ReadShadow { stored: StoredShadow { records, source: Arc::new(source) }, read })
}

fn record(event: Event) -> Option<ShadowRecord> {
    let EventBody::ShadowCalled(called) = event.body else { return None };
    let ShadowOutcome::Made(made) = called.outcome else { return None };
    Some(ShadowRecord {
        place: event.sequence,
        model: called.model,
        version: called.version,
        data_version: made.data_version,
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
