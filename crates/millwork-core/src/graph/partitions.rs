//! Which partitions the assets of a graph have.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use thiserror::Error;

use super::{AssetGraph, AssetIndex, StepIndex, StepKind, closest};
use crate::asset::AssetKey;
use crate::param::Input;
use crate::partition::mapping::{MappedAsset, ResolvedMapping};
use crate::partition::{
    AssetPartition, Dimensions, KeyMoment, KeySpace, PartitionKey, PartitionsDefinition, StepPartition,
};
use crate::problem::{Advice, ErrorClass, Problem};

/// Why something can't be said of a partition, or of an asset as a whole.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PartitionError {
    /// The asset has other partitions.
    #[error("asset `{asset}` has no partition `{partition}`{reason}")]
    Unknown {
        /// The key of the asset.
        asset: AssetKey,
        /// The partition key that it doesn't have.
        partition: PartitionKey,
        /// Why, behind a colon; empty where that is all.
        reason: String,
        /// The keys there are.
        hint: Option<String>,
    },
    /// The asset has none.
    #[error("asset `{asset}` has no partitions")]
    NotPartitioned {
        /// The key of the asset.
        asset: AssetKey,
    },
    /// The asset has partitions, and none was named.
    #[error("asset `{asset}` has partitions, but no partition was given")]
    NotNamed {
        /// The key of the asset.
        asset: AssetKey,
        /// The keys there are.
        hint: String,
    },
    /// No asset has such a dynamic dimension.
    #[error("no asset has partitions called `{dimension}` that are added at run time")]
    NotDynamic {
        /// The name of the dimension.
        dimension: String,
        /// The names that there are.
        hint: String,
    },
    /// No partition has an empty key.
    #[error("the partition has no name")]
    Empty,
}

impl Advice for PartitionError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unknown { hint, .. } => return hint.as_deref().map(Cow::Borrowed),
            Self::NotNamed { hint, .. } | Self::NotDynamic { hint, .. } => Cow::Borrowed(hint),
            Self::NotPartitioned { .. } | Self::Empty => "leave out the partition".into(),
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

impl AssetPartition<AssetIndex> {
    /// The same with the key of the asset in place of its index.
    pub fn by_key(&self, graph: &AssetGraph) -> AssetPartition {
        AssetPartition::new(graph.key(self.asset).clone(), self.partition.clone())
    }
}

impl AssetPartition {
    /// The same with the index of the asset in place of its key; `None` if the graph doesn't have it.
    pub fn by_index(&self, graph: &AssetGraph) -> Option<AssetPartition<AssetIndex>> {
        Some(AssetPartition::new(graph.index(self.asset.as_str())?, self.partition.clone()))
    }
}

/// Which partitions of upstream assets a step takes: the mappings of its requirements, in their order.
#[derive(Clone, Debug, Default)]
pub struct Mappings {
    /// Of its inputs.
    pub inputs: Vec<ResolvedMapping>,
    /// Of the histories that it reads.
    pub histories: Vec<ResolvedMapping>,
    /// Of what it reads that was made in shadow.
    pub shadows: Vec<ResolvedMapping>,
}

impl AssetGraph {
    /// The partitions of an asset; `None` if it has none, or if they aren't known because it is external.
    pub fn partitions(&self, asset: AssetIndex) -> Option<&PartitionsDefinition> {
        self.assets()[asset].partitions.as_ref()
    }

    /// The keys of an asset at a moment; of one without partitions [`KeySpace::unpartitioned`].
    pub fn key_space(&self, asset: AssetIndex, moment: &KeyMoment) -> Arc<KeySpace> {
        space_of(self.partitions(asset), moment)
    }

    /// The keys that a step is called for at a moment; of one without partitions [`KeySpace::unpartitioned`].
    pub fn step_key_space(&self, step: StepIndex, moment: &KeyMoment) -> Arc<KeySpace> {
        space_of(self.step_partitions(step), moment)
    }

    /// The partitions of an asset that has more with time, by windows or by texts that are added; `None` if it has none, or always the same.
    pub fn growing_partitions(&self, asset: AssetIndex) -> Option<&PartitionsDefinition> {
        self.partitions(asset).filter(|partitions| !partitions.is_fixed())
    }

    /// Which partitions of an upstream asset one of an asset takes, of the first input that takes any; `None` if neither has partitions.
    pub fn mapping(&self, asset: AssetIndex, upstream: AssetIndex) -> Option<&ResolvedMapping> {
        self.partitions(asset).or_else(|| self.partitions(upstream))?;
        let step = &self.steps()[self.assets()[asset].step?];
        let mut inputs = step.computation().requirements.inputs.iter().zip(&step.mappings.inputs);
        let key = self.key(upstream);
        inputs.find(|(input, _)| input.asset == *key).map(|(_, mapping)| mapping)
    }

    /// The partitions that a step is called for; `None` for a step without partitions.
    pub fn step_partitions(&self, step: StepIndex) -> Option<&PartitionsDefinition> {
        match &self.steps()[step].kind {
            StepKind::Assets { definition, .. } => definition.partitions.as_ref(),
            StepKind::Check { asset, .. } | StepKind::Gate { asset, .. } => self.partitions(*asset),
        }
    }

    /// Whether some asset has texts that are added and removed at run time.
    pub fn has_dynamic_partitions(&self) -> bool {
        self.dynamic_partitions().next().is_some()
    }

    /// The names of all dimensions whose texts are added and removed at run time; one that several assets share comes several times.
    pub fn dynamic_partitions(&self) -> impl Iterator<Item = &str> {
        let dimensions = self.assets().iter().filter_map(|node| node.partitions.as_ref());
        let dimensions = dimensions.flat_map(|partitions| partitions.dimensions().iter());
        dimensions.filter(|dimension| dimension.is_dynamic()).map(|dimension| dimension.name.as_str())
    }

    /// That texts can be added to a dynamic dimension and removed: some asset has it.
    ///
    /// # Errors
    ///
    /// When none has.
    pub fn check_dynamic(&self, dimension: &str) -> Result<(), PartitionError> {
        if self.dynamic_partitions().any(|known| known == dimension) {
            return Ok(());
        }
        let names: BTreeSet<&str> = self.dynamic_partitions().collect();
        let hint = match closest(dimension, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if names.is_empty() => "write `partitions = dynamic(\"…\")` at an asset".to_owned(),
            None => format!("there are `{}`", names.into_iter().collect::<Vec<_>>().join("`, `")),
        };
        Err(PartitionError::NotDynamic { dimension: dimension.to_owned(), hint })
    }

    /// The partition of an asset that a text means: as people write it, or its identity.
    ///
    /// # Errors
    ///
    /// When the asset doesn't have it.
    pub fn find_partition(
        &self,
        asset: AssetIndex,
        partition: Option<&PartitionKey>,
        moment: &KeyMoment,
    ) -> Result<Option<PartitionKey>, PartitionError> {
        let key = || self.key(asset).clone();
        match (self.partitions(asset), partition) {
            (_, Some(partition)) if partition.label().is_empty() => Err(PartitionError::Empty),
            (Some(partitions), None) => {
                Err(PartitionError::NotNamed { asset: key(), hint: partitions.space(moment).hint() })
            }
            (Some(partitions), Some(partition)) => {
                let space = partitions.space(moment);
                let unknown = |problem: Problem| {
                    let reason = if space.is_one_list() { String::new() } else { format!(": {problem}") };
                    let hint = problem.hint().map(Cow::into_owned);
                    PartitionError::Unknown { asset: key(), partition: partition.clone(), reason, hint }
                };
                space.partition_key(partition).map(Some).map_err(unknown)
            }
            (None, Some(_)) if self.assets()[asset].step.is_some() => {
                Err(PartitionError::NotPartitioned { asset: key() })
            }
            (None, partition) => Ok(partition.cloned()),
        }
    }

    /// The partition of an asset that a text means or meant, also one that isn't defined any more, which may have a history.
    pub fn past_partition(
        &self,
        asset: AssetIndex,
        partition: impl Into<PartitionKey>,
        moment: &KeyMoment,
    ) -> PartitionKey {
        let partition = partition.into();
        match self.partitions(asset) {
            Some(partitions) => partitions.space(moment).past_partition_key(&partition),
            // Of an asset that had partitions before, a link has the identity of one.
            None => {
                let linked = PartitionKey::of_identity(partition.label(), None);
                if linked.values().is_some() { linked } else { partition }
            }
        }
    }

    /// The text by which [`past_partition`](Self::past_partition) finds a partition: its label, or its identity where the label means no
    /// partition, or another one.
    pub fn written_partition(
        &self,
        asset: AssetIndex,
        partition: &PartitionKey,
        moment: &KeyMoment,
    ) -> String {
        let is_found = self.past_partition(asset, partition.label(), moment) == *partition;
        if is_found { partition.label().to_owned() } else { partition.identity().to_owned() }
    }

    /// The step that makes an asset or a partition; `None` for an external asset.
    pub fn maker(&self, output: &AssetPartition<AssetIndex>) -> Option<StepPartition> {
        let step = self.assets()[output.asset].step?;
        Some(StepPartition::new(self.steps()[step].key.clone(), output.partition.clone()))
    }

    /// Whether an asset has the given partition; without one, whether it is unpartitioned. The partitions of an
    /// external asset may not be known; then it has any.
    pub fn has_partition(
        &self,
        asset: AssetIndex,
        partition: Option<&PartitionKey>,
        moment: &KeyMoment,
    ) -> bool {
        match (self.partitions(asset), partition) {
            (Some(partitions), Some(partition)) => partitions.space(moment).has(partition),
            (Some(_), None) => false,
            (None, Some(_)) => self.assets()[asset].step.is_none(),
            (None, None) => true,
        }
    }

    /// Resolves the mappings of all steps, of which it is known that they hold.
    pub(super) fn add_mappings(&mut self) {
        let mappings: Vec<Mappings> = self.steps().indices().map(|step| self.mappings(step)).collect();
        for (step, mappings) in self.steps.iter_mut().zip(mappings) {
            step.mappings = mappings;
        }
    }

    fn mappings(&self, step: StepIndex) -> Mappings {
        let node = &self.steps()[step];
        let own = MappedAsset::new(node.key.as_str(), dimensions(self.step_partitions(step)));
        let resolved = |inputs: &[Input]| {
            let of = |input: &Input| {
                let upstream = self.index(input.asset.as_str()).and_then(|asset| self.partitions(asset));
                let upstream = MappedAsset::new(input.asset.as_str(), dimensions(upstream));
                input.mapping.resolve(own, upstream).expect("definitions were resolved")
            };
            inputs.iter().map(of).collect()
        };
        let requirements = &node.computation().requirements;
        Mappings {
            inputs: resolved(&requirements.inputs),
            histories: resolved(&requirements.histories),
            shadows: resolved(&requirements.shadows),
        }
    }
}

fn space_of(partitions: Option<&PartitionsDefinition>, moment: &KeyMoment) -> Arc<KeySpace> {
    match partitions {
        Some(partitions) => partitions.space(moment),
        None => Arc::new(KeySpace::unpartitioned(moment.now())),
    }
}

fn dimensions(partitions: Option<&PartitionsDefinition>) -> Option<&Dimensions> {
    partitions.map(PartitionsDefinition::dimensions)
}
