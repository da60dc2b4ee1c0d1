//! The cached lives of all models, without the materializations themselves.
//!
//! A page of a model with a thousand versions shows 25 of them, but whether one of those was in use before, and which questions are
//! open, follows from all verdicts and moves. These are read once, by the index of assets, and then with what is new in the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use millwork_core::event::{Event, KindSet};
use millwork_core::graph::AssetGraph;
use millwork_core::model::{ModelHistory, VersionStatus};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetPartition};
use millwork_storage::{EventQuery, StorageError, Store};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The time in which the log isn't read again.
const PAUSE: Duration = Duration::from_millis(50);
/// The number of events that are read at a time.
const PAGE: u32 = 500;

/// Reads the log when a page asks, and keeps the result.
#[derive(Debug)]
pub(crate) struct ModelCache {
    cached: Mutex<Option<Cached>>,
    has_models: AtomicBool,
}

#[derive(Debug)]
struct Cached {
    /// The sequence number of the newest event that is included.
    behind: u64,
    /// When the log was read last; `None` if it has to be read again.
    read_at: Option<Instant>,
    snapshot: Arc<ModelSnapshot>,
}

/// What has happened to the versions of the models until one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModelSnapshot {
    /// The assets whose events are included: the models.
    read: BTreeSet<AssetKey>,
    /// Verdicts, decisions and moves. The versions have no materializations.
    histories: BTreeMap<AssetPartition, Arc<ModelHistory>>,
}

impl ModelSnapshot {
    /// The history of an asset or partition; `None` if nothing has happened to its versions.
    pub(crate) fn of(&self, asset: &AssetPartition) -> Option<&ModelHistory> {
        self.histories.get(asset).map(|history| &**history)
    }

    /// The histories of an asset and its partitions, in their order.
    pub(crate) fn of_asset(
        &self,
        asset: &AssetKey,
    ) -> impl Iterator<Item = (&AssetPartition, &ModelHistory)> {
        let first = AssetPartition::new(asset.clone(), None);
        let histories = self.histories.range(first..).take_while(move |(of, _)| of.asset == *asset);
        histories.map(|(of, history)| (of, &**history))
    }

    /// The assets that have an alias.
    pub(crate) fn aliased(&self) -> BTreeSet<AssetKey> {
        let aliased = self.histories.iter().filter(|(_, history)| !history.aliases.is_empty());
        aliased.map(|(of, _)| of.asset.clone()).collect()
    }

    /// Where an alias points.
    pub(crate) fn at(&self, asset: &AssetPartition, alias: &AliasName) -> Option<VersionNumber> {
        self.of(asset)?.at(alias)
    }

    /// What a version that exists is to its model.
    pub(crate) fn status(
        &self,
        asset: &AssetPartition,
        version: VersionNumber,
        in_use: &AliasName,
    ) -> VersionStatus {
        let Some(history) = self.of(asset) else { return VersionStatus::Unjudged };
        history.status(version, in_use).unwrap_or_else(|| {
            // No gate and no person has said anything about it, but an alias may have been moved to it.
            let mut moves = history.moves.iter().filter(|moved| moved.what.alias == *in_use);
            match history.at(in_use) == Some(version) {
                true => VersionStatus::InUse,
                false if moves.any(|moved| moved.what.to == Some(version)) => VersionStatus::Retired,
                false => VersionStatus::Unjudged,
            }
        })
    }

    fn apply(&mut self, event: Event) {
        let Some(asset) = event.asset_partition() else { return };
        Arc::make_mut(self.histories.entry(asset).or_default()).apply(event);
    }

    /// Reads what has happened to the versions of an asset so far.
    async fn read(&mut self, store: &dyn Store, asset: &AssetKey, until: u64) -> Result<(), StorageError> {
        let query = EventQuery {
            asset: Some(asset.clone()),
            kinds: Some(KindSet::VERSIONS),
            before: Some(until + 1),
            ..EventQuery::default()
        };
        store.events(query).await?.into_iter().for_each(|event| self.apply(event));
        self.read.insert(asset.clone());
        Ok(())
    }
}

impl ModelCache {
    /// A cache of the models of a graph.
    pub(crate) fn new(graph: &AssetGraph) -> Self {
        let has_models = !graph.models(&BTreeSet::new()).is_empty();
        Self { cached: Mutex::default(), has_models: has_models.into() }
    }

    /// What has happened to the versions of the models, at most a moment old, and with the events up to a sequence number.
    pub(crate) async fn snapshot(
        &self,
        graph: &AssetGraph,
        store: &dyn Store,
        at_least: u64,
    ) -> Result<Arc<ModelSnapshot>, StorageError> {
        let mut cached = self.cached.lock().await;
        let cached = match cached.as_mut() {
            Some(cached) => cached,
            None => cached.insert(Cached::read(graph, store).await?),
        };
        let is_old = cached.read_at.is_none_or(|at| at.elapsed() >= PAUSE);
        if is_old || cached.behind < at_least {
            cached.catch_up(store).await?;
        }
        self.has_models.store(!cached.snapshot.read.is_empty(), Ordering::Relaxed);
        Ok(cached.snapshot.clone())
    }

    /// Whether there is a model, as far as the log was read.
    pub(crate) fn has_models(&self) -> bool {
        self.has_models.load(Ordering::Relaxed)
    }

    /// Has the log read by the next page, which is to show what was just written.
    pub(crate) async fn expire(&self) {
        if let Some(cached) = self.cached.lock().await.as_mut() {
            cached.read_at = None;
        }
    }
}

impl Cached {
    /// Reads the models of the graph, and what has an alias beside them.
    async fn read(graph: &AssetGraph, store: &dyn Store) -> Result<Self, StorageError> {
        // Read first, so that no event is missed in between.
        let behind = store.head().await?;
        let aliased = store.aliases(&[]).await?.into_iter().map(|alias| alias.asset.asset).collect();
        let mut snapshot = ModelSnapshot::default();
        for model in graph.models(&aliased) {
            snapshot.read(store, graph.key(model), behind).await?;
        }
        Ok(Self { behind, read_at: Some(Instant::now()), snapshot: Arc::new(snapshot) })
    }

    async fn catch_up(&mut self, store: &dyn Store) -> Result<(), StorageError> {
        loop {
            // Read first, so that what is committed in between lies behind it.
            let head = store.head().await?;
            let query = EventQuery {
                kinds: Some(KindSet::VERSIONS),
                after: Some(self.behind),
                limit: Some(PAGE),
                ..EventQuery::default()
            };
            let events = store.events(query).await?;
            let is_all = events.len() < PAGE as usize;
            for event in events {
                let sequence = event.sequence;
                let snapshot = Arc::make_mut(&mut self.snapshot);
                match &event.asset {
                    // It has become a model.
                    Some(asset) if !snapshot.read.contains(asset) => {
                        snapshot.read(store, asset, sequence).await?;
                    }
                    Some(_) | None => snapshot.apply(event),
                }
                self.behind = sequence;
            }
            if is_all {
                // Events of other kinds aren't looked through again.
                self.behind = self.behind.max(head);
                self.read_at = Some(Instant::now());
                return Ok(());
            }
        }
    }
}
