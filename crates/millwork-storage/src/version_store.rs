//! The contract of versions: their numbers, and the aliases that point at them.
//!
//! Both are projections. A version's number is in the event of its materialization, and the store refuses one that is taken; that an alias
//! points at a version is in the last event that moved it, and a move is refused if the alias isn't where it moves from. A decision that
//! answers a question names the verdict that asked, and is refused if the version was decided about or judged since. So of two writers that
//! want the same, one is refused, and nothing of its batch is written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use async_trait::async_trait;
use millwork_core::event::{
    AliasChange, AliasMoved, Event, EventBody, EventKind, InputVersion, KindSet, NewEvent,
};
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, DataVersion};

use crate::event_log::each_event;
use crate::{Batch, EventLog, EventQuery, Order, StorageError, Store};

/// The version that an alias points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The asset, and its partition.
    pub asset: AssetPartition,
    /// The name of the alias.
    pub alias: AliasName,
    /// The version.
    pub version: VersionNumber,
    /// The version of its data; `None` if it is unknown.
    pub data_version: Option<DataVersion>,
    /// The sequence number of the event that moved the alias there.
    pub moved: u64,
}

/// The version that an event decides about: a verdict of a gate, or a decision that no gate made.
pub(crate) fn decides_about(body: &EventBody) -> Option<VersionNumber> {
    if let EventBody::VersionJudged(judged) = body {
        Some(judged.version)
    } else if let EventBody::VersionDecided(decided) = body {
        Some(decided.version)
    } else {
        None
    }
}

/// The version about which an event decides as the one answer to a question or the one end of a trial, and the sequence number of the
/// verdict that asked; `None` for other events.
pub(crate) fn answers(body: &EventBody) -> Option<(VersionNumber, u64)> {
    if let EventBody::VersionJudged(judged) = body {
        Some((judged.version, judged.answers?))
    } else if let EventBody::VersionDecided(decided) = body {
        Some((decided.version, decided.answers?))
    } else {
        None
    }
}

/// Versions of assets, and aliases.
#[async_trait]
pub trait VersionStore: Send + Sync {
    /// The last number that was given to each of these assets and their partitions, also if its event was removed since. What has no
    /// version is left out.
    async fn last_versions(
        &self,
        assets: &[AssetKey],
    ) -> Result<Vec<(AssetPartition, VersionNumber)>, StorageError>;

    /// The materialization with this number; `None` if there is none, or if its event was removed.
    async fn version(
        &self,
        asset: &AssetPartition,
        version: VersionNumber,
    ) -> Result<Option<Event>, StorageError>;

    /// The materializations of these versions, in the order of the log. What doesn't exist is left out.
    async fn versions(&self, wanted: &[(AssetPartition, VersionNumber)]) -> Result<Vec<Event>, StorageError>;

    /// The aliases of these assets and their partitions, or of all if none are named, in the order of assets, partitions and names.
    async fn aliases(&self, assets: &[AssetKey]) -> Result<Vec<Alias>, StorageError>;

    /// Those of these materializations, by their sequence numbers, whose values were removed by a retention rule.
    async fn removed_values(&self, sequences: &[u64]) -> Result<Vec<u64>, StorageError>;
}

/// The versions that a version was made from, as far as their events are there. Events of before versions were numbered name the data
/// only, and the last version of it before them was meant.
pub(crate) async fn made_from<S: EventLog + VersionStore + ?Sized>(
    store: &S,
    made: &Event,
) -> Result<Vec<Event>, StorageError> {
    let mut inputs = Vec::new();
    let provenance = made.body.provenance();
    for input in provenance.iter().flat_map(|provenance| &provenance.inputs) {
        inputs.extend(input_event(store, made, input).await?);
    }
    Ok(inputs)
}

/// The versions whose values retention keeps, by their sequence numbers: those that aliases lead to, those about which people were asked and
/// haven't answered, those in shadow, and what all of these were made from.
pub(crate) async fn kept_versions<S: EventLog + VersionStore + ?Sized>(
    store: &S,
    pointed: &[u64],
) -> Result<BTreeSet<u64>, StorageError> {
    let mut versions = store.versions(&undecided_versions(store).await?.all()).await?;
    for sequence in pointed {
        versions.extend(store.events(EventQuery::at(*sequence)).await?);
    }
    let mut kept: BTreeSet<u64> = versions.iter().map(|version| version.sequence).collect();
    for version in &versions {
        kept.extend(made_from(store, version).await?.iter().map(|input| input.sequence));
    }
    Ok(kept)
}

/// The versions about which nothing was decided since a gate has asked people, or for outcomes.
#[derive(Debug, Default)]
pub(crate) struct UndecidedVersions {
    /// People were asked about these.
    asked: BTreeSet<(AssetPartition, VersionNumber)>,
    /// These are in shadow: of each model the newest.
    pub(crate) in_shadow: BTreeMap<AssetPartition, VersionNumber>,
}

impl UndecidedVersions {
    fn all(&self) -> Vec<(AssetPartition, VersionNumber)> {
        let in_shadow = self.in_shadow.iter().map(|(of, version)| (of.clone(), *version));
        self.asked.iter().cloned().chain(in_shadow).collect()
    }

    /// Takes in the next event about versions.
    fn apply(&mut self, event: &Event) {
        let Some(of) = event.asset_partition() else { return };
        if let EventBody::VersionJudged(judged) = &event.body {
            self.remove(&of, judged.version);
            if judged.asked.is_some() {
                self.asked.insert((of, judged.version));
            } else if judged.shadow.is_some() {
                let newest = self.in_shadow.entry(of).or_insert(judged.version);
                *newest = (*newest).max(judged.version);
            }
        } else if let EventBody::VersionDecided(decided) = &event.body {
            self.remove(&of, decided.version);
        } else if let EventBody::AliasMoved(AliasMoved {
            change: AliasChange::Promoted, to: Some(to), ..
        }) = &event.body
            && self.in_shadow.get(&of).is_some_and(|version| version <= to)
        {
            self.in_shadow.remove(&of);
        }
    }

    fn remove(&mut self, of: &AssetPartition, version: VersionNumber) {
        self.asked.remove(&(of.clone(), version));
        if self.in_shadow.get(of) == Some(&version) {
            self.in_shadow.remove(of);
        }
    }
}

/// The versions about which a gate has asked people or for outcomes, and about which nothing was decided since.
pub(crate) async fn undecided_versions<S: EventLog + ?Sized>(
    store: &S,
) -> Result<UndecidedVersions, StorageError> {
    let mut undecided = UndecidedVersions::default();
    let query = EventQuery { kinds: Some(KindSet::VERSIONS), ..EventQuery::default() };
    store.events(query).await?.iter().for_each(|event| undecided.apply(event));
    Ok(undecided)
}

/// The number that the next version of an asset and partition gets.
///
/// # Errors
///
/// Those of the store.
pub async fn next_version(store: &dyn Store, of: &AssetPartition) -> Result<VersionNumber, StorageError> {
    let last = store.last_versions(std::slice::from_ref(&of.asset)).await?;
    let last = last.into_iter().find(|(found, _)| found == of).map(|(_, version)| version);
    Ok(VersionNumber::after(last))
}

/// Appends a materialization that no run has made under the next number of its asset and partition, and returns its sequence number.
///
/// # Errors
///
/// Those of the store.
pub async fn append_version(store: &dyn Store, event: NewEvent) -> Result<u64, StorageError> {
    let of = event.asset_partition();
    loop {
        let mut event = event.clone();
        if let (EventBody::Materialized(made), Some(of)) = (&mut event.body, &of) {
            made.version = Some(next_version(store, of).await?);
        }
        match store.append(Batch { fence: None, events: vec![event] }).await {
            Ok(sequences) => return Ok(sequences[0]),
            // Another one was first, so the next number is another one.
            Err(StorageError::VersionTaken { .. }) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The materialization that is meant by an input of a version, or the call in shadow; `None` if it isn't there any more.
pub async fn input_event<S: EventLog + VersionStore + ?Sized>(
    store: &S,
    made: &Event,
    input: &InputVersion,
) -> Result<Option<Event>, StorageError> {
    if let ReadAs::Shadow { until, .. } = input.read_as {
        let newest = store.events(EventQuery::at(until)).await?.pop();
        return Ok(newest.filter(|event| matches!(event.body, EventBody::ShadowCalled(_))));
    }
    if let Some(version) = input.version {
        return store.version(&input.upstream, version).await;
    }
    let Some(data_version) = &input.data_version else { return Ok(None) };
    let query = EventQuery {
        asset: Some(input.upstream.asset.clone()),
        partition: Some(input.upstream.partition.clone()),
        kinds: Some(EventKind::Materialized.into()),
        before: Some(made.sequence),
        order: Order::NewestFirst,
        ..EventQuery::default()
    };
    let is_meant = |event: &Event| matches!(&event.body, EventBody::Materialized(made) if made.data_version == *data_version);
    each_event(store, query, |event| {
        if is_meant(&event) { ControlFlow::Break(event) } else { ControlFlow::Continue(()) }
    })
    .await
}
