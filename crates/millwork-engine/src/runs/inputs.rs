//! What a step is given: values that earlier steps of the run have produced, or what was stored when the run started.
//!
//! A value goes from one step to the next as an `Arc`, without its stored form being read back. [`InMemoryValues`] holds it as long as
//! a step that loads it isn't over: the number of those steps is counted when the run starts, and each step gives its inputs up once,
//! however it ends. A step that is tried again therefore finds its inputs as they were. What stays of a value that was let go is its
//! version, as steps further down record what they were made from.

use std::collections::HashMap;
use std::sync::Arc;

use millwork_core::event::{InputVersion, Provenance};
use millwork_core::graph::AssetIndex;
use millwork_core::plan::{Plan, PlanIndex, PlannedInput, PlannedStep};
use millwork_core::run::{Failure, FailureKind};
use millwork_core::{AssetKey, AssetPartition, DataVersion, SharedValue, ValueType};

use super::{PlannedRun, StoredInput, StoredInputs};
use crate::steps::{Attempt, AttemptInput, InputSource, StepOutput};

/// What a finished step of this run has left for the steps below it.
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

/// What the steps of a run have produced so far.
#[derive(Debug)]
pub(crate) struct InMemoryValues {
    produced: HashMap<AssetPartition<AssetIndex>, ProducedValue>,
    /// The number of steps that load a value and aren't over; none of these is 0.
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

    /// Takes what a step has produced. Of a value that no step loads only the version is kept.
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

    /// Gives up the inputs of a step that is over. A value that no other step loads is let go; its version stays. `stored` are
    /// those that the run doesn't make itself.
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
    /// Puts together what attempt `number` of a step needs.
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

    /// The values of earlier runs that a step looks back at, where there are any.
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

    /// The versions of everything that a step takes or waits for.
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

    /// Whether a step that was planned because something upstream was out of date would be made from the same code and data as
    /// before, now that upstream is done.
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

    /// What is stored of everything that a step makes, in place of making it.
    pub(crate) fn stored_outputs(&self, position: PlanIndex) -> Vec<StepOutput> {
        let stored =
            self.outputs(position).iter().map(|output| self.stored.get(&self.output(position, *output)));
        stored.map(|stored| stored.cloned().map_or(StepOutput::Nothing, StepOutput::Recorded)).collect()
    }
}
