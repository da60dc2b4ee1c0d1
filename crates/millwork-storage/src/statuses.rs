//! The statuses of all assets, kept up with the log, without what they follow from in memory.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use jiff::Timestamp;
use millwork_core::asset_status::{AssetStatuses, Lacking, PartitionHealth, StatusFold, StoredStatus};
use millwork_core::event::{Event, EventSubject, KindSet};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::partition::KeyIndex;
use millwork_core::{AssetPartition, KeyMoment};

use crate::asset_status::{read_work, take_latest};
use crate::{
    EventQuery, KeepStatuses, KeptStatuses, LatestAsset, StorageError, Store, each_latest, follow, key_moment,
};

/// The number of events that are read at a time.
const PAGE: u32 = 1_000;
/// The number of events after which what statuses follow from is stored again: so many are quickly taken in.
const STORED_AFTER: u64 = 1_000;

/// The statuses of all assets at a moment, with what it takes to go on from there. Of assets of which many partitions were made it has sets;
/// what a partition was made from is read from the store when it's asked for.
#[derive(Debug)]
pub struct CurrentStatuses {
    /// The sequence number of the newest event that is included.
    behind: u64,
    fold: StatusFold,
    statuses: AssetStatuses,
    stored: Stored,
}

/// What was stored of them last.
#[derive(Debug)]
struct Stored {
    writer: String,
    until: u64,
    /// Those that this writer stored; `None` if others were first.
    statuses: Option<AssetStatuses>,
}

impl CurrentStatuses {
    /// Reads what statuses follow from: from what was stored of them, or from the latest events of all partitions. None are derived yet.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn read(store: &dyn Store, graph: &AssetGraph, now: Timestamp) -> Result<Self, StorageError> {
        // Read first, so that no event is missed in between.
        let head = store.head().await?;
        let kept = usable(store, head).await?;
        let mut fold = StatusFold::default();
        let until = kept.as_ref().map(|kept| kept.until);
        let statuses = match kept {
            Some(kept) => {
                let parsed = kept.assets.iter().filter_map(|(_, body)| serde_json::from_str(body).ok());
                let stored: Vec<StoredStatus> = parsed.collect();
                AssetStatuses::restored(graph, &mut fold, &key_moment(store, graph, now).await?, stored)
            }
            None => AssetStatuses::default(),
        };
        read_work(store, &mut fold).await?;
        take_latest(store, graph, &mut fold).await?;
        if until.is_some() {
            fold.note_changes();
        }
        let writer = format!("{:016x}", RandomState::new().build_hasher().finish());
        let stored = Stored { writer, until: until.unwrap_or(0), statuses: None };
        Ok(Self { behind: until.unwrap_or(head), fold, statuses, stored })
    }

    /// Derives the statuses at a moment once: for a command that shows them and ends.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn at(store: &dyn Store, graph: &AssetGraph, moment: &KeyMoment) -> Result<Self, StorageError> {
        let mut current = Self::read(store, graph, moment.now()).await?;
        current.catch_up(store, graph, moment.now(), |_| ()).await?;
        current.derive(store, graph, moment).await?;
        Ok(current)
    }

    /// The sequence number of the newest event that is included.
    pub fn behind(&self) -> u64 {
        self.behind
    }

    /// The statuses as they were derived last.
    pub fn statuses(&self) -> &AssetStatuses {
        &self.statuses
    }

    /// Takes in what has happened since, and passes each event to `see`; whether there was any.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn catch_up(
        &mut self,
        store: &dyn Store,
        graph: &AssetGraph,
        now: Timestamp,
        mut see: impl FnMut(&Event),
    ) -> Result<bool, StorageError> {
        let mut has_changed = false;
        loop {
            let followed = follow(store, self.behind, StatusFold::KINDS, PAGE).await?;
            if let Some(renamed) = followed.events.iter().find(|event| StatusFold::begins_anew(event)) {
                see(renamed);
                // What was stored is from before the event, and isn't used.
                *self = Self::read(store, graph, now).await?;
                has_changed = true;
                continue;
            }
            has_changed |= !followed.events.is_empty();
            self.behind = followed.behind;
            for event in &followed.events {
                self.fold.apply(event);
                see(event);
            }
            if followed.events.len() < PAGE as usize {
                return Ok(has_changed);
            }
        }
    }

    /// Derives the statuses at a moment.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn derive(
        &mut self,
        store: &dyn Store,
        graph: &AssetGraph,
        moment: &KeyMoment,
    ) -> Result<(), StorageError> {
        self.statuses = loop {
            match self.statuses.updated(graph, &mut self.fold, moment) {
                Ok(statuses) => break statuses,
                Err(lacking) => self.bring(store, lacking).await?,
            }
        };
        self.keep(store, graph).await;
        self.statuses.let_go(graph, &mut self.fold);
        Ok(())
    }

    /// Some partitions of an asset in detail, in the order of their keys; of an asset without partitions itself.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn partitions(
        &mut self,
        store: &dyn Store,
        graph: &AssetGraph,
        asset: AssetIndex,
        keys: &[KeyIndex],
    ) -> Result<Vec<PartitionHealth>, StorageError> {
        loop {
            let found = self.statuses.partitions(graph, &self.fold, asset, keys);
            let lacking = self.fold.lacking();
            if lacking.is_empty() {
                return Ok(found);
            }
            self.bring(store, lacking).await?;
        }
    }

    async fn bring(&mut self, store: &dyn Store, lacking: Lacking) -> Result<(), StorageError> {
        let latest = store.latest_of(&lacking.partitions).await?;
        let mut latest: HashMap<AssetPartition, LatestAsset> =
            latest.into_iter().map(|latest| (latest.of(), latest)).collect();
        for of in &lacking.partitions {
            let latest = latest.remove(of);
            self.fold.bring(of, latest.iter().flat_map(LatestAsset::events));
        }
        let fold = &mut self.fold;
        each_latest(store, &lacking.assets, |latest| fold.bring(&latest.of(), latest.events())).await?;
        lacking.assets.iter().for_each(|asset| self.fold.has_all_of(asset));
        Ok(())
    }

    /// Stores what the statuses follow from, now and then. Without, they are derived from more.
    async fn keep(&mut self, store: &dyn Store, graph: &AssetGraph) {
        if self.behind < self.stored.until + STORED_AFTER {
            return;
        }
        let Some(changed) = self.statuses.stored(graph, &self.fold, self.stored.statuses.as_ref()) else {
            return;
        };
        let body = |stored: &StoredStatus| Some((stored.asset.clone(), serde_json::to_string(stored).ok()?));
        let statuses = KeptStatuses {
            until: self.behind,
            writer: self.stored.writer.clone(),
            assets: changed.iter().filter_map(body).collect(),
        };
        let are_all = self.stored.statuses.is_none();
        let is_kept = store.keep_statuses(KeepStatuses { statuses, are_all }).await.unwrap_or(false);
        self.stored.until = self.behind;
        self.stored.statuses = is_kept.then(|| self.statuses.clone());
    }
}

/// The statuses that were kept, unless they include what isn't in the log, or names have changed since.
async fn usable(store: &dyn Store, head: u64) -> Result<Option<KeptStatuses>, StorageError> {
    let Some(kept) = store.statuses().await?.filter(|kept| kept.until <= head) else { return Ok(None) };
    let renames = EventQuery {
        kinds: Some(KindSet::about(EventSubject::Names)),
        after: Some(kept.until),
        limit: Some(1),
        ..EventQuery::default()
    };
    Ok(store.events(renames).await?.is_empty().then_some(kept))
}
