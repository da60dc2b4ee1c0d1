//! The inputs of steps: values that earlier steps of the run have produced, or that were stored when the run started.
//!
//! A value goes from one step to the next as an `Arc`, without its stored form being read back. [`InMemoryValues`] holds it until every
//! step that loads it is over: the number of those steps is counted when the run starts, and each step releases its inputs once, however it
//! ends. A retried step therefore finds its inputs as they were. Of a released value the version stays, as steps further down record it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use millwork_core::event::{InputVersion, Provenance};
use millwork_core::graph::{AssetIndex, StepKind};
use millwork_core::plan::{Plan, PlanIndex, PlannedInput, PlannedStep, news_of_histories};
use millwork_core::run::{Failure, FailureKind};
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{Absent, AssetKey, AssetPartition, DataVersion, SharedValue, ValueType};

use super::{Pins, PlannedRun, StoredInput, StoredInputs, is_compared};
use crate::steps::{Attempt, AttemptInput, InputSource, ShadowCall, StepOutput};

/// An output of a finished step of this run.
#[derive(Clone, Debug)]
pub(crate) enum ProducedValue {
    /// A new value.
    InMemory(SharedValue, DataVersion),
    /// A value that an earlier execution of this run has stored, or the last one, which was kept.
    Stored(StoredInput),
    /// No value.
    Nothing,
}

/// The values that the steps of a run have produced so far.
#[derive(Debug)]
pub(crate) struct InMemoryValues {
    produced: HashMap<AssetPartition<AssetIndex>, ProducedValue>,
    /// What the run's gates have decided about aliases so far.
    decided: Pins,
    /// The number of unfinished steps that load each value; never 0.
    consumers: HashMap<AssetPartition<AssetIndex>, usize>,
}

impl InMemoryValues {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut consumers = HashMap::new();
        for key in plan.steps.iter().flat_map(loads) {
            *consumers.entry(key).or_default() += 1;
        }
        Self { produced: HashMap::new(), decided: Pins::default(), consumers }
    }

    /// Takes in a step's output. Of a value that no step loads only the version is kept.
    pub(crate) fn put(&mut self, output: AssetPartition<AssetIndex>, mut produced: ProducedValue) {
        if let ProducedValue::InMemory(value, _) = &mut produced
            && !self.consumers.contains_key(&output)
        {
            *value = Arc::new(());
        }
        self.produced.insert(output, produced);
    }

    /// Takes in what a gate has decided about an alias.
    pub(crate) fn follow(&mut self, pins: Pins) {
        self.decided.take_over(pins);
    }

    pub(crate) fn get(&self, input: &AssetPartition<AssetIndex>) -> Option<&ProducedValue> {
        self.produced.get(input)
    }

    /// Releases the inputs of a step that is over. A value that no other step loads is dropped; its version stays. `stored` are those that
    /// the run doesn't produce itself.
    pub(crate) fn release_inputs(&mut self, step: &PlannedStep, stored: &StoredInputs) {
        for input in loads(step) {
            let Some(left) = self.consumers.get_mut(&input) else { continue };
            *left -= 1;
            if *left == 0 {
                self.consumers.remove(&input);
                match self.produced.get_mut(&input) {
                    Some(ProducedValue::InMemory(value, _)) => *value = Arc::new(()),
                    Some(ProducedValue::Stored(stored)) => stored.let_go(),
                    Some(ProducedValue::Nothing) => {}
                    None => stored.get(&input).into_iter().for_each(StoredInput::let_go),
                }
            }
        }
    }
}

fn loads(step: &PlannedStep) -> impl Iterator<Item = AssetPartition<AssetIndex>> {
    let loaded = step.inputs.iter().filter(|input| input.loads && input.read_as == ReadAs::Latest);
    loaded.flat_map(PlannedInput::asset_partitions)
}

impl PlannedRun {
    /// Assembles the inputs of attempt `number` of a step.
    ///
    /// # Errors
    ///
    /// When an input has no value: neither this run has produced one, nor was one stored when it started.
    pub(crate) fn attempt(
        &self,
        position: PlanIndex,
        number: u32,
        values: &InMemoryValues,
    ) -> Result<Attempt, Failure> {
        let planned = &self.plan.steps[position];
        let mut inputs = Vec::with_capacity(planned.inputs.len());
        let loaded = planned.inputs.iter().filter(|input| input.loads);
        let mut pinned = Vec::new();
        let by_alias = loaded.clone().filter(|input| input.read_as.follows_alias());
        for input in by_alias.filter(|input| !is_compared(&self.graph, planned, input)) {
            for partition in input.asset_partitions() {
                let stored = self.pinned(input, &partition, values).cloned();
                pinned.extend(stored.map(|stored| (input.asset, input.read_as.clone(), stored)));
            }
        }
        for input in loaded.filter(|input| !input.read_as.follows_alias()) {
            let mut sources = Vec::with_capacity(input.partitions.len());
            for partition in input.asset_partitions() {
                let is_declined = matches!(values.get(&partition), Some(ProducedValue::Nothing));
                if is_declined && input.tolerates_missing {
                    continue;
                }
                match self.source(&partition, values) {
                    Ok(source) => sources.push((partition.partition, source)),
                    Err(_) if input.tolerates_missing => {}
                    Err(failure) => return Err(failure),
                }
            }
            inputs.push(AttemptInput { asset: input.asset, gathered: input.gathered, values: sources });
        }
        let (versions, previous) = (self.versions(position, values), self.previous(position));
        Ok(Attempt { position, number, inputs, pinned, versions, previous })
    }

    /// The calls in shadow that follow the success of a step: of its function, for each model with a version in shadow, if the step has made
    /// the asset that the model's gate names. `began_at` is when the attempt began that succeeded, `number` is another attempt's, so that
    /// values have addresses of their own.
    pub(crate) fn shadow_calls(
        &self,
        position: PlanIndex,
        (number, began_at): (u32, Option<Timestamp>),
        is_made: impl Fn(AssetIndex) -> bool,
        values: &InMemoryValues,
    ) -> Vec<ShadowCall> {
        let mut calls = Vec::new();
        let outputs = self.outputs(position).iter().copied();
        for output in outputs.filter(|output| is_made(*output)) {
            for model in self.graph.shadow_models(output) {
                let call = self.shadow_call(position, number, model, values);
                calls.extend(call.map(|(attempt, version)| {
                    let model = self.graph.key(model).clone();
                    ShadowCall { attempt, began_at, model, version, output }
                }));
            }
        }
        calls
    }

    /// The inputs of a step with the version in shadow of a model in the place of the one in use; `None` if none is in shadow.
    fn shadow_call(
        &self,
        position: PlanIndex,
        number: u32,
        model: AssetIndex,
        values: &InMemoryValues,
    ) -> Option<(Attempt, VersionNumber)> {
        let (key, alias) = (self.graph.key(model), self.graph.alias_in_use(model));
        let planned = &self.plan.steps[position];
        let mut of_model = planned
            .inputs
            .iter()
            .filter(|input| input.asset == model && input.read_as == ReadAs::Alias(alias.clone()));
        let of = of_model.find_map(|input| input.asset_partitions().next())?;
        let known = values.decided.in_shadow(&of).or_else(|| self.pins.in_shadow(&of));
        let shadow = known?.as_ref()?;
        let mut attempt = self.attempt(position, number, values).ok()?;
        let is_replaced = |asset: &AssetKey, read_as: &ReadAs| match read_as {
            ReadAs::Alias(followed) => asset == key && *followed == alias,
            ReadAs::InputOf { model, alias: followed } => model == key && *followed == alias,
            ReadAs::Latest
            | ReadAs::History { .. }
            | ReadAs::Shadow { .. }
            | ReadAs::InputOfChallenger { .. } => false,
        };
        attempt.pinned.retain(|(asset, read_as, _)| !is_replaced(self.graph.key(*asset), read_as));
        let inputs = planned.inputs.iter();
        let replaced = inputs.filter(|input| is_replaced(self.graph.key(input.asset), &input.read_as));
        for input in replaced.filter(|input| input.loads) {
            for partition in input.asset_partitions() {
                let stored = shadow.get(input, &partition).cloned();
                attempt.pinned.extend(stored.map(|stored| (input.asset, input.read_as.clone(), stored)));
            }
        }
        // A version for each partition of each input, in their order.
        let taken = planned
            .inputs
            .iter()
            .flat_map(|input| input.asset_partitions().map(move |partition| (input, partition)));
        let versions = attempt.versions.iter_mut().zip(taken);
        for (version, (input, partition)) in
            versions.filter(|(one, _)| is_replaced(&one.upstream.asset, &one.read_as))
        {
            let stored = shadow.get(input, &partition);
            version.version = stored.and_then(StoredInput::version);
            version.data_version = stored.and_then(StoredInput::data_version).cloned();
        }
        Some((attempt, shadow.version))
    }

    /// The version that a reading by an alias means: what a gate of the run has decided, or what it was when the run began.
    fn pinned<'a>(
        &'a self,
        input: &PlannedInput,
        of: &AssetPartition<AssetIndex>,
        values: &'a InMemoryValues,
    ) -> Option<&'a StoredInput> {
        values.decided.get(input, of).or_else(|| self.pins.get(input, of))
    }

    /// Why a step has to be skipped although everything before it is over: the alias that it follows doesn't exist, or there is no new
    /// version to judge.
    pub(crate) fn reason_to_skip(&self, position: PlanIndex, values: &InMemoryValues) -> Option<String> {
        let planned = &self.plan.steps[position];
        if let StepKind::Gate { asset, .. } = self.step(position).kind {
            let judged = self.output(position, asset);
            let is_new = match values.get(&judged) {
                Some(ProducedValue::InMemory(..)) => true,
                Some(ProducedValue::Stored(stored)) => stored.event.run == Some(self.run),
                Some(ProducedValue::Nothing) | None => false,
            };
            if !is_new {
                return Some(format!("there is no new version of {}", judged.by_key(&self.graph).quoted()));
            }
        }
        let inputs = planned.inputs.iter().filter(|input| input.absent == Absent::SkipsTheStep);
        for input in
            inputs.filter(|input| input.read_as.follows_alias() && !is_compared(&self.graph, planned, input))
        {
            let mut missing = input.asset_partitions();
            let is_missing = |asset: &AssetPartition<AssetIndex>| self.pinned(input, asset, values).is_none();
            if let Some(asset) = missing.find(is_missing) {
                return Some(self.reason_of_absence(&asset, &input.read_as));
            }
        }
        None
    }

    fn reason_of_absence(&self, asset: &AssetPartition<AssetIndex>, read_as: &ReadAs) -> String {
        let quoted = asset.by_key(&self.graph).quoted();
        match read_as {
            ReadAs::Latest | ReadAs::History { .. } | ReadAs::Shadow { .. } => {
                format!("{quoted} has no value")
            }
            ReadAs::Alias(alias) => format!("{quoted} has no {alias}"),
            ReadAs::InputOf { model, alias } => {
                format!("`{model}` has no {alias} that was made from {quoted}")
            }
            ReadAs::InputOfChallenger { model } => format!("`{model}` was not made from {quoted}"),
        }
    }

    fn source(
        &self,
        input: &AssetPartition<AssetIndex>,
        values: &InMemoryValues,
    ) -> Result<InputSource, Failure> {
        match values.get(input) {
            Some(ProducedValue::InMemory(value, _)) => return Ok(InputSource::Memory(value.clone())),
            Some(ProducedValue::Stored(stored)) => return Ok(InputSource::Stored(stored.clone())),
            Some(ProducedValue::Nothing) | None => {}
        }
        let stored = self.stored.get(input).cloned();
        stored.map(InputSource::Stored).ok_or_else(|| {
            let input = input.by_key(&self.graph);
            let message = format!("upstream asset {} has never been materialized", input.quoted());
            let hint = match &input.partition {
                None => "select it too, for example with `+` before the selection".to_owned(),
                Some(_) => format!("materialize it first, for example with `{}`", input.command()),
            };
            Failure::new(FailureKind::Input, message).with_hint(hint)
        })
    }

    /// The previous values that a step takes, where there are any.
    fn previous(&self, position: PlanIndex) -> Vec<(AssetKey, ValueType, StoredInput)> {
        let mut previous = Vec::new();
        let wanted = &self.step(position).computation().requirements.previous;
        for key in wanted.iter().filter(|_| !self.without_previous) {
            let Some(asset) = self.graph.index(key.as_str()) else { continue };
            let partition = self.graph.partitions(asset).and(self.plan.steps[position].partition.clone());
            let stored = self.stored.get(&AssetPartition::new(asset, partition)).cloned();
            let value_type = self.graph.assets()[asset].spec.value_type;
            previous
                .extend(stored.zip(value_type).map(|(stored, value_type)| (key.clone(), value_type, stored)));
        }
        previous
    }

    /// The versions of everything that a step loads or waits for.
    fn versions(&self, position: PlanIndex, values: &InMemoryValues) -> Vec<InputVersion> {
        let version = |planned: &PlannedInput, input: AssetPartition<AssetIndex>| {
            let read_as = &planned.read_as;
            let stored = match (read_as, values.get(&input)) {
                (ReadAs::Latest, Some(ProducedValue::InMemory(_, data_version))) => {
                    return InputVersion {
                        upstream: input.by_key(&self.graph),
                        data_version: Some(data_version.clone()),
                        version: Some(self.next_version(&input)),
                        read_as: ReadAs::Latest,
                    };
                }
                (ReadAs::Latest, Some(ProducedValue::Stored(stored))) => Some(stored),
                (ReadAs::Latest, Some(ProducedValue::Nothing)) => None,
                (ReadAs::Latest, None) => self.stored.get(&input),
                // What is read of histories and in shadow is known when the attempt begins.
                (ReadAs::History { .. } | ReadAs::Shadow { .. }, _) => None,
                (ReadAs::Alias(_) | ReadAs::InputOf { .. } | ReadAs::InputOfChallenger { .. }, _) => {
                    self.pinned(planned, &input, values)
                }
            };
            InputVersion {
                upstream: input.by_key(&self.graph),
                data_version: stored.and_then(StoredInput::data_version).cloned(),
                version: stored.and_then(StoredInput::version),
                read_as: read_as.clone(),
            }
        };
        let inputs = self.plan.steps[position].inputs.iter();
        inputs.flat_map(|input| input.asset_partitions().map(|partition| version(input, partition))).collect()
    }

    /// Whether a step that was planned because something upstream was out of date would have the same code, data and standing
    /// configuration as before, now that upstream is done. What the run overrides isn't compared.
    pub(crate) fn is_unchanged(&self, position: PlanIndex, values: &InMemoryValues) -> bool {
        let Some(verdicts) = &self.verdicts else { return false };
        let outputs = self.outputs(position);
        if outputs.is_empty() {
            return false;
        }
        let (step, planned) = (self.step(position), &self.plan.steps[position]);
        let (code_version, inputs) =
            (step.computation().code_version.clone(), self.versions(position, values));
        // The configuration isn't needed here: it is compared with what stands.
        let now = Provenance { code_version, inputs, config: None };
        outputs.iter().all(|output| {
            let output = self.output(position, *output).by_key(&self.graph);
            let then = verdicts.get(&output).and_then(|verdict| verdict.provenance.as_ref());
            then.is_some_and(|then| {
                then.is_same_work(&now)
                    && then.config_changes(step.config.as_ref()).is_empty()
                    && news_of_histories(&self.graph, verdicts, planned, then).is_empty()
            })
        })
    }

    /// The stored values of all outputs of a step, which are used instead of running it.
    pub(crate) fn stored_outputs(&self, position: PlanIndex) -> Vec<StepOutput> {
        let stored =
            self.outputs(position).iter().map(|output| self.stored.get(&self.output(position, *output)));
        stored.map(|stored| stored.cloned().map_or(StepOutput::Nothing, StepOutput::Recorded)).collect()
    }
}
