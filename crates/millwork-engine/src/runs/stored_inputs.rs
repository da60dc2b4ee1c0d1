//! The stored values that a run works with: pinned when it starts, loaded when first needed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use millwork_core::event::{Event, EventBody, EventKind};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::run::RunId;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetPartition, DataVersion, SharedValue, ValueType};
use millwork_storage::{EventQuery, LatestAsset, Order, StorageError, Store};
use tokio::sync::Mutex;

use crate::values::{ValueError, Values};

/// A materialization that a run reads. Steps that share it load it once, and it is kept until it is released.
#[derive(Clone, Debug)]
pub(crate) struct StoredInput {
    pub(crate) event: Arc<Event>,
    loaded: Arc<Mutex<Option<SharedValue>>>,
}

impl StoredInput {
    pub(crate) fn new(event: Event) -> Self {
        Self { event: Arc::new(event), loaded: Arc::default() }
    }

    pub(crate) fn data_version(&self) -> Option<&DataVersion> {
        let EventBody::Materialized(materialization) = &self.event.body else { return None };
        Some(&materialization.data_version)
    }

    pub(crate) fn version(&self) -> Option<VersionNumber> {
        let EventBody::Materialized(materialization) = &self.event.body else { return None };
        materialization.version
    }

    pub(crate) async fn load(
        &self,
        values: &Values,
        value_type: ValueType,
    ) -> Result<SharedValue, ValueError> {
        let mut loaded = self.loaded.lock().await;
        if let Some(value) = &*loaded {
            return Ok(value.clone());
        }
        let value = values.load(&self.event, value_type).await?;
        *loaded = Some(value.clone());
        Ok(value)
    }

    /// Releases the value; a later reader loads it again.
    pub(crate) fn let_go(&self) {
        if let Ok(mut loaded) = self.loaded.try_lock() {
            *loaded = None;
        }
    }
}

/// The stored values of the assets that a run doesn't produce itself, as they were when the run started. All of its steps see the same
/// values, whatever other runs do meanwhile.
#[derive(Debug, Default)]
pub(crate) struct StoredInputs {
    by_asset: HashMap<AssetPartition<AssetIndex>, StoredInput>,
}

impl StoredInputs {
    /// Pins the last materializations, by other runs than `run`, of these assets or partitions.
    pub(crate) async fn pin(
        store: &dyn Store,
        graph: &AssetGraph,
        run: RunId,
        read: &BTreeSet<AssetPartition<AssetIndex>>,
    ) -> Result<Self, StorageError> {
        let mut pinned = Self::default();
        if read.is_empty() {
            return Ok(pinned);
        }
        let keys: Vec<AssetPartition> = read.iter().map(|of| of.by_key(graph)).collect();
        for latest in store.latest_of(&keys).await? {
            let Some(asset) = graph.index(latest.asset.as_str()) else { continue };
            if let Some(event) = by_another_run(store, run, &latest).await? {
                let input = AssetPartition::new(asset, latest.partition);
                pinned.by_asset.insert(input, StoredInput::new(event));
            }
        }
        Ok(pinned)
    }

    #[cfg(test)]
    pub(crate) fn of(inputs: impl IntoIterator<Item = (AssetPartition<AssetIndex>, StoredInput)>) -> Self {
        Self { by_asset: inputs.into_iter().collect() }
    }

    pub(crate) fn get(&self, input: &AssetPartition<AssetIndex>) -> Option<&StoredInput> {
        self.by_asset.get(input)
    }
}

/// The last materialization that wasn't made by `run` itself, in an earlier attempt.
async fn by_another_run(
    store: &dyn Store,
    run: RunId,
    latest: &LatestAsset,
) -> Result<Option<Event>, StorageError> {
    match &latest.materialization {
        Some(event) if event.run == Some(run) => {
            let query = EventQuery {
                asset: Some(latest.asset.clone()),
                partition: Some(latest.partition.clone()),
                not_run: Some(run),
                kinds: Some(EventKind::Materialized.into()),
                order: Order::NewestFirst,
                limit: Some(1),
                ..EventQuery::default()
            };
            Ok(store.events(query).await?.pop())
        }
        materialization => Ok(materialization.clone()),
    }
}
