//! The versions that aliases mean to a run.
//!
//! What an alias points at when the run begins is pinned by an event, and stays in force for the whole run, also when it is resumed, whatever
//! happens to the alias meanwhile. Only a gate of the same run changes it: what follows the alias waits for the gate, and takes what the
//! gate decided. A gate itself isn't pinned to the version that it compares with: it judges against the one in use now.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use millwork_core::event::{AliasPinned, Event, EventBody, KindSet, NewEvent};
use millwork_core::graph::{AssetGraph, AssetIndex, StepKind};
use millwork_core::model::ModelHistory;
use millwork_core::plan::{Plan, PlannedInput, PlannedStep};
use millwork_core::run::RunId;
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, PartitionKey};
use millwork_storage::{EventQuery, StorageError, Store, input_event};

use super::StoredInput;

/// The versions that aliases mean to a run, and the versions that those were made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pins {
    by_reading: HashMap<Reading, StoredInput>,
    /// The versions in shadow, by the model and partition; `None` where there is none any more.
    in_shadow: HashMap<AssetPartition<AssetIndex>, Option<ShadowVersion>>,
}

/// A version in shadow, and the versions that it was made from: what is read in the place of the version in use.
#[derive(Clone, Debug)]
pub(crate) struct ShadowVersion {
    pub(crate) version: VersionNumber,
    by_reading: HashMap<Reading, StoredInput>,
}

impl ShadowVersion {
    /// The version that is meant; `None` if there is none.
    pub(crate) fn get(&self, input: &PlannedInput, of: &AssetPartition<AssetIndex>) -> Option<&StoredInput> {
        self.by_reading.get(&reading(input, of))
    }
}

/// An asset or partition, the partition of the model through whose version it is read, and which version is read.
type Reading = (AssetPartition<AssetIndex>, Option<PartitionKey>, ReadAs);

fn reading(input: &PlannedInput, of: &AssetPartition<AssetIndex>) -> Reading {
    (of.clone(), input.through.clone(), input.read_as.clone())
}

/// An alias of an asset or partition.
type AliasOf = (AssetPartition<AssetIndex>, AliasName);

impl Pins {
    /// The version that is meant; `None` if there is none.
    pub(crate) fn get(&self, input: &PlannedInput, of: &AssetPartition<AssetIndex>) -> Option<&StoredInput> {
        self.by_reading.get(&reading(input, of))
    }

    /// What is known of the version in shadow of a model or partition; `None` if nothing is.
    pub(crate) fn in_shadow(&self, model: &AssetPartition<AssetIndex>) -> Option<&Option<ShadowVersion>> {
        self.in_shadow.get(model)
    }

    /// Takes over what another one has, which came later.
    pub(crate) fn take_over(&mut self, later: Self) {
        self.by_reading.extend(later.by_reading);
        self.in_shadow.extend(later.in_shadow);
    }

    /// The versions that the aliases of a plan mean to a run that has recorded `events` so far, and the events that pin those which weren't
    /// pinned yet.
    pub(crate) async fn of_run(
        store: &dyn Store,
        graph: &AssetGraph,
        plan: &Plan,
        (run, at): (RunId, Timestamp),
        events: &[Event],
    ) -> Result<(Self, Vec<NewEvent>), StorageError> {
        let wanted = aliases_of(graph, plan);
        let mut pins = Self::default();
        if wanted.is_empty() {
            return Ok((pins, Vec::new()));
        }
        let mut versions = recorded(graph, events);
        let mut new = Vec::new();
        if wanted.iter().any(|alias| !versions.contains_key(alias)) {
            let keys: BTreeSet<AssetKey> = wanted.iter().map(|(of, _)| graph.key(of.asset).clone()).collect();
            let keys: Vec<AssetKey> = keys.into_iter().collect();
            let now: HashMap<_, _> = store
                .aliases(&keys)
                .await?
                .into_iter()
                .map(|alias| ((alias.asset, alias.alias), alias.version))
                .collect();
            for (of, alias) in
                wanted.iter().filter(|alias| !versions.contains_key(alias)).cloned().collect::<Vec<_>>()
            {
                let AssetPartition { asset, partition } = of.by_key(graph);
                let version = now.get(&(of.by_key(graph), alias.clone())).copied();
                let body = EventBody::AliasPinned(AliasPinned { alias: alias.clone(), version });
                new.push(NewEvent { asset: Some(asset), partition, ..NewEvent::of_run(run, at, body) });
                versions.insert((of, alias), version);
            }
        }
        for (of, alias) in wanted {
            if let Some(version) = versions.get(&(of.clone(), alias.clone())).copied().flatten() {
                let event = version_event(store, &of.by_key(graph), version).await?;
                pins.take_over(Self::of_version(store, graph, plan, (of, alias), event).await?);
            }
        }
        for model in models_in_shadow(graph, plan) {
            pins.take_over(Self::of_shadow(store, graph, plan, model).await?);
        }
        Ok((pins, new))
    }

    /// The version of a model that is in shadow now. It isn't pinned by an event: a resumed run calls what is in shadow by then.
    pub(crate) async fn of_shadow(
        store: &dyn Store,
        graph: &AssetGraph,
        plan: &Plan,
        model: AssetPartition<AssetIndex>,
    ) -> Result<Self, StorageError> {
        let key = model.by_key(graph);
        let query = EventQuery {
            asset: Some(key.asset.clone()),
            partition: Some(key.partition.clone()),
            kinds: Some(KindSet::VERSIONS),
            ..EventQuery::default()
        };
        let history = ModelHistory::of(store.events(query).await?);
        let alias = graph.alias_in_use(model.asset);
        let mut found = None;
        if let Some((version, _)) = history.in_shadow(&alias)
            && let Some(event) = store.version(&key, version).await?
        {
            let of_version = Self::of_version(store, graph, plan, (model.clone(), alias), event).await?;
            found = Some(ShadowVersion { version, by_reading: of_version.by_reading });
        }
        Ok(Self { in_shadow: HashMap::from([(model, found)]), ..Self::default() })
    }

    /// What follows for a plan from an alias that points at a version: that version, and those that it was made from.
    pub(crate) async fn of_version(
        store: &dyn Store,
        graph: &AssetGraph,
        plan: &Plan,
        (of, alias): AliasOf,
        event: Event,
    ) -> Result<Self, StorageError> {
        let mut by_reading = HashMap::new();
        let model_key = graph.key(of.asset);
        let read_as = ReadAs::InputOf { model: model_key.clone(), alias: alias.clone() };
        let inputs = plan.steps.iter().flat_map(|step| &step.inputs).filter(|input| input.read_as == read_as);
        let wanted: BTreeSet<AssetPartition<AssetIndex>> = inputs
            .filter(|input| input.through == of.partition)
            .flat_map(PlannedInput::asset_partitions)
            .collect();
        for upstream in wanted {
            let key = upstream.by_key(graph);
            let provenance = event.body.provenance();
            let mut made_from = provenance.iter().flat_map(|provenance| &provenance.inputs);
            let Some(input) = made_from.find(|input| input.upstream == key && !input.read_as.is_of_shadow())
            else {
                continue;
            };
            if let Some(found) = input_event(store, &event, input).await? {
                by_reading.insert((upstream, of.partition.clone(), read_as.clone()), StoredInput::new(found));
            }
        }
        by_reading.insert((of, None, ReadAs::Alias(alias)), StoredInput::new(event));
        Ok(Self { by_reading, in_shadow: HashMap::new() })
    }
}

/// The materialization of a version that an alias points at. Retention keeps it.
pub(crate) async fn version_event(
    store: &dyn Store,
    asset: &AssetPartition,
    version: VersionNumber,
) -> Result<Event, StorageError> {
    let found = store.version(asset, version).await?;
    found.ok_or_else(|| StorageError::UnknownVersion { asset: asset.clone(), version })
}

/// The aliases that the steps of a plan follow. A gate reads that of its own asset when it judges.
fn aliases_of(graph: &AssetGraph, plan: &Plan) -> BTreeSet<AliasOf> {
    let mut aliases = BTreeSet::new();
    for step in &plan.steps {
        for input in step.inputs.iter().filter(|input| !is_compared(graph, step, input)) {
            match &input.read_as {
                ReadAs::Latest
                | ReadAs::History { .. }
                | ReadAs::Shadow { .. }
                | ReadAs::InputOfChallenger { .. } => {}
                ReadAs::Alias(alias) => {
                    aliases.extend(input.asset_partitions().map(|of| (of, alias.clone())));
                }
                ReadAs::InputOf { model, alias } => {
                    let model = graph.index(model.as_str());
                    let of = model.map(|model| AssetPartition::new(model, input.through.clone()));
                    aliases.extend(of.map(|of| (of, alias.clone())));
                }
            }
        }
    }
    aliases
}

/// The models, and their partitions, whose versions in shadow the steps of a plan are called with.
fn models_in_shadow(graph: &AssetGraph, plan: &Plan) -> BTreeSet<AssetPartition<AssetIndex>> {
    let mut models = BTreeSet::new();
    for step in &plan.steps {
        for model in graph.outputs(step.step).iter().flat_map(|output| graph.shadow_models(*output)) {
            let read_as = ReadAs::Alias(graph.alias_in_use(model));
            let inputs = step.inputs.iter();
            let read = inputs.filter(|input| input.asset == model && input.read_as == read_as);
            models.extend(read.flat_map(PlannedInput::asset_partitions));
        }
    }
    models
}

/// Whether an input of a gate is of the versions that it compares, which it reads when it judges.
pub(crate) fn is_compared(graph: &AssetGraph, step: &PlannedStep, input: &PlannedInput) -> bool {
    match &graph.steps()[step.step].kind {
        StepKind::Gate { definition, .. } => definition.compares_as(graph.key(input.asset), &input.read_as),
        StepKind::Assets { .. } | StepKind::Check { .. } => false,
    }
}

/// What earlier executions of a run have pinned, and what its gates have decided since.
fn recorded(graph: &AssetGraph, events: &[Event]) -> HashMap<AliasOf, Option<VersionNumber>> {
    let mut versions = HashMap::new();
    for event in events {
        let Some(of) = event.asset_partition().and_then(|asset| asset.by_index(graph)) else { continue };
        if let EventBody::AliasPinned(pinned) = &event.body {
            versions.insert((of, pinned.alias.clone()), pinned.version);
        } else if let EventBody::VersionJudged(judged) = &event.body {
            // What follows the alias goes on with the version that the gate compared with.
            let alias = graph.gate(of.asset).map(|gate| gate.alias.clone());
            versions.extend(alias.map(|alias| ((of, alias), judged.against)));
        } else if let EventBody::AliasMoved(moved) = &event.body {
            versions.insert((of, moved.alias.clone()), moved.to);
        }
    }
    versions
}
