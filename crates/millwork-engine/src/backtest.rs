//! Backtests: a gate's own function judges stored versions, outside of a run.
//!
//! Each version is the challenger once, against the version in use now and on the data that is stored now, so that all of them are measured
//! by one yardstick. Nothing follows from the verdicts. A version that can't be loaded, or at which the function fails, is reported as
//! such, and the others are judged all the same.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use jiff::Timestamp;
use millwork_core::advice::one_line_of;
use millwork_core::event::{
    BacktestOutcome, BacktestedVersion, InputVersion, Provenance, VersionsBacktested,
};
use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet, StepKind};
use millwork_core::param::ConfigErrors;
use millwork_core::plan::{Plan, PlanError, PlannedInput, PlannedStep};
use millwork_core::run::{Failure, FailureKind, RunId};
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{
    Absent, Advice, Answer, AssetKey, AssetPartition, Computation, ErrorClass, GateDefinition, InputValue,
    KeyMoment, Pipeline, SharedValue, StepContext, StepFunction, StepResult, StoredHistory, StoredShadow,
    StoredVersion, UnrecordableConfig, Verdict,
};
use millwork_storage::{StorageError, Store};
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::task::spawn_blocking;

use crate::logs::{catch_panic, panicked};
use crate::runs::{Pins, StoredInput, StoredInputs, is_compared};
use crate::steps::{Contest, stored_version};
use crate::values::{LoggedHistory, ValueError, Values, history_of, made_in_shadow, newest_materialization};

/// Why versions can't be judged.
#[derive(Debug, Error)]
pub enum BacktestError {
    /// The asset has no gate.
    #[error("no gate judges `{asset}`")]
    NoGate {
        /// The key of the asset.
        asset: AssetKey,
    },
    /// The asset or partition has no versions.
    #[error("{of} has no versions to judge")]
    NoVersions {
        /// The asset and the partition.
        of: String,
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
        source: Box<ValueError>,
    },
    /// The configuration doesn't fit.
    #[error(transparent)]
    InvalidConfig(#[from] ConfigErrors),
    /// The configuration of the gate can't be recorded.
    #[error(transparent)]
    Config(#[from] UnrecordableConfig),
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StorageError),
}

impl Advice for BacktestError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::NoGate { .. } => Some("`models list` shows which models have a gate".into()),
            Self::Plan(error) => error.hint(),
            Self::InvalidConfig(error) => error.hint(),
            Self::Config(error) => error.hint(),
            Self::NoVersions { .. } | Self::NoInput { .. } => Some("materialize it first".into()),
            Self::Input { source, .. } => source.hint(),
            Self::Store(error) => error.hint(),
        }
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::NoGate { .. } | Self::NoVersions { .. } | Self::NoInput { .. } => ErrorClass::Usage,
            Self::Plan(error) => error.class(),
            Self::InvalidConfig(error) => error.class(),
            Self::Config(error) => error.class(),
            Self::Input { source, .. } => source.class(),
            Self::Store(error) => error.class(),
        }
    }
}

/// What is the same for all versions that are judged.
pub(crate) struct Judging<'a> {
    pub(crate) gate: &'a GateDefinition,
    of: AssetPartition<AssetIndex>,
    planned: &'a PlannedStep,
    pipeline: &'a Pipeline,
    store: &'a Arc<dyn Store>,
    values: &'a Values,
    champion: Option<StoredInput>,
    /// The stored values that the gate takes beside the versions that it compares.
    inputs: Vec<(AssetKey, InputValue)>,
    /// The versions of other models that it reads by their aliases.
    versions: Vec<(AssetKey, ReadAs, StoredVersion)>,
    /// The histories that it reads, all of which is new to it.
    histories: Vec<(AssetKey, StoredHistory)>,
    /// What it reads of what was made in shadow, all of it.
    shadows: Vec<(AssetKey, StoredShadow)>,
    /// The last values of the assets that it takes without waiting for them.
    previous: Vec<(AssetKey, StoredVersion)>,
    config: Value,
    /// The time that the gate is given as that of its step; `None` for the time when the challenger was made.
    now: Option<Timestamp>,
    /// The gate's code and configuration, and what it is given beside the versions that it compares.
    pub(crate) provenance: Provenance,
}

/// Judges these versions of an asset or partition, in this order. `config` is the configuration by step.
pub(crate) async fn backtest(
    (pipeline, store, values): (&Pipeline, &Arc<dyn Store>, &Values),
    of: &AssetPartition<AssetIndex>,
    versions: &[VersionNumber],
    (config, moment): (&Value, &KeyMoment),
) -> Result<VersionsBacktested, BacktestError> {
    let plan = plan_of_gate(pipeline, of, moment)?;
    let judging = Judging::prepare((pipeline, store, values), of, &plan, (config, None)).await?;
    let key = of.by_key(pipeline.graph());
    let mut judged = Vec::with_capacity(versions.len());
    for version in versions {
        judged.push(judging.judge(&key, *version).await?);
    }
    let against = judging.champion.as_ref().and_then(StoredInput::version);
    let gate = judging.gate.name.clone();
    Ok(VersionsBacktested { gate, against, versions: judged, provenance: judging.provenance })
}

/// The plan that makes an asset or partition and has its gate judge it.
pub(crate) fn plan_of_gate(
    pipeline: &Pipeline,
    of: &AssetPartition<AssetIndex>,
    moment: &KeyMoment,
) -> Result<Plan, BacktestError> {
    let graph = pipeline.graph();
    if graph.gate(of.asset).is_none() {
        return Err(BacktestError::NoGate { asset: graph.key(of.asset).clone() });
    }
    Ok(Plan::new(graph, &AssetSet::from([of.asset]), of.partition.as_slice(), moment)?)
}

impl<'a> Judging<'a> {
    /// Loads what the gate of an asset or partition judges on. `config` is the configuration by step.
    pub(crate) async fn prepare(
        (pipeline, store, values): (&'a Pipeline, &'a Arc<dyn Store>, &'a Values),
        of: &AssetPartition<AssetIndex>,
        plan: &'a Plan,
        (config, now): (&Value, Option<Timestamp>),
    ) -> Result<Self, BacktestError> {
        let graph = pipeline.graph();
        let key = of.by_key(graph);
        let no_gate = || BacktestError::NoGate { asset: key.asset.clone() };
        let gate = graph.gate(of.asset).ok_or_else(no_gate)?;
        let is_gate = |step: &&PlannedStep| {
            matches!(graph.steps()[step.step].kind, StepKind::Gate { asset, .. } if asset == of.asset)
                && step.partition == of.partition
        };
        let planned = plan.steps.iter().find(is_gate).ok_or_else(no_gate)?;
        let champion = Contest::champion(&**store, &key, &gate.alias).await?;
        let step = &graph.steps()[planned.step];
        pipeline.check_config(config, [step.key.as_str()])?;
        let own = config.get(step.key.as_str());
        let config = step.config.as_ref().map(|standing| standing.with(own)).or_else(|| own.cloned());
        let recorded = match &step.config {
            Some(standing) => standing.recorded(step.key.as_str(), own)?,
            None => None,
        };
        let provenance = Provenance {
            code_version: gate.computation.code_version.clone(),
            inputs: Vec::new(),
            config: recorded.map(Arc::new),
        };
        let mut judging = Self {
            gate,
            of: of.clone(),
            planned,
            pipeline,
            store,
            values,
            champion,
            inputs: Vec::new(),
            versions: Vec::new(),
            histories: Vec::new(),
            shadows: Vec::new(),
            previous: Vec::new(),
            config: config.unwrap_or_else(|| Value::Object(Map::new())),
            now,
            provenance,
        };
        judging.provenance.inputs = judging.gather(plan).await?;
        judging.previous = judging.gather_previous().await?;
        Ok(judging)
    }

    /// The versions of all inputs of the gate, those that a contest is about first.
    pub(crate) fn all_inputs(&self, contest: &Contest) -> Vec<InputVersion> {
        let graph = self.pipeline.graph();
        let is_compared = |input: &&PlannedInput| {
            let is_challenger = input.asset == self.of.asset && input.read_as == ReadAs::Latest;
            is_challenger || is_compared(graph, self.planned, input)
        };
        let compared = self.planned.inputs.iter().filter(is_compared).flat_map(|input| {
            input.asset_partitions().map(|of| InputVersion {
                upstream: of.by_key(graph),
                data_version: None,
                version: None,
                read_as: input.read_as.clone(),
            })
        });
        let mut inputs = contest.complete(graph, &self.of.by_key(graph), compared.collect());
        inputs.extend(self.provenance.inputs.iter().cloned());
        inputs
    }
}

impl Judging<'_> {
    /// Loads what the gate takes beside the versions that it compares, and returns the versions of that.
    async fn gather(&mut self, plan: &Plan) -> Result<Vec<InputVersion>, BacktestError> {
        let (graph, gate) = (self.pipeline.graph(), &self.gate.name);
        let no_run = RunId::from_u128(0);
        let taken: BTreeSet<_> = self.planned.input_partitions().collect();
        let stored = StoredInputs::pin(&**self.store, graph, no_run, &taken).await?;
        let at = (no_run, Timestamp::UNIX_EPOCH);
        let (pins, _) = Pins::of_run(&**self.store, graph, plan, at, &[]).await?;
        let mut recorded = Vec::new();
        for input in &self.planned.inputs {
            let is_challenger = input.asset == self.of.asset && input.read_as == ReadAs::Latest;
            if is_challenger || is_compared(graph, self.planned, input) {
                continue;
            }
            let mut loaded = Vec::new();
            for of_input in input.asset_partitions() {
                let found = match input.read_as.follows_alias() {
                    true => pins.get(input, &of_input),
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
                        let value = load(self.values, graph, input.asset, found).await;
                        let value = value.map_err(|source| BacktestError::Input {
                            gate: gate.clone(),
                            source: Box::new(source),
                        })?;
                        loaded.push((of_input.partition, found.event.clone(), value));
                    }
                    Some(_) => {}
                    None if input.absent == Absent::IsNone => {}
                    None => {
                        let input = of_input.by_key(graph).quoted();
                        return Err(BacktestError::NoInput { gate: gate.clone(), input });
                    }
                }
            }
            let key = graph.key(input.asset).clone();
            if input.read_as.follows_alias() {
                let version = loaded.pop().and_then(|(_, event, value)| stored_version(&event, value));
                self.versions.extend(version.map(|version| (key, input.read_as.clone(), version)));
            } else if input.gathered {
                let by_key = loaded.into_iter().filter_map(|(partition, _, value)| Some((partition?, value)));
                self.inputs.push((key, InputValue::Partitions(by_key.collect::<BTreeMap<_, _>>())));
            } else if let Some((_, _, value)) = loaded.pop() {
                self.inputs.push((key, InputValue::One(value)));
            }
        }
        recorded.extend(self.gather_histories().await?);
        recorded.extend(self.gather_shadows().await?);
        Ok(recorded)
    }

    /// Reads how far the histories go that the gate takes, and returns their newest versions.
    async fn gather_histories(&mut self) -> Result<Vec<InputVersion>, BacktestError> {
        let (graph, gate) = (self.pipeline.graph(), &self.gate.name);
        let unusable = |source| BacktestError::Input { gate: gate.clone(), source: Box::new(source) };
        let mut recorded = Vec::new();
        for wanted in &self.planned.histories {
            let (asset, value_type) = history_of(graph, wanted).map_err(unusable)?;
            let newest = newest_materialization(&**self.store, &asset, None).await?;
            let from = (self.store.clone(), self.values.clone());
            let read = LoggedHistory::read(from, asset, value_type, newest, None).await.map_err(unusable)?;
            recorded.push(read.read);
            self.histories.push((graph.key(wanted.asset).clone(), read.stored));
        }
        Ok(recorded)
    }

    /// Reads what was made in shadow of the assets of which the gate takes it, and returns how far that goes.
    async fn gather_shadows(&mut self) -> Result<Vec<InputVersion>, BacktestError> {
        let (graph, gate) = (self.pipeline.graph(), &self.gate.name);
        let unusable = |source| BacktestError::Input { gate: gate.clone(), source: Box::new(source) };
        let mut recorded = Vec::new();
        for wanted in &self.planned.shadows {
            let (asset, value_type) = history_of(graph, wanted).map_err(unusable)?;
            let from = (self.store.clone(), self.values.clone());
            let read = made_in_shadow(from, asset, value_type, (0, None)).await.map_err(unusable)?;
            recorded.push(read.read);
            self.shadows.push((graph.key(wanted.asset).clone(), read.stored));
        }
        Ok(recorded)
    }

    /// Loads the last values of the assets that the gate takes as previous ones; what has none is left out.
    async fn gather_previous(&self) -> Result<Vec<(AssetKey, StoredVersion)>, BacktestError> {
        let (graph, gate) = (self.pipeline.graph(), self.gate);
        let wanted = &gate.computation.requirements.previous;
        let assets: BTreeSet<AssetIndex> =
            wanted.iter().filter_map(|key| graph.index(key.as_str())).collect();
        let of = |asset: &AssetIndex| {
            AssetPartition::new(*asset, graph.partitions(*asset).and(self.of.partition.clone()))
        };
        let read = assets.iter().map(of).collect();
        let stored = StoredInputs::pin(&**self.store, graph, RunId::from_u128(0), &read).await?;
        let mut previous = Vec::new();
        for asset in assets {
            let partition = graph.partitions(asset).and(self.of.partition.clone());
            let Some(found) = stored.get(&AssetPartition::new(asset, partition)) else { continue };
            let value = match load(self.values, graph, asset, found).await {
                Ok(value) => value,
                // Its type has changed: a step would be given none either.
                Err(ValueError::Decode { .. }) => continue,
                Err(source) => {
                    let (gate, source) = (gate.name.clone(), Box::new(source));
                    return Err(BacktestError::Input { gate, source });
                }
            };
            let version = stored_version(&found.event, value);
            previous.extend(version.map(|version| (graph.key(asset).clone(), version)));
        }
        Ok(previous)
    }

    async fn judge(
        &self,
        key: &AssetPartition,
        version: VersionNumber,
    ) -> Result<BacktestedVersion, StorageError> {
        let without = |outcome, reason| BacktestedVersion { version, outcome, reason, metadata: [].into() };
        let Some(event) = self.store.version(key, version).await? else {
            let reason = "the event of the version was removed".to_owned();
            return Ok(without(BacktestOutcome::ValueRemoved, reason));
        };
        let context = match self.context(StoredInput::new(event)).await? {
            Ok((context, _)) => context,
            Err(NotJudged { outcome, reason }) => return Ok(without(outcome, reason)),
        };
        Ok(match call(&self.gate.computation, context).await {
            Ok(Verdict { answer, reason, metadata }) => BacktestedVersion {
                version,
                outcome: match answer {
                    Answer::Decided(decision) => BacktestOutcome::Judged { decision },
                    Answer::Ask(question) => BacktestOutcome::Asked { of: question.of },
                    Answer::Shadow(_) => BacktestOutcome::InShadow,
                },
                reason,
                metadata: metadata.into_iter().filter(|(_, value)| value.as_f64().is_some()).collect(),
            },
            Err(failure) => without(BacktestOutcome::Failed, failure.to_string()),
        })
    }

    /// The context of the gate's function for one challenger, at the time when that was made unless another one is given. What it logs is dropped.
    pub(crate) async fn context(
        &self,
        challenger: StoredInput,
    ) -> Result<Result<(StepContext, Contest), NotJudged>, StorageError> {
        let (graph, of) = (self.pipeline.graph(), self.of.asset);
        let versions = (challenger.event.clone(), self.champion.clone());
        let contest = Contest::of(&**self.store, graph, self.planned, versions).await?;
        if let Some(failure) = contest.lack(graph, self.planned, self.gate) {
            return Ok(Err(NotJudged::failed(failure.to_string())));
        }
        let value = match load(self.values, graph, of, &challenger).await {
            Ok(value) => value,
            Err(error) => return Ok(Err(error.into())),
        };
        let key = graph.key(of).clone();
        let Some(version) = stored_version(&challenger.event, value.clone()) else {
            return Ok(Err(NotJudged::failed("the event of the version can't be read".to_owned())));
        };
        let mut builder = StepContext::builder(graph.steps()[self.planned.step].key.clone())
            .started_at(self.now.unwrap_or(challenger.event.at))
            .partition(self.of.partition.clone())
            .config(self.config.clone())
            .resources(self.pipeline.resources().clone())
            .input(key.clone(), InputValue::One(value))
            .version(key, ReadAs::Latest, version);
        for (asset, read_as, stored) in &contest.compared {
            let value = match load(self.values, graph, *asset, stored).await {
                Ok(value) => value,
                // The challenger is there: what it is compared with isn't.
                Err(error) => return Ok(Err(NotJudged::failed(one_line_of(&error)))),
            };
            if let Some(version) = stored_version(&stored.event, value) {
                builder = builder.version(graph.key(*asset).clone(), read_as.clone(), version);
            }
        }
        for (asset, value) in &self.inputs {
            builder = builder.input(asset.clone(), value.clone());
        }
        for (asset, read_as, version) in &self.versions {
            builder = builder.version(asset.clone(), read_as.clone(), version.clone());
        }
        for (asset, history) in &self.histories {
            builder = builder.history(asset.clone(), history.clone());
        }
        for (asset, shadow) in &self.shadows {
            builder = builder.shadow(asset.clone(), shadow.clone());
        }
        for (asset, previous) in &self.previous {
            builder = builder.previous(asset.clone(), previous.clone());
        }
        Ok(Ok((builder.build(), contest)))
    }
}

/// Why the gate can't judge a version.
pub(crate) struct NotJudged {
    outcome: BacktestOutcome,
    pub(crate) reason: String,
}

impl NotJudged {
    fn failed(reason: String) -> Self {
        Self { outcome: BacktestOutcome::Failed, reason }
    }
}

impl From<ValueError> for NotJudged {
    fn from(error: ValueError) -> Self {
        let is_removed = matches!(error, ValueError::Removed { .. });
        let outcome = if is_removed { BacktestOutcome::ValueRemoved } else { BacktestOutcome::Failed };
        Self { outcome, reason: one_line_of(&error) }
    }
}

async fn load(
    values: &Values,
    graph: &AssetGraph,
    asset: AssetIndex,
    stored: &StoredInput,
) -> Result<SharedValue, ValueError> {
    let spec = &graph.assets()[asset].spec;
    let value_type = spec.value_type.ok_or_else(|| ValueError::NoValue { asset: spec.key.clone() })?;
    stored.load(values, value_type).await
}

/// Calls a gate's function, within its time limit.
pub(crate) async fn call(computation: &Computation, context: StepContext) -> Result<Verdict, Failure> {
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
        Ok(StepResult::Assets(_) | StepResult::Batch(_) | StepResult::Check(_)) => {
            Err(Failure::new(FailureKind::Output, "the function of the gate returned no verdict"))
        }
        Err(error) => Err(Failure::of_error(FailureKind::Error, &*error)),
    }
}
