//! Backtests: a gate's own function judges stored versions, outside of a run.
//!
//! Each version is the challenger once, against the version in use now and on the data that is stored now, so that all of them are measured
//! by one yardstick. Nothing follows from the verdicts. A version that can't be loaded, or at which the function fails, is reported as
//! such, and the others are judged all the same.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use jiff::Timestamp;
use millwork_core::advice::one_line_of;
use millwork_core::event::{
    BacktestOutcome, BacktestedVersion, Event, InputVersion, Provenance, VersionsBacktested,
};
use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet, StepKind};
use millwork_core::plan::{Plan, PlanError, PlannedStep};
use millwork_core::run::{Failure, FailureKind, RunId};
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{
    Absent, Advice, Answer, AssetKey, AssetPartition, Computation, ErrorClass, GateDefinition, InputValue,
    Pipeline, SharedValue, StepContext, StepContextBuilder, StepFunction, StepResult, StoredVersion, Verdict,
};
use millwork_storage::{StorageError, Store, input_event};
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::task::spawn_blocking;

use crate::logs::{catch_panic, panicked};
use crate::runs::{Pins, StoredInput, StoredInputs, version_event};
use crate::steps::stored_version;
use crate::values::{ValueError, Values};

/// Why versions can't be judged.
#[derive(Debug, Error)]
pub enum BacktestError {
    /// The asset has no gate.
    #[error("no gate judges `{asset}`")]
    NoGate {
        /// The key of the asset.
        asset: AssetKey,
    },
    /// The asset or partition isn't one that runs make.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// What the gate judges on isn't there.
    #[error("gate `{gate}` takes {input}, which has no value")]
    NoInput {
        /// The name of the gate.
        gate: String,
        /// The asset, and its partition.
        input: String,
    },
    /// What the gate judges on can't be loaded.
    #[error("failed to load what gate `{gate}` judges on")]
    Input {
        /// The name of the gate.
        gate: String,
        /// The reason.
        source: ValueError,
    },
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StorageError),
}

impl Advice for BacktestError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::NoGate { .. } => Some("`models list` shows which models have a gate".into()),
            Self::Plan(error) => error.hint(),
            Self::NoInput { .. } => Some("materialize it first".into()),
            Self::Input { source, .. } => source.hint(),
            Self::Store(error) => error.hint(),
        }
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::NoGate { .. } | Self::NoInput { .. } => ErrorClass::Usage,
            Self::Plan(error) => error.class(),
            Self::Input { source, .. } => source.class(),
            Self::Store(error) => error.class(),
        }
    }
}

/// What is the same for all versions that are judged.
struct Judging<'a> {
    gate: &'a GateDefinition,
    asset: AssetIndex,
    pipeline: &'a Pipeline,
    /// The stored values that the gate takes beside the challenger.
    inputs: Vec<(AssetKey, InputValue)>,
    /// The versions that it reads by aliases, the one in use among them.
    versions: HashMap<(AssetKey, ReadAs), StoredVersion>,
    /// What it takes of that each version was made from.
    of_challenger: Vec<AssetPartition<AssetIndex>>,
    config: Value,
    partition: Option<millwork_core::PartitionKey>,
}

/// Judges these versions of an asset or partition, in this order. `config` is the configuration by step.
pub(crate) async fn backtest(
    (pipeline, store, values): (&Pipeline, &dyn Store, &Values),
    of: &AssetPartition<AssetIndex>,
    versions: &[VersionNumber],
    config: &Value,
) -> Result<VersionsBacktested, BacktestError> {
    let graph = pipeline.graph();
    let key = of.by_key(graph);
    let no_gate = || BacktestError::NoGate { asset: key.asset.clone() };
    let gate = graph.gate(of.asset).ok_or_else(no_gate)?;
    let plan = Plan::new(graph, &AssetSet::from([of.asset]), of.partition.as_ref())?;
    let is_gate = |step: &&PlannedStep| {
        matches!(graph.steps()[step.step].kind, StepKind::Gate { asset, .. } if asset == of.asset)
            && step.partition == of.partition
    };
    let planned = plan.steps.iter().find(is_gate).ok_or_else(no_gate)?;

    let reading = (store, values);
    let aliases = store.aliases(std::slice::from_ref(&key.asset)).await?;
    let champion = aliases.into_iter().find(|alias| alias.asset == key && alias.alias == gate.alias);
    let champion = match champion {
        Some(alias) => Some((alias.version, version_event(store, &key, alias.version).await?)),
        None => None,
    };
    let against = champion.as_ref().map(|(version, _)| *version);
    let champion = champion.map(|(_, event)| event);
    let (judging, inputs) = gather(reading, pipeline, gate, (of, &plan, planned), champion, config).await?;
    let mut judged = Vec::with_capacity(versions.len());
    for version in versions {
        judged.push(judging.judge(store, values, &key, *version).await?);
    }
    let provenance = Provenance { code_version: gate.computation.code_version.clone(), inputs, config: None };
    Ok(VersionsBacktested { gate: gate.name.clone(), against, versions: judged, provenance })
}

/// Loads what the gate takes beside the challenger.
async fn gather<'a>(
    (store, values): (&dyn Store, &Values),
    pipeline: &'a Pipeline,
    gate: &'a GateDefinition,
    (of, plan, planned): (&AssetPartition<AssetIndex>, &Plan, &PlannedStep),
    champion: Option<Event>,
    config: &Value,
) -> Result<(Judging<'a>, Vec<InputVersion>), BacktestError> {
    let graph = pipeline.graph();
    let no_run = RunId::from_u128(0);
    let taken: BTreeSet<AssetIndex> = planned.inputs.iter().map(|input| input.asset).collect();
    let stored = StoredInputs::pin(store, graph, no_run, &taken).await?;
    let (mut pins, _) = Pins::of_run(store, graph, plan, (no_run, Timestamp::UNIX_EPOCH), &[]).await?;
    if let Some(champion) = champion {
        pins.take_over(
            Pins::of_version(store, graph, plan, (of.clone(), gate.alias.clone()), champion).await?,
        );
    }
    let failed = |source| BacktestError::Input { gate: gate.name.clone(), source };
    let no_input = |input: &AssetPartition<AssetIndex>| BacktestError::NoInput {
        gate: gate.name.clone(),
        input: input.by_key(graph).quoted(),
    };
    let (mut inputs, mut versions, mut recorded) = (Vec::new(), HashMap::new(), Vec::new());
    let mut of_challenger = Vec::new();
    for input in &planned.inputs {
        if let ReadAs::InputOfChallenger { .. } = input.read_as {
            of_challenger.extend(input.asset_partitions());
            continue;
        }
        if input.asset == of.asset && !input.read_as.follows_alias() {
            continue;
        }
        let key = graph.key(input.asset);
        let mut loaded = Vec::new();
        for of_input in input.asset_partitions() {
            let found = match input.read_as.follows_alias() {
                true => pins.get(&of_input, &input.read_as),
                false => stored.get(&of_input),
            };
            recorded.push(InputVersion {
                upstream: of_input.by_key(graph),
                data_version: found.and_then(StoredInput::data_version).cloned(),
                version: found.and_then(StoredInput::version),
                read_as: input.read_as.clone(),
            });
            match found {
                Some(found) if input.loads => {
                    let value = load(values, graph, input.asset, &found.event).await.map_err(failed)?;
                    loaded.push((of_input.partition, found.event.clone(), value));
                }
                Some(_) => {}
                None if input.read_as.follows_alias() && input.absent == Absent::IsNone => {}
                None => return Err(no_input(&of_input)),
            }
        }
        if input.read_as.follows_alias() {
            let version = loaded.pop().and_then(|(_, event, value)| stored_version(&event, value));
            versions.extend(version.map(|version| ((key.clone(), input.read_as.clone()), version)));
        } else if input.gathered {
            let by_key = loaded.into_iter().filter_map(|(partition, _, value)| Some((partition?, value)));
            inputs.push((key.clone(), InputValue::Partitions(by_key.collect::<BTreeMap<_, _>>())));
        } else if let Some((_, _, value)) = loaded.pop() {
            inputs.push((key.clone(), InputValue::One(value)));
        }
    }
    let step = graph.steps()[planned.step].key.as_str();
    let config = config.get(step).cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let (asset, partition) = (of.asset, of.partition.clone());
    let judging = Judging { gate, asset, pipeline, inputs, versions, of_challenger, config, partition };
    Ok((judging, recorded))
}

impl Judging<'_> {
    async fn judge(
        &self,
        store: &dyn Store,
        values: &Values,
        key: &AssetPartition,
        version: VersionNumber,
    ) -> Result<BacktestedVersion, StorageError> {
        let without = |outcome, reason| BacktestedVersion { version, outcome, reason, metadata: [].into() };
        let Some(event) = store.version(key, version).await? else {
            let reason = "the event of the version was removed".to_owned();
            return Ok(without(BacktestOutcome::ValueRemoved, reason));
        };
        let graph = self.pipeline.graph();
        let value = match load(values, graph, self.asset, &event).await {
            Ok(value) => value,
            Err(error @ ValueError::Removed { .. }) => {
                return Ok(without(BacktestOutcome::ValueRemoved, error.to_string()));
            }
            Err(error) => return Ok(without(BacktestOutcome::Failed, one_line_of(&error))),
        };
        let Some(challenger) = stored_version(&event, value.clone()) else {
            return Ok(without(BacktestOutcome::Failed, "the event of the version can't be read".to_owned()));
        };
        let mut builder = self.context(value, challenger);
        for input in &self.of_challenger {
            let found = match made_from(store, graph, &event, input).await? {
                Some(made) => load(values, graph, input.asset, &made).await.map(|value| (made, value)),
                None => continue,
            };
            match found {
                Ok((made, value)) => {
                    let read_as = ReadAs::InputOfChallenger { model: key.asset.clone() };
                    if let Some(version) = stored_version(&made, value) {
                        builder = builder.version(graph.key(input.asset).clone(), read_as, version);
                    }
                }
                Err(error) => return Ok(without(BacktestOutcome::Failed, one_line_of(&error))),
            }
        }
        Ok(match call(&self.gate.computation, builder.build()).await {
            Ok(Verdict { answer, reason, metadata }) => BacktestedVersion {
                version,
                outcome: match answer {
                    Answer::Decided(decision) => BacktestOutcome::Judged { decision },
                    Answer::Ask(question) => BacktestOutcome::Asked { of: question.of },
                },
                reason,
                metadata: metadata.into_iter().filter(|(_, value)| value.as_f64().is_some()).collect(),
            },
            Err(failure) => without(BacktestOutcome::Failed, failure.to_string()),
        })
    }

    /// The context of the gate's function for one challenger. What it logs is dropped.
    fn context(&self, value: SharedValue, challenger: StoredVersion) -> StepContextBuilder {
        let graph = self.pipeline.graph();
        let key = graph.key(self.asset).clone();
        let step = millwork_core::run::StepKey::of_check(&key, &self.gate.name);
        let mut builder = StepContext::builder(step)
            .partition(self.partition.clone())
            .config(self.config.clone())
            .resources(self.pipeline.resources().clone())
            .input(key.clone(), InputValue::One(value))
            .version(key, ReadAs::Latest, challenger);
        for (asset, value) in &self.inputs {
            builder = builder.input(asset.clone(), value.clone());
        }
        for ((asset, read_as), version) in &self.versions {
            builder = builder.version(asset.clone(), read_as.clone(), version.clone());
        }
        builder
    }
}

/// The version of an asset that a version was made from; `None` if it wasn't, or if the event was removed.
async fn made_from(
    store: &dyn Store,
    graph: &AssetGraph,
    made: &Event,
    input: &AssetPartition<AssetIndex>,
) -> Result<Option<Event>, StorageError> {
    let key = input.by_key(graph);
    let provenance = made.body.provenance();
    let mut inputs = provenance.iter().flat_map(|provenance| &provenance.inputs);
    match inputs.find(|input| input.upstream == key) {
        Some(input) => input_event(store, made, input).await,
        None => Ok(None),
    }
}

async fn load(
    values: &Values,
    graph: &AssetGraph,
    asset: AssetIndex,
    event: &Event,
) -> Result<SharedValue, ValueError> {
    let spec = &graph.assets()[asset].spec;
    let value_type = spec.value_type.ok_or_else(|| ValueError::NoValue { asset: spec.key.clone() })?;
    values.load(event, value_type).await
}

/// Calls a gate's function, within its time limit.
async fn call(computation: &Computation, context: StepContext) -> Result<Verdict, Failure> {
    let called = async {
        match computation.function.clone() {
            StepFunction::Blocking(function) => spawn_blocking(move || catch_panic(|| function(context)))
                .await
                .unwrap_or_else(|error| Err(Failure::of_error(FailureKind::Panic, &error))),
            StepFunction::Async(function) => AssertUnwindSafe(async move { function(context).await })
                .catch_unwind()
                .await
                .map_err(|payload| panicked(&*payload)),
        }
    };
    let returned = match computation.timeout {
        Some(timeout) => match tokio::time::timeout(timeout, called).await {
            Ok(returned) => returned,
            Err(_) => {
                let message = format!("the function took longer than {timeout:?}");
                return Err(Failure::new(FailureKind::Timeout, message));
            }
        },
        None => called.await,
    };
    match returned? {
        Ok(StepResult::Gate(verdict)) => Ok(verdict),
        Ok(StepResult::Assets(_) | StepResult::Check(_)) => {
            Err(Failure::new(FailureKind::Output, "the function of the gate returned no verdict"))
        }
        Err(error) => Err(Failure::of_error(FailureKind::Error, &*error)),
    }
}
