//! The cached status of all assets, derived from the event log.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::KeyMoment;
use millwork_core::asset_status::{AssetHealth, AssetStatuses, PartitionHealth, PartitionSets, StatusFold};
use millwork_core::event::EventKind;
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::index::IndexVec;
use millwork_core::partition::KeyIndex;
use millwork_storage::{StorageError, Store, follow, key_moment, last_events, read_status};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Trend;
use super::trend::{Numbers, Trends};

/// The time in which the log isn't read again.
const PAUSE: Duration = Duration::from_millis(50);
/// The interval after which statuses that depend on the time are derived again.
const LONGEST: Duration = Duration::from_secs(5);
/// The number of events that are read at a time.
const PAGE: u32 = 500;
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
    /// The sequence number of the newest event that is included.
    behind: u64,
    fold: StatusFold,
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
    /// Some partitions of an asset in detail, with the status of the assets at the same time. `choose` chooses them by the asset's.
    pub(crate) async fn partitions(
        &self,
        graph: &AssetGraph,
        asset: AssetIndex,
        choose: impl FnOnce(&PartitionSets) -> Vec<KeyIndex>,
    ) -> Vec<PartitionHealth> {
        let cached = self.cached.lock().await;
        let Some(cached) = cached.as_ref() else { return Vec::new() };
        let statuses = &cached.snapshot.statuses;
        statuses.partitions(graph, &cached.fold, asset, &choose(&statuses.of(asset).partitions))
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
            None => cached.insert(Cached::read(graph, store).await?),
        };
        let has_changed = cached.catch_up(graph, store).await?;
        let was_derived = !cached.snapshot.statuses.all().is_empty();
        if has_changed || !was_derived || cached.derived_at.elapsed() > LONGEST {
            cached.derive(graph, &key_moment(store, graph, now).await?);
        }
        Ok(cached.snapshot.clone())
    }
}

impl Cached {
    /// Reads the state from the last events, without reading the whole log.
    async fn read(graph: &AssetGraph, store: &dyn Store) -> Result<Self, StorageError> {
        // Read first, so that no event is missed in between.
        let behind = store.head().await?;
        let materialized = last_events(store, EventKind::Materialized, HISTORY, |event| {
            Numbers::of(&event).filter(|_| event.sequence <= behind)
        })
        .await?;
        let mut trends = Trends::default();
        materialized.into_iter().rev().flatten().for_each(|numbers| trends.add(graph, numbers));
        Ok(Self {
            behind,
            fold: read_status(store, graph).await?,
            trends,
            derived_at: Instant::now(),
            snapshot: Arc::default(),
        })
    }

    async fn catch_up(&mut self, graph: &AssetGraph, store: &dyn Store) -> Result<bool, StorageError> {
        let before = self.behind;
        let mut has_changed = false;
        loop {
            let followed = follow(store, self.behind, StatusFold::KINDS, PAGE).await?;
            self.behind = followed.behind;
            has_changed |= !followed.events.is_empty();
            if followed.events.iter().any(StatusFold::begins_anew) {
                let snapshot = self.snapshot.clone();
                *self = Self { snapshot, ..Self::read(graph, store).await? };
                return Ok(true);
            }
            for event in &followed.events {
                self.fold.apply(event);
                if let Some(numbers) = Numbers::of(event) {
                    self.trends.add(graph, numbers);
                }
            }
            if followed.events.len() < PAGE as usize {
                return Ok(has_changed || before != self.behind);
            }
        }
    }

    fn derive(&mut self, graph: &AssetGraph, moment: &KeyMoment) {
        let trends = &self.trends;
        let trend = |asset| trends.of(graph.key(asset)).cloned();
        self.snapshot = Arc::new(StatusSnapshot {
            head: self.behind,
            statuses: self.snapshot.statuses.updated(graph, &mut self.fold, moment),
            trends: graph.assets().indices().map(trend).collect(),
        });
        self.derived_at = Instant::now();
    }
}
