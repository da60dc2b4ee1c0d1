//! What one partition of a step takes: the partitions of its inputs, by their mappings.

use std::sync::Arc;

use super::{PlanError, PlannedInput, PlannedStep};
use crate::asset::AssetKey;
use crate::graph::{AssetGraph, AssetIndex, StepIndex};
use crate::param::Input;
use crate::partition::mapping::ResolvedMapping;
use crate::partition::{AssetPartition, KeyIndex, KeyMoment, KeySet, KeySpace, PartitionKey};
use crate::version::ReadAs;

/// A step with the keys of the assets that it takes, at a moment.
pub(crate) struct MappedStep<'a> {
    pub(super) step: StepIndex,
    graph: &'a AssetGraph,
    own: Arc<KeySpace>,
    inputs: Vec<MappedInput<'a>>,
    histories: Vec<MappedInput<'a>>,
    shadows: Vec<MappedInput<'a>>,
}

struct MappedInput<'a> {
    input: &'a Input,
    asset: AssetIndex,
    mapping: &'a ResolvedMapping,
    /// The keys of the asset; `None` if it has no partitions.
    space: Option<Arc<KeySpace>>,
    /// The partitions that every key takes, once they are known.
    of_every_key: Option<Arc<[Option<PartitionKey>]>>,
}

impl<'a> MappedStep<'a> {
    pub(crate) fn new(graph: &'a AssetGraph, step: StepIndex, moment: &KeyMoment) -> Self {
        let node = &graph.steps()[step];
        let own = graph.step_key_space(step, moment);
        let mapped = |inputs: &'a [Input], mappings: &'a [ResolvedMapping]| {
            let mapped = |(input, mapping): (&'a Input, &'a ResolvedMapping)| {
                let asset = graph.index(input.asset.as_str()).expect("definitions were resolved");
                let space = graph.partitions(asset).map(|partitions| partitions.space(moment));
                MappedInput { input, asset, mapping, space, of_every_key: None }
            };
            inputs.iter().zip(mappings).map(mapped).collect()
        };
        let requirements = &node.computation().requirements;
        Self {
            step,
            graph,
            own,
            inputs: mapped(&requirements.inputs, &node.mappings.inputs),
            histories: mapped(&requirements.histories, &node.mappings.histories),
            shadows: mapped(&requirements.shadows, &node.mappings.shadows),
        }
    }

    /// What a partition takes and reads, as a step that waits for no other.
    pub(crate) fn planned(&mut self, partition: Option<PartitionKey>) -> PlannedStep {
        let index = self.index_of(partition.as_ref());
        self.planned_at(partition, index.as_deref())
    }

    /// The same of a partition whose index is known; `None` if the step never had it.
    pub(crate) fn planned_at(
        &mut self,
        partition: Option<PartitionKey>,
        index: Option<&[i64]>,
    ) -> PlannedStep {
        let inputs = self.inputs_at(partition.as_ref(), index);
        let histories = read(&mut self.histories, &self.own, partition.as_ref(), index);
        let (upstream, after, shadows) = (Vec::new(), Vec::new(), Vec::new());
        PlannedStep { step: self.step, partition, upstream, after, inputs, histories, shadows }
    }

    /// The inputs of a partition.
    pub(super) fn inputs(&mut self, partition: Option<&PartitionKey>) -> Vec<PlannedInput> {
        let index = self.index_of(partition);
        self.inputs_at(partition, index.as_deref())
    }

    fn index_of(&self, partition: Option<&PartitionKey>) -> Option<KeyIndex> {
        self.own.index_of(partition?)
    }

    fn inputs_at(&mut self, partition: Option<&PartitionKey>, index: Option<&[i64]>) -> Vec<PlannedInput> {
        let planned = |mapped: &mut MappedInput<'_>| {
            let partitions = mapped.partitions(&self.own, partition, index);
            let Input { gathers, read_as, absent, loads, .. } = mapped.input;
            PlannedInput {
                asset: mapped.asset,
                partitions,
                gathered: *gathers,
                loads: loads.is_some(),
                tolerates_missing: mapped.mapping.tolerates_missing(),
                read_as: read_as.clone(),
                through: None,
                absent: *absent,
            }
        };
        let mut inputs: Vec<PlannedInput> = self.inputs.iter_mut().map(planned).collect();
        for at in 0..inputs.len() {
            inputs[at].through = self.through(&inputs[at], &inputs, partition);
        }
        inputs
    }

    /// The partition of the model through whose version an input is read: that which the step reads itself, or judges.
    fn through(
        &self,
        input: &PlannedInput,
        all: &[PlannedInput],
        partition: Option<&PartitionKey>,
    ) -> Option<PartitionKey> {
        let model_of = |model: &AssetKey| self.graph.index(model.as_str());
        match &input.read_as {
            ReadAs::InputOf { model, alias } => {
                let by_alias = ReadAs::Alias(alias.clone());
                let model = model_of(model)?;
                let read = all.iter().find(|other| other.asset == model && other.read_as == by_alias);
                read.or(Some(input))?.partitions.first().cloned().flatten()
            }
            ReadAs::InputOfChallenger { model } => {
                self.graph.partitions(model_of(model)?).and(partition).cloned()
            }
            ReadAs::Latest | ReadAs::Alias(_) | ReadAs::History { .. } | ReadAs::Shadow { .. } => None,
        }
    }

    /// The keys of some partitions, all if none are named.
    fn keys(&self, partitions: &[PartitionKey]) -> KeySet {
        match self.graph.step_partitions(self.step) {
            None => self.own.all(),
            Some(_) if partitions.is_empty() => self.own.all(),
            Some(_) => {
                let indexes = partitions.iter().filter_map(|partition| self.own.index_of(partition));
                KeySet::of(self.own.names().count(), indexes)
            }
        }
    }

    /// The number of inputs that some partitions have together, up to more than `most`. Nothing is planned for it.
    pub(super) fn count_inputs(&self, partitions: &[PartitionKey], most: u64) -> u64 {
        let keys = self.keys(partitions);
        let mut count: u64 = 0;
        for mapped in &self.inputs {
            let Some(space) = mapped.space.as_ref().filter(|_| !mapped.mapping.is_single()) else {
                count = count.saturating_add(keys.count());
                continue;
            };
            let taken = |keys: &KeySet| mapped.mapping.upstream_of(keys, &self.own, space).keys.count();
            if mapped.mapping.is_the_same_for_all() {
                count = count.saturating_add(taken(&keys).saturating_mul(keys.count()));
                continue;
            }
            for key in keys.next(None, usize::MAX) {
                if count > most {
                    return count;
                }
                count = count.saturating_add(taken(&KeySet::of(key.len(), [key])));
            }
        }
        count
    }

    /// The first of some partitions, none for a step without, that is made from a partition which there isn't.
    pub(super) fn lacking(&self, partitions: &[PartitionKey]) -> Option<PlanError> {
        let keys = self.keys(partitions);
        let read = self.inputs.iter().chain(&self.histories).chain(&self.shadows);
        read.into_iter().find_map(|mapped| {
            let space = mapped.space.as_ref().filter(|_| !mapped.mapping.tolerates_missing())?;
            let lacking = mapped.mapping.upstream_of(&keys, &self.own, space).lacking;
            let index = lacking.next(None, 1).pop()?;
            Some(PlanError::Lacking {
                step: self.graph.steps()[self.step].key.clone(),
                partition: self.graph.step_partitions(self.step).and(self.own.partition_key_at(&index)),
                upstream: mapped.input.asset.clone(),
                missing: mapped.mapping.missing(&index, &self.own, space).join(", "),
            })
        })
    }

    /// What the histories are that a partition reads.
    pub(super) fn histories(&mut self, partition: Option<&PartitionKey>) -> Vec<AssetPartition<AssetIndex>> {
        let index = self.index_of(partition);
        read(&mut self.histories, &self.own, partition, index.as_deref())
    }

    /// Of what a partition reads what was made in shadow.
    pub(super) fn shadows(&mut self, partition: Option<&PartitionKey>) -> Vec<AssetPartition<AssetIndex>> {
        let index = self.index_of(partition);
        read(&mut self.shadows, &self.own, partition, index.as_deref())
    }
}

/// The one partition that each of some inputs has for a partition of the step. None of the partitions, where there isn't one and the step
/// does without, has no history.
fn read(
    inputs: &mut [MappedInput<'_>],
    own: &KeySpace,
    partition: Option<&PartitionKey>,
    index: Option<&[i64]>,
) -> Vec<AssetPartition<AssetIndex>> {
    let read = |mapped: &mut MappedInput<'_>| {
        let read = mapped.partitions(own, partition, index).first().cloned();
        AssetPartition::new(mapped.asset, read.flatten())
    };
    inputs.iter_mut().map(read).collect()
}

impl MappedInput<'_> {
    /// The partitions that a partition of the step takes, of those that there are.
    fn partitions(
        &mut self,
        own: &KeySpace,
        partition: Option<&PartitionKey>,
        index: Option<&[i64]>,
    ) -> Arc<[Option<PartitionKey>]> {
        let Some(space) = &self.space else { return Arc::new([None]) };
        if let Some(known) = &self.of_every_key {
            return known.clone();
        }
        let index = match (partition, index) {
            (None, _) => vec![0],
            (Some(_), Some(index)) => index.to_vec(),
            // A partition that the asset never had: it was made under other definitions.
            (Some(partition), None) => return Arc::new([Some(partition.clone())]),
        };
        let keys = KeySet::of(index.len(), [index]);
        let mapped = self.mapping.upstream_of(&keys, own, space);
        let partitions: Arc<[_]> = space.partition_keys(&mapped.keys).into_iter().map(Some).collect();
        if self.mapping.is_the_same_for_all() {
            self.of_every_key = Some(partitions.clone());
        }
        partitions
    }
}
