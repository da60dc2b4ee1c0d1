//! The cached status of all assets, derived from the event log.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::KeyMoment;
use millwork_core::asset_status::{AssetHealth, AssetStatuses, PartitionHealth, StatusFold};
use millwork_core::event::{Event, EventKind};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::index::IndexVec;
use millwork_core::partition::KeyIndex;
use millwork_storage::{CurrentStatuses, StorageError, Store, key_moment, last_events};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Trend;
use super::trend::{Numbers, Trends};

/// The time in which the log isn't read again.
const PAUSE: Duration = Duration::from_millis(50);
/// The interval after which statuses that depend on the time are derived again.
const LONGEST: Duration = Duration::from_secs(5);
/// The number of recent materializations that trends start from.
const HISTORY: usize = 3_000;

/// Reads the log when a page asks, and keeps the result.
#[derive(Debug, Default)]
pub(crate) struct StatusCache {
    cached: Mutex<Option<Cached>>,
}

/// The state derived from the log so far.
#[derive(Debug)]
struct Cached {
    current: CurrentStatuses,
    trends: Trends,
    derived_at: Instant,
    snapshot: Arc<StatusSnapshot>,
}

/// The status of all assets at one moment.
#[derive(Debug, Default)]
pub(crate) struct StatusSnapshot {
    /// The sequence number of the newest event that is included.
    pub(crate) head: u64,
    /// All assets, in the order of the graph.
    pub(crate) statuses: AssetStatuses,
    trends: IndexVec<AssetIndex, Option<Trend>>,
}

impl StatusSnapshot {
    /// The status of an asset.
    pub(crate) fn of(&self, asset: AssetIndex) -> &AssetHealth {
        self.statuses.of(asset)
    }

    /// The trend of its main number; `None` if it has none.
    pub(crate) fn trend(&self, asset: AssetIndex) -> Option<&Trend> {
        self.trends[asset].as_ref()
    }
}

impl StatusCache {
    /// Some partitions of an asset in detail, by the statuses of now.
    pub(crate) async fn partitions(
        &self,
        graph: &AssetGraph,
        store: &dyn Store,
        asset: AssetIndex,
        keys: &[KeyIndex],
    ) -> Result<Vec<PartitionHealth>, StorageError> {
        let mut cached = self.cached.lock().await;
        let Some(cached) = cached.as_mut() else { return Ok(Vec::new()) };
        cached.current.partitions(store, graph, asset, keys).await
    }

    /// The status of the assets, at most a moment old.
    pub(crate) async fn snapshot(
        &self,
        graph: &AssetGraph,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Arc<StatusSnapshot>, StorageError> {
        let mut cached = self.cached.lock().await;
        if let Some(cached) = cached.as_ref().filter(|cached| cached.derived_at.elapsed() < PAUSE) {
            return Ok(cached.snapshot.clone());
        }
        let cached = match cached.as_mut() {
            Some(cached) => cached,
            None => cached.insert(Cached::read(graph, store, now).await?),
        };
        let has_changed = cached.catch_up(graph, store, now).await?;
        let was_derived = !cached.snapshot.statuses.all().is_empty();
        if has_changed || !was_derived || cached.derived_at.elapsed() > LONGEST {
            cached.derive(graph, store, &key_moment(store, graph, now).await?).await?;
        }
        Ok(cached.snapshot.clone())
    }
}

impl Cached {
    /// Reads the state from the last events, without reading the whole log.
    async fn read(graph: &AssetGraph, store: &dyn Store, now: Timestamp) -> Result<Self, StorageError> {
        let current = CurrentStatuses::read(store, graph, now).await?;
        let behind = current.behind();
        let materialized = last_events(store, EventKind::Materialized, HISTORY, |event| {
            Numbers::of(&event).filter(|_| event.sequence <= behind)
        })
        .await?;
        let mut trends = Trends::default();
        materialized.into_iter().rev().flatten().for_each(|numbers| trends.add(graph, numbers));
        Ok(Self { current, trends, derived_at: Instant::now(), snapshot: Arc::default() })
    }

    async fn catch_up(
        &mut self,
        graph: &AssetGraph,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let (before, trends) = (self.current.behind(), &mut self.trends);
        let mut is_renamed = false;
        let see = |event: &Event| {
            is_renamed |= StatusFold::begins_anew(event);
            if let Some(numbers) = Numbers::of(event) {
                trends.add(graph, numbers);
            }
        };
        let has_changed = self.current.catch_up(store, graph, now, see).await?;
        if is_renamed {
            let snapshot = self.snapshot.clone();
            *self = Self { snapshot, ..Self::read(graph, store, now).await? };
        }
        Ok(has_changed || before != self.current.behind())
    }

    async fn derive(
        &mut self,
        graph: &AssetGraph,
        store: &dyn Store,
        moment: &KeyMoment,
    ) -> Result<(), StorageError> {
        self.current.derive(store, graph, moment).await?;
        let trends = &self.trends;
        let trend = |asset| trends.of(graph.key(asset)).cloned();
        self.snapshot = Arc::new(StatusSnapshot {
            head: self.current.behind(),
            statuses: self.current.statuses().clone(),
            trends: graph.assets().indices().map(trend).collect(),
        });
        self.derived_at = Instant::now();
        Ok(())
    }
}
