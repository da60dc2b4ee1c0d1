//! What a step is given: values of this run, or what was stored when the run started.

use std::collections::BTreeSet;

use millwork_core::AssetPartition;
use millwork_core::event::{InputVersion, Provenance};
use millwork_core::graph::AssetIndex;
use millwork_core::plan::PlanIndex;
use millwork_core::run::{Failure, FailureKind};
use millwork_storage::StorageError;

use super::super::handed_over::Made;
use super::super::{StoredInput, StoredInputs};
use super::Dispatcher;
use crate::steps::{Attempt, AttemptInput, InputSource, OutputMade};

impl Dispatcher {
    /// Puts together what the next attempt of a step needs. An input without a value is a failure.
    pub(super) fn attempt(&self, position: PlanIndex) -> Result<Attempt, Failure> {
        let context = &self.context;
        let planned = &context.plan.steps[position];
        let mut inputs = Vec::with_capacity(planned.inputs.len());
        for input in planned.inputs.iter().filter(|input| input.loads) {
            let mut values = Vec::with_capacity(input.partitions.len());
            for input in input.asset_partitions() {
                let source = self.source(&input)?;
                values.push((input.partition, source));
            }
            inputs.push(AttemptInput { asset: input.asset, gathered: input.gathered, values });
        }
        let mut previous = Vec::new();
        let wanted = &context.step(position).computation().requirements.previous;
        for key in wanted.iter().filter(|_| !context.without_previous) {
            let Some(asset) = context.graph.index(key.as_str()) else { continue };
            let partition =
                context.graph.definition(asset).and_then(|definition| definition.partitions.as_ref());
            let partition = partition.and(planned.partition.clone());
            let stored = context.stored.get(&AssetPartition::new(asset, partition)).cloned();
            let value_type = context.graph.assets()[asset].spec.value_type;
            previous
                .extend(stored.zip(value_type).map(|(stored, value_type)| (key.clone(), value_type, stored)));
        }
        let (number, versions) = (self.attempts[position], self.versions(position));
        Ok(Attempt { position, number, inputs, versions, previous })
    }

    /// The versions of everything that a step takes or waits for.
    fn versions(&self, position: PlanIndex) -> Vec<InputVersion> {
        let version = |input: AssetPartition<AssetIndex>| {
            let made = self.handed_over.get(&input);
            let stored = || self.context.stored.get(&input)?.data_version();
            InputVersion {
                upstream: input.by_key(&self.context.graph),
                data_version: made.map_or_else(stored, Made::data_version).cloned(),
            }
        };
        self.context.plan.steps[position].input_partitions().map(version).collect()
    }

    fn source(&self, input: &AssetPartition<AssetIndex>) -> Result<InputSource, Failure> {
        match self.handed_over.get(input) {
            Some(Made::Value(value, _)) => return Ok(InputSource::Memory(value.clone())),
            Some(Made::Stored(stored)) => return Ok(InputSource::Stored(stored.clone())),
            Some(Made::Nothing) | None => {}
        }
        let stored = self.context.stored.get(input).cloned();
        stored.map(InputSource::Stored).ok_or_else(|| {
            let asset = input.by_key(&self.context.graph).quoted();
            let message = format!("upstream asset {asset} has never been materialized");
            let hint = "select it too, for example with `+` before the selection";
            Failure::new(FailureKind::Input, message).with_hint(hint)
        })
    }

    /// Whether a step that was planned because something upstream was out of date would be made from the same code
    /// and data as before, now that upstream is done.
    pub(super) fn is_unchanged(&self, position: PlanIndex) -> bool {
        let Some(verdicts) = &self.context.verdicts else { return false };
        let step = self.context.step(position);
        let outputs = self.context.graph.outputs(self.context.plan.steps[position].step);
        if outputs.is_empty() {
            return false;
        }
        let code_version = step.computation().code_version.clone();
        let now = Provenance { code_version, inputs: self.versions(position) };
        outputs.iter().all(|output| {
            let output = self.context.output(position, *output).by_key(&self.context.graph);
            verdicts.get(&output).and_then(|verdict| verdict.provenance.as_ref()) == Some(&now)
        })
    }

    /// What is stored of everything that a step makes, in place of making it.
    pub(super) fn stored_outputs(&self, position: PlanIndex) -> Vec<OutputMade> {
        let outputs = self.context.graph.outputs(self.context.plan.steps[position].step);
        let stored =
            outputs.iter().map(|output| self.context.stored.get(&self.context.output(position, *output)));
        stored.map(|stored| stored.cloned().map_or(OutputMade::Nothing, OutputMade::Recorded)).collect()
    }

    /// The last value of an output that was kept.
    pub(super) async fn last_value(
        &self,
        output: &AssetPartition<AssetIndex>,
    ) -> Result<Option<StoredInput>, StorageError> {
        let context = &self.context;
        let assets = BTreeSet::from([output.asset]);
        let pinned = StoredInputs::pin(&*context.store, &context.graph, context.run, &assets).await?;
        Ok(pinned.get(output).cloned())
    }
}
