//! The contract of the event log: appending, reading, and the latest events of each asset.

use std::ops::ControlFlow;

use async_trait::async_trait;
use millwork_core::event::{Event, KindSet, NewEvent};
use millwork_core::plan::LatestEvaluation;
use millwork_core::run::{RunId, StepKey};
use millwork_core::{AssetKey, AssetPartition, PartitionKey};

use crate::{Fence, StorageError};

/// Events that become visible together, or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The claim under which a run's events are written; `None` for events of no run. If another process has claimed the run since, the
    /// whole batch is refused with [`StorageError::Fenced`].
    pub fence: Option<Fence>,
    /// The events, in their order.
    pub events: Vec<NewEvent>,
}

/// The log of all events, from which everything else is derived.
#[async_trait]
pub trait EventLog: std::fmt::Debug + Send + Sync {
    /// Appends a batch and returns the sequence numbers of its events. When it returns, the batch is on disk. Batches
    /// that are waiting at the same time share a commit, in the order in which they were appended. Run events update
    /// the status of their run, and verdicts the latest events of their asset, in the same commit.
    ///
    /// A batch is refused as a whole, and alone: [`StorageError::Fenced`], [`StorageError::AlreadySucceeded`] if a
    /// step of a run and partition would succeed twice, [`StorageError::UnknownRun`]; [`StorageError::VersionTaken`] if a version's number
    /// was given before, [`StorageError::AliasElsewhere`] and [`StorageError::UnknownVersion`] if an alias isn't where it is moved from or is
    /// moved to no version, [`StorageError::AlreadyDecided`] if a question was answered before.
    async fn append(&self, batch: Batch) -> Result<Vec<u64>, StorageError>;

    /// The sequence number of the newest event; 0 in an empty log.
    async fn head(&self) -> Result<u64, StorageError> {
        let newest = EventQuery { order: Order::NewestFirst, limit: Some(1), ..EventQuery::default() };
        Ok(self.events(newest).await?.first().map_or(0, |event| event.sequence))
    }

    /// Reads events.
    async fn events(&self, query: EventQuery) -> Result<Vec<Event>, StorageError>;

    /// The latest events of each of these assets and their partitions, in the order of their keys. Assets without any
    /// verdict are left out.
    async fn latest(&self, assets: &[AssetKey]) -> Result<Vec<LatestAsset>, StorageError>;

    /// The partitions of an asset that have a verdict, in any order; `None` for the asset without one. Also those that its definition
    /// doesn't have any more.
    async fn partitions_made(&self, asset: &AssetKey) -> Result<Vec<Option<PartitionKey>>, StorageError> {
        let latest = self.latest(std::slice::from_ref(asset)).await?;
        Ok(latest.into_iter().map(|latest| latest.partition).collect())
    }

    /// The latest events of some assets without partitions, or of some partitions, in their order. Those without any verdict are left out. It
    /// costs what is asked for, however many partitions the assets have.
    async fn latest_of(&self, partitions: &[AssetPartition]) -> Result<Vec<LatestAsset>, StorageError>;

    /// The latest events of each of these assets as [`latest`](Self::latest) has them, but of at most `most` partitions of each: those that
    /// [`latest_page`](Self::latest_page) has first.
    async fn latest_of_few(&self, assets: &[AssetKey], most: u32) -> Result<Vec<LatestAsset>, StorageError>;

    /// The latest events of some partitions of an asset, so many of them after those that are skipped: a million would take hundreds of
    /// megabytes at once.
    async fn latest_page(
        &self,
        asset: &AssetKey,
        order: LatestOrder,
        skip: u64,
        most: u32,
    ) -> Result<Vec<LatestAsset>, StorageError>;

    /// The stored form of a value that is kept in the database, by the sequence number of its materialization.
    async fn value(&self, sequence: u64) -> Result<Option<Vec<u8>>, StorageError>;
}

/// The order of the partitions of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatestOrder {
    /// Some order, which stays the same.
    Any,
    /// Those with the newest verdicts first.
    NewestFirst,
}

/// The latest events of an asset or one of its partitions.
#[derive(Clone, Debug, PartialEq)]
pub struct LatestAsset {
    /// The asset.
    pub asset: AssetKey,
    /// The partition; `None` for an asset without partitions.
    pub partition: Option<PartitionKey>,
    /// The last event of the kind [`Materialized`](millwork_core::event::EventKind::Materialized); `None` if there is none.
    pub materialization: Option<Event>,
    /// The last event of the kinds [`VERDICTS`](KindSet::VERDICTS).
    pub verdict: Event,
}

impl LatestAsset {
    /// What the events are of.
    pub fn of(&self) -> AssetPartition {
        AssetPartition::new(self.asset.clone(), self.partition.clone())
    }

    /// The materialization and the verdict, in the order of the log.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.materialization.iter().chain([&self.verdict])
    }

    /// The events from which staleness follows.
    pub fn into_verdict(self) -> (AssetPartition, LatestEvaluation) {
        let mut verdict = LatestEvaluation::default();
        self.events().for_each(|event| verdict.apply(event));
        (AssetPartition::new(self.asset, self.partition), verdict)
    }
}

/// Which events to read. All conditions hold together; an empty query reads everything, oldest first.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Of this run.
    pub run: Option<RunId>,
    /// Of any run but this, or of none.
    pub not_run: Option<RunId>,
    /// Of this step.
    pub step: Option<StepKey>,
    /// About this asset.
    pub asset: Option<AssetKey>,
    /// About this partition: `Some(None)` for events without one.
    pub partition: Option<Option<PartitionKey>>,
    /// Stored as one of these kinds, including events that can't be read.
    pub kinds: Option<KindSet>,
    /// Behind this sequence number.
    pub after: Option<u64>,
    /// Before this sequence number.
    pub before: Option<u64>,
    /// Which end to start from.
    pub order: Order,
    /// The maximum number of events; `None` for all.
    pub limit: Option<u32>,
}

impl EventQuery {
    /// The event at a place of the log.
    pub fn at(sequence: u64) -> Self {
        Self { after: Some(sequence - 1), before: Some(sequence + 1), ..Self::default() }
    }
}

/// The number of events that [`each_event`] reads at a time: materializations may have large metadata.
const EVENTS_OF_A_PAGE: u32 = 200;

/// Reads the events of a query, a page at a time, until `take` breaks; what it breaks with.
pub(crate) async fn each_event<S, B>(
    store: &S,
    query: EventQuery,
    mut take: impl FnMut(Event) -> ControlFlow<B> + Send,
) -> Result<Option<B>, StorageError>
where
    S: EventLog + ?Sized,
    B: Send,
{
    let mut query = EventQuery { limit: Some(EVENTS_OF_A_PAGE), ..query };
    loop {
        let events = store.events(query.clone()).await?;
        let is_last = events.len() < EVENTS_OF_A_PAGE as usize;
        let last = events.last().map(|event| event.sequence);
        if let ControlFlow::Break(found) = events.into_iter().try_for_each(&mut take) {
            return Ok(Some(found));
        }
        if is_last {
            return Ok(None);
        }
        match query.order {
            Order::OldestFirst => query.after = last,
            Order::NewestFirst => query.before = last,
        }
    }
}

/// Which end of the log to start from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// With the first event.
    #[default]
    OldestFirst,
    /// With the last event.
    NewestFirst,
}
