//! Models: reading the history of one, changing what is in use, and finding what was made with a version.
//!
//! What may be done is decided by core's [`model`](millwork_core::model); here it is read and written. A change that lost the race against
//! another one has changed nothing, and its error says who was first.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;

use jiff::Timestamp;
use millwork_core::event::{
    AliasMoved, Event, EventBody, EventKind, InputVersion, KindSet, NewEvent, VersionDecided,
};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::model::{Author, ModelHistory, OperationError};
use millwork_core::run::{RunId, RunRequest, RunStatus, RunTag};
use millwork_core::version::{AliasName, ReadAs, VersionNumber, WhichVersion};
use millwork_core::{Advice, AssetKey, AssetPartition, ErrorClass, KeyMoment};
use thiserror::Error;

use crate::{Alias, Batch, EventQuery, RunQuery, RunRecord, StorageError, Store, input_event};

/// Why a model isn't changed.
#[derive(Debug, Error)]
pub enum ModelError {
    /// It can't be done.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// Another one has moved the alias first.
    #[error("{} was changed meanwhile: {first}", .asset.quoted())]
    Overtaken {
        /// The asset, and its partition.
        asset: AssetPartition,
        /// What was done first.
        first: Box<AliasMoved>,
    },
    /// Another one has decided about the version first.
    #[error("{} was decided about meanwhile: {first}", .asset.quoted())]
    Answered {
        /// The asset, and its partition.
        asset: AssetPartition,
        /// The first decision.
        first: Box<VersionDecided>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StorageError),
}

impl Advice for ModelError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Operation(error) => error.hint(),
            Self::Overtaken { .. } | Self::Answered { .. } => {
                Some("look at `models show`, and decide again".into())
            }
            Self::Store(error) => error.hint(),
        }
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::Operation(error) => error.class(),
            Self::Overtaken { .. } | Self::Answered { .. } => ErrorClass::Failed,
            Self::Store(error) => error.class(),
        }
    }
}

/// The versions of an asset or partition, with verdicts, decisions and aliases.
pub async fn model_history(store: &dyn Store, asset: &AssetPartition) -> Result<ModelHistory, StorageError> {
    history_of(store, asset, ModelHistory::KINDS).await
}

/// As [`model_history`], with the materializations only of one version and of those that it was compared with: as much is read of a model
/// with a thousand versions as of one with a few.
///
/// # Errors
///
/// Those of the store.
pub async fn version_life(
    store: &dyn Store,
    asset: &AssetPartition,
    version: VersionNumber,
) -> Result<ModelHistory, StorageError> {
    const KINDS: KindSet = KindSet::VERSIONS.without(KindSet::of(&[EventKind::VersionsBacktested]));
    let mut history = history_of(store, asset, KINDS).await?;
    let found = history.versions.get(&version);
    let against = found.into_iter().flat_map(|found| &found.verdicts).filter_map(|one| one.what.against);
    let wanted: BTreeSet<VersionNumber> = against.chain([version]).collect();
    let wanted: Vec<_> = wanted.into_iter().map(|version| (asset.clone(), version)).collect();
    store.versions(&wanted).await?.into_iter().for_each(|event| history.apply(event));
    Ok(history)
}

async fn history_of(
    store: &dyn Store,
    asset: &AssetPartition,
    kinds: KindSet,
) -> Result<ModelHistory, StorageError> {
    // Read before the events, so that a later move isn't undone here.
    let aliases = store.aliases(std::slice::from_ref(&asset.asset)).await?;
    let query = EventQuery {
        asset: Some(asset.asset.clone()),
        partition: Some(asset.partition.clone()),
        kinds: Some(kinds),
        ..EventQuery::default()
    };
    let mut history = ModelHistory::of(store.events(query).await?);
    for Alias { alias, version, moved, .. } in aliases.into_iter().filter(|alias| alias.asset == *asset) {
        // The event that moved it there can't be read.
        if history.moves.iter().all(|known| known.sequence != moved) {
            history.aliases.insert(alias, version);
        }
    }
    Ok(history)
}

/// The run that makes the same again for the same repair, and isn't finished; `None` if there is none.
pub async fn repairing_run(store: &dyn Store, request: &RunRequest) -> Result<Option<RunId>, StorageError> {
    let Some(repaired) = RunTag::Repair.of(&request.tags) else { return Ok(None) };
    let tag = Some((RunTag::Repair.key().to_owned(), repaired.to_owned()));
    let statuses = vec![RunStatus::Queued, RunStatus::Running];
    let runs = store.runs(RunQuery { statuses, tag, ..RunQuery::default() }).await?;
    let same = |run: &&RunRecord| {
        run.request.assets == request.assets && run.request.partitions == request.partitions
    };
    Ok(runs.iter().find(same).map(|run| run.id))
}

/// The materialization of a version; `None` if there is none.
pub async fn find_version(
    store: &dyn Store,
    asset: &AssetPartition,
    which: &WhichVersion,
) -> Result<Option<Event>, StorageError> {
    let version = match which {
        WhichVersion::Latest => {
            let latest = store.latest(std::slice::from_ref(&asset.asset)).await?;
            let latest = latest.into_iter().find(|latest| latest.partition == asset.partition);
            return Ok(latest.and_then(|latest| latest.materialization));
        }
        WhichVersion::Number(number) => Some(*number),
        WhichVersion::Alias(alias) => {
            let aliases = store.aliases(std::slice::from_ref(&asset.asset)).await?;
            let found = aliases.into_iter().find(|found| found.asset == *asset && found.alias == *alias);
            found.map(|found| found.version)
        }
    };
    match version {
        Some(version) => store.version(asset, version).await,
        None => Ok(None),
    }
}

/// Does something to a version by hand: `decide` returns the events that do it. Returns them as they were recorded.
///
/// # Errors
///
/// Those of `decide`; that another change was first; that the value of a version that would come into use was removed.
pub async fn change_model<E>(
    store: &dyn Store,
    asset: &AssetPartition,
    at: Timestamp,
    decide: impl FnOnce(&ModelHistory) -> Result<Vec<EventBody>, E>,
) -> Result<Vec<Event>, ModelError>
where
    ModelError: From<E>,
{
    let history = model_history(store, asset).await?;
    let bodies = decide(&history)?;
    for body in &bodies {
        let EventBody::AliasMoved(AliasMoved { to: Some(to), .. }) = body else { continue };
        let made = history.versions.get(to).and_then(|version| version.made.as_ref());
        let sequence = made.map(|event| event.sequence);
        if let Some(sequence) = sequence
            && !store.removed_values(&[sequence]).await?.is_empty()
        {
            let (asset, version) = (asset.asset.clone(), *to);
            return Err(OperationError::ValueRemoved { asset, version }.into());
        }
    }
    let events: Vec<NewEvent> =
        bodies.into_iter().map(|body| NewEvent::of_asset(asset.clone(), at, body)).collect();
    match store.append(Batch { fence: None, events: events.clone() }).await {
        Ok(sequences) => {
            let placed = events.into_iter().zip(sequences);
            Ok(placed.map(|(event, sequence)| event.at_sequence(sequence)).collect())
        }
        Err(error @ StorageError::AliasElsewhere { .. }) => {
            let last = model_history(store, asset).await?.moves.pop();
            let Some(first) = last else { return Err(error.into()) };
            Err(ModelError::Overtaken { asset: asset.clone(), first: Box::new(first.what) })
        }
        Err(error @ StorageError::AlreadyDecided { version, .. }) => {
            let mut versions = model_history(store, asset).await?.versions;
            let last = versions.remove(&version).and_then(|mut version| version.decisions.pop());
            let Some(first) = last else { return Err(error.into()) };
            Err(ModelError::Answered { asset: asset.clone(), first: Box::new(first.what) })
        }
        Err(error) => Err(error.into()),
    }
}

/// What is done to a version by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelAction {
    /// A version comes into use.
    Promote(VersionNumber),
    /// A version is marked as unfit for use; where people were asked about it, that is the answer.
    Reject(VersionNumber),
    /// The version in use stays; where people were asked about this one, that is the answer.
    Keep(VersionNumber),
    /// The version in use is an earlier one again: this one, or the last that is fit.
    RollBack(Option<VersionNumber>),
    /// An alias points at a version.
    SetAlias(AliasName, VersionNumber),
    /// An alias is removed.
    RemoveAlias(AliasName),
}

/// The version that was in use when somebody decided to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Whatever is in use now is meant.
    Now,
    /// This version, or none. If another one is in use by now, the alias isn't moved.
    Version(Option<VersionNumber>),
}

/// Does something to a version of a model by hand. `in_use` is the alias of the version in use. Returns what was recorded.
///
/// # Errors
///
/// As [`change_model`].
pub async fn act_on_model(
    store: &dyn Store,
    (asset, in_use): (&AssetPartition, &AliasName),
    action: &ModelAction,
    (author, seen): (&Author, Seen),
    at: Timestamp,
) -> Result<Vec<Event>, ModelError> {
    let key = &asset.asset;
    change_model(store, asset, at, |history| -> Result<_, ModelError> {
        let mut as_seen = history.clone();
        // The move is then one from what was seen, which the store refuses if that isn't where the alias is.
        match seen {
            Seen::Now => {}
            Seen::Version(Some(version)) => drop(as_seen.aliases.insert(in_use.clone(), version)),
            Seen::Version(None) => drop(as_seen.aliases.remove(in_use)),
        }
        match action {
            // These move no alias, so that the store doesn't compare.
            ModelAction::Reject(_) | ModelAction::Keep(_) if as_seen.at(in_use) != history.at(in_use) => {
                let last = history.moves.iter().rfind(|moved| moved.what.alias == *in_use);
                return Err(match last {
                    Some(last) => {
                        let (asset, first) = (asset.clone(), Box::new(last.what.clone()));
                        ModelError::Overtaken { asset, first }
                    }
                    None => OperationError::NoAlias { asset: key.clone(), alias: in_use.clone() }.into(),
                });
            }
            ModelAction::Promote(version) => as_seen.promote(key, in_use, *version, author),
            ModelAction::Reject(version) => history.reject(key, in_use, *version, author),
            ModelAction::Keep(version) => history.keep(key, in_use, *version, author),
            ModelAction::RollBack(to) => as_seen.roll_back(key, in_use, *to, author),
            ModelAction::SetAlias(alias, version) if alias == in_use => {
                as_seen.promote(key, in_use, *version, author)
            }
            ModelAction::SetAlias(alias, version) => history.set_alias(key, alias, *version, author),
            ModelAction::RemoveAlias(alias) => history.remove_alias(key, alias, author),
        }
        .map_err(ModelError::from)
    })
    .await
}

/// What is made now of a version, directly or through other assets: the assets and partitions into whose latest materialization it went, in
/// the order of the graph, as far as runs can make them again. Those that were made again since aren't among them. What was made from an
/// earlier value is, also if that value was made again.
///
/// # Errors
///
/// Those of the store.
pub async fn made_with(
    store: &dyn Store,
    graph: &AssetGraph,
    asset: &AssetPartition,
    version: VersionNumber,
    moment: &KeyMoment,
) -> Result<Vec<AssetPartition<AssetIndex>>, StorageError> {
    let Some(root) = graph.index(asset.asset.as_str()) else { return Ok(Vec::new()) };
    let made = store.version(asset, version).await?;
    let mut search =
        Descent { store, of: asset, version, made, below: BTreeSet::new(), known: HashMap::new() };
    let mut found = Vec::new();
    let mut reached = BTreeSet::from([root]);
    for (index, node) in graph.assets().iter_enumerated() {
        if !node.upstream.iter().any(|upstream| reached.contains(upstream)) {
            continue;
        }
        reached.insert(index);
        search.below.insert(node.spec.key.clone());
        for latest in store.latest(std::slice::from_ref(&node.spec.key)).await? {
            let Some(event) = latest.materialization else { continue };
            let partition = latest.partition.as_ref();
            let can_be_made = node.step.is_some() && graph.has_partition(index, partition, moment);
            if can_be_made && search.leads_to(event).await? {
                found.push(AssetPartition::new(index, latest.partition));
            }
        }
    }
    Ok(found)
}

/// Finds which materializations descend from a version.
struct Descent<'a> {
    store: &'a dyn Store,
    of: &'a AssetPartition,
    version: VersionNumber,
    /// The materialization of the version; `None` if its event was removed.
    made: Option<Event>,
    /// The assets downstream of it, so far: no others can descend from it.
    below: BTreeSet<AssetKey>,
    /// Whether materializations descend from it, by their sequence numbers.
    known: HashMap<u64, bool>,
}

impl Descent<'_> {
    /// Whether a materialization was made with the version, directly or through others. Each is made from earlier ones, along the graph.
    fn leads_to(&mut self, event: Event) -> BoxFuture<'_, Result<bool, StorageError>> {
        Box::pin(async move {
            if let Some(known) = self.known.get(&event.sequence) {
                return Ok(*known);
            }
            let inputs = event.body.provenance().map(|provenance| provenance.inputs.clone());
            let mut descends = false;
            for input in inputs.unwrap_or_default() {
                if input.upstream == *self.of {
                    descends = is_version(&input, Some(self.version), self.made.as_ref());
                } else if self.below.contains(&input.upstream.asset)
                    && let Some(made) = input_event(self.store, &event, &input).await?
                {
                    descends = self.leads_to(made).await?;
                }
                if descends {
                    break;
                }
            }
            self.known.insert(event.sequence, descends);
            Ok(descends)
        })
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whether an input was this version, which `made` materialized. Events of before versions were numbered name the data only.
pub fn is_version(input: &InputVersion, version: Option<VersionNumber>, made: Option<&Event>) -> bool {
    let made = made.and_then(
        |event| {
            if let EventBody::Materialized(made) = &event.body { Some(made) } else { None }
        },
    );
    match (input.version, version.or_else(|| made?.version)) {
        // What was made in shadow is no version, though its data may be that of one.
        _ if input.read_as.is_of_shadow() => false,
        (Some(newest), Some(version)) => match input.read_as {
            // What had been read before belongs to what was made then.
            ReadAs::History { after } => version <= newest && after.is_none_or(|after| version > after),
            ReadAs::Latest
            | ReadAs::Alias(_)
            | ReadAs::InputOf { .. }
            | ReadAs::InputOfChallenger { .. }
            | ReadAs::Shadow { .. } => version == newest,
        },
        (Some(_), None) => false,
        (None, _) => {
            input.data_version.is_some() && input.data_version.as_ref() == made.map(|made| &made.data_version)
        }
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::event::{Materialization, Mover, Provenance, StoredValue, ValueLocation};
    use millwork_core::{AssetDefinition, Definitions};

    use super::*;
    use crate::{EventLog as _, MemoryStore, RetentionStore as _};

    fn model() -> AssetPartition {
        AssetPartition::new("model".into(), None)
    }

    fn number(version: u32) -> VersionNumber {
        VersionNumber::new(version).unwrap()
    }

    /// Materializes a version of an asset from a version of another one.
    async fn make(store: &MemoryStore, asset: &str, version: u32, (input, of): (&str, u32)) {
        let input = InputVersion {
            upstream: AssetPartition::new(input.into(), None),
            data_version: Some("d".into()),
            version: Some(number(of)),
            read_as: Default::default(),
        };
        let stored =
            StoredValue { location: ValueLocation::Database, bytes: 1, format: "json".into(), hash: None };
        let body = EventBody::Materialized(Materialization {
            version: Some(number(version)),
            data_version: "d".into(),
            provenance: Provenance { inputs: vec![input], ..Provenance::reported() },
            stored,
            metadata: Default::default(),
        });
        let event = NewEvent {
            run: None,
            at: Timestamp::UNIX_EPOCH,
            step: None,
            asset: Some(asset.into()),
            partition: None,
            attempt: 0,
            body,
            value: None,
        };
        store.append(Batch { fence: None, events: vec![event] }).await.unwrap();
    }

    /// A store with three versions of the model.
    async fn store() -> MemoryStore {
        let store = MemoryStore::default();
        for version in 1..=3 {
            let stored = StoredValue {
                location: ValueLocation::Database,
                bytes: 1,
                format: "json".into(),
                hash: None,
            };
            let body = EventBody::Materialized(Materialization {
                version: Some(number(version)),
                data_version: format!("d{version}").as_str().into(),
                provenance: Provenance::reported(),
                stored,
                metadata: Default::default(),
            });
            let event = NewEvent {
                run: None,
                at: Timestamp::UNIX_EPOCH,
                step: None,
                asset: Some("model".into()),
                partition: None,
                attempt: 0,
                body,
                value: None,
            };
            store.append(Batch { fence: None, events: vec![event] }).await.unwrap();
        }
        store
    }

    /// What is in use after an action of `by`, or the error.
    async fn act(
        store: &MemoryStore,
        action: ModelAction,
        by: &str,
        seen: Seen,
    ) -> Result<Option<u32>, String> {
        let author = Author { by: Mover::Person(by.to_owned()), reason: String::new() };
        let champion = AliasName::champion();
        let acted =
            act_on_model(store, (&model(), &champion), &action, (&author, seen), Timestamp::UNIX_EPOCH).await;
        acted.map_err(|error| error.to_string())?;
        let history = model_history(store, &model()).await.unwrap();
        Ok(history.at(&champion).map(VersionNumber::get))
    }

    #[tokio::test]
    async fn of_two_that_saw_the_same_the_first_one_decides() {
        let store = store().await;
        let none = Seen::Version(None);
        assert_eq!(act(&store, ModelAction::Promote(number(1)), "ada", none).await, Ok(Some(1)));
        let late = act(&store, ModelAction::Promote(number(2)), "grace", none).await;
        assert_eq!(late, Err("`model` was changed meanwhile: champion: version none → 1 by ada".to_owned()));
        let first = Seen::Version(Some(number(1)));
        assert_eq!(act(&store, ModelAction::Promote(number(2)), "grace", first).await, Ok(Some(2)));
        let late = act(&store, ModelAction::RollBack(None), "ada", first).await;
        assert_eq!(late, Err("`model` was changed meanwhile: champion: version 1 → 2 by grace".to_owned()));
        // What is in use by now isn't rejected by somebody who doesn't know it.
        let rejected = act(&store, ModelAction::Reject(number(2)), "ada", first).await;
        assert_eq!(rejected, late);
        let rejected = act(&store, ModelAction::Reject(number(3)), "ada", first).await;
        assert_eq!(rejected, late, "what the decision is based on is another one by now");
        let rejected = act(&store, ModelAction::Reject(number(2)), "ada", Seen::Now).await;
        assert_eq!(rejected, Err("version 2 of `model` is in use".to_owned()));
        assert_eq!(act(&store, ModelAction::RollBack(None), "ada", Seen::Now).await, Ok(Some(1)));
    }

    #[tokio::test]
    async fn other_aliases_decide_nothing_about_a_version() {
        let store = store().await;
        let staging: AliasName = "staging".parse().unwrap();
        let set = ModelAction::SetAlias(staging.clone(), number(3));
        assert_eq!(act(&store, set, "ada", Seen::Now).await, Ok(None));
        let history = model_history(&store, &model()).await.unwrap();
        assert_eq!(
            (history.at(&staging), history.versions[&number(3)].decisions.len()),
            (Some(number(3)), 0)
        );
        assert_eq!(act(&store, ModelAction::RemoveAlias(staging), "ada", Seen::Now).await, Ok(None));
        let set = ModelAction::SetAlias(AliasName::champion(), number(3));
        assert_eq!(act(&store, set, "ada", Seen::Now).await, Ok(Some(3)));
        let reserved: AliasName = AliasName::SHADOW.parse().unwrap();
        let error = "the alias `shadow` can't be set: it is the role of what a version in shadow predicts";
        let set = act(&store, ModelAction::SetAlias(reserved, number(3)), "ada", Seen::Now).await;
        assert_eq!(set, Err(error.to_owned()));
    }

    /// `model` → `predictions` → `report`, made one by one: a report of the first model outlives the predictions that it was made from.
    #[tokio::test]
    async fn what_descends_from_a_version_is_found_through_values_of_before() {
        let asset = |key: &str, input: Option<&str>| {
            let definition = AssetDefinition::new(key).produces::<u8, _>();
            input.into_iter().fold(definition, AssetDefinition::input::<u8>).blocking(|_| Ok(0_u8))
        };
        let pipeline = Definitions::new()
            .asset(asset("model", None))
            .asset(asset("predictions", Some("model")))
            .asset(asset("report", Some("predictions")))
            .resolve()
            .unwrap();
        let store = store().await;
        let check = async |version, expected: &[&str]| {
            let found = made_with(&store, pipeline.graph(), &model(), number(version), &KeyMoment::default())
                .await
                .unwrap();
            let keys: Vec<_> = found.iter().map(|one| pipeline.graph().key(one.asset).as_str()).collect();
            assert_eq!(keys, expected, "version {version}");
        };
        make(&store, "predictions", 1, ("model", 1)).await;
        check(1, &["predictions"]).await;
        make(&store, "report", 1, ("predictions", 1)).await;
        check(1, &["predictions", "report"]).await;
        make(&store, "predictions", 2, ("model", 2)).await;
        check(1, &["report"]).await;
        check(2, &["predictions"]).await;
        make(&store, "report", 2, ("predictions", 2)).await;
        check(1, &[]).await;
        check(2, &["predictions", "report"]).await;
    }

    #[tokio::test]
    async fn a_version_without_its_value_does_not_come_into_use() {
        let store = store().await;
        store.forget_values(&[2]).await.unwrap();
        let promoted = act(&store, ModelAction::Promote(number(2)), "ada", Seen::Now).await;
        let message = "the value of version 2 of `model` was removed by a retention rule";
        assert_eq!(promoted, Err(message.to_owned()));
        assert_eq!(act(&store, ModelAction::Reject(number(2)), "ada", Seen::Now).await, Ok(None));
    }
}
