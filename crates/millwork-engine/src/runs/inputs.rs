//! The inputs of steps: values that earlier steps of the run have produced, or that were stored when the run started.
//!
//! A value goes from one step to the next as an `Arc`, without its stored form being read back. [`InMemoryValues`] holds it until every
//! step that loads it is over: the number of those steps is counted when the run starts, and each step releases its inputs once, however it
//! ends. A retried step therefore finds its inputs as they were. Of a released value the version stays, as steps further down record it.

use std::collections::HashMap;
use std::sync::Arc;

use millwork_core::event::{InputVersion, Provenance};
use millwork_core::graph::AssetIndex;
use millwork_core::plan::{Plan, PlanIndex, PlannedInput, PlannedStep};
use millwork_core::run::{Failure, FailureKind};
use millwork_core::{AssetKey, AssetPartition, DataVersion, SharedValue, ValueType};

use super::{PlannedRun, StoredInput, StoredInputs};
use crate::steps::{Attempt, AttemptInput, InputSource, StepOutput};

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

impl ProducedValue {
    pub(crate) fn data_version(&self) -> Option<&DataVersion> {
        match self {
            Self::InMemory(_, version) => Some(version),
            Self::Stored(stored) => stored.data_version(),
            Self::Nothing => None,
        }
    }
}

/// The values that the steps of a run have produced so far.
#[derive(Debug)]
pub(crate) struct InMemoryValues {
    produced: HashMap<AssetPartition<AssetIndex>, ProducedValue>,
    /// The number of unfinished steps that load each value; never 0.
    consumers: HashMap<AssetPartition<AssetIndex>, usize>,
}

impl InMemoryValues {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut consumers = HashMap::new();
        for key in plan.steps.iter().flat_map(loads) {
            *consumers.entry(key).or_default() += 1;
        }
        Self { produced: HashMap::new(), consumers }
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
    step.inputs.iter().filter(|input| input.loads).flat_map(PlannedInput::asset_partitions)
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
        for input in planned.inputs.iter().filter(|input| input.loads) {
            let mut sources = Vec::with_capacity(input.partitions.len());
            for input in input.asset_partitions() {
                let source = self.source(&input, values)?;
                sources.push((input.partition, source));
            }
            inputs.push(AttemptInput { asset: input.asset, gathered: input.gathered, values: sources });
        }
        let (versions, previous) = (self.versions(position, values), self.previous(position));
        Ok(Attempt { position, number, inputs, versions, previous })
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
            let asset = input.by_key(&self.graph).quoted();
            let message = format!("upstream asset {asset} has never been materialized");
            let hint = "select it too, for example with `+` before the selection";
            Failure::new(FailureKind::Input, message).with_hint(hint)
        })
    }

    /// The previous values that a step takes, where there are any.
    fn previous(&self, position: PlanIndex) -> Vec<(AssetKey, ValueType, StoredInput)> {
        let mut previous = Vec::new();
        let wanted = &self.step(position).computation().requirements.previous;
        for key in wanted.iter().filter(|_| !self.without_previous) {
            let Some(asset) = self.graph.index(key.as_str()) else { continue };
            let partitions =
                self.graph.definition(asset).and_then(|definition| definition.partitions.as_ref());
            let partition = partitions.and(self.plan.steps[position].partition.clone());
            let stored = self.stored.get(&AssetPartition::new(asset, partition)).cloned();
            let value_type = self.graph.assets()[asset].spec.value_type;
            previous
                .extend(stored.zip(value_type).map(|(stored, value_type)| (key.clone(), value_type, stored)));
        }
        previous
    }

    /// The versions of everything that a step loads or waits for.
    fn versions(&self, position: PlanIndex, values: &InMemoryValues) -> Vec<InputVersion> {
        let version = |input: AssetPartition<AssetIndex>| {
            let stored = || self.stored.get(&input)?.data_version();
            InputVersion {
                upstream: input.by_key(&self.graph),
                data_version: values.get(&input).map_or_else(stored, ProducedValue::data_version).cloned(),
            }
        };
        self.plan.steps[position].input_partitions().map(version).collect()
    }

    /// Whether a step that was planned because something upstream was out of date would have the same code and data as before, now that
    /// upstream is done.
    pub(crate) fn is_unchanged(&self, position: PlanIndex, values: &InMemoryValues) -> bool {
        let Some(verdicts) = &self.verdicts else { return false };
        let outputs = self.outputs(position);
        if outputs.is_empty() {
            return false;
        }
        let code_version = self.step(position).computation().code_version.clone();
        let now = Provenance { code_version, inputs: self.versions(position, values) };
        outputs.iter().all(|output| {
            let output = self.output(position, *output).by_key(&self.graph);
            verdicts.get(&output).and_then(|verdict| verdict.provenance.as_ref()) == Some(&now)
        })
    }

    /// The stored values of all outputs of a step, which are used instead of running it.
    pub(crate) fn stored_outputs(&self, position: PlanIndex) -> Vec<StepOutput> {
        let stored =
            self.outputs(position).iter().map(|output| self.stored.get(&self.output(position, *output)));
        stored.map(|stored| stored.cloned().map_or(StepOutput::Nothing, StepOutput::Recorded)).collect()
    }
}
