//! Which partitions the assets of a graph have.

use std::borrow::Cow;

use thiserror::Error;

use super::{AssetGraph, AssetIndex};
use crate::asset::AssetKey;
use crate::partition::{AssetPartition, PartitionKey, PartitionsDefinition, StepPartition};
use crate::problem::{Advice, ErrorClass};

/// Why something can't be said of a partition, or of an asset as a whole.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PartitionError {
    /// The asset has other partitions.
    #[error("asset `{asset}` has no partition `{partition}`")]
    Unknown {
        /// The key of the asset.
        asset: AssetKey,
        /// The partition key that it doesn't have.
        partition: PartitionKey,
        /// The keys there are.
        hint: String,
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
    /// No partition has an empty key.
    #[error("the partition has no name")]
    Empty,
}

impl Advice for PartitionError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unknown { hint, .. } | Self::NotNamed { hint, .. } => Cow::Borrowed(hint),
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

impl AssetGraph {
    /// The partitions of an asset; `None` if it has none or is external.
    pub fn partitions(&self, asset: AssetIndex) -> Option<&PartitionsDefinition> {
        self.definition(asset)?.partitions.as_ref()
    }

    /// The step that makes an asset or a partition; `None` for an external asset.
    pub fn maker(&self, output: &AssetPartition<AssetIndex>) -> Option<StepPartition> {
        let step = self.assets()[output.asset].step?;
        Some(StepPartition::new(self.steps()[step].key.clone(), output.partition.clone()))
    }

    /// Whether an asset has the given partition; without one, whether it is unpartitioned. The partitions of an
    /// external asset aren't known, so it has any.
    pub fn has_partition(&self, asset: AssetIndex, partition: Option<&PartitionKey>) -> bool {
        self.check_partition(asset, partition).is_ok()
    }

    /// As [`has_partition`](Self::has_partition), with the reason.
    ///
    /// # Errors
    ///
    /// Why it doesn't.
    pub fn check_partition(
        &self,
        asset: AssetIndex,
        partition: Option<&PartitionKey>,
    ) -> Result<(), PartitionError> {
        let key = || self.key(asset).clone();
        match (self.partitions(asset), partition) {
            (_, Some(partition)) if partition.as_str().is_empty() => Err(PartitionError::Empty),
            (Some(partitions), None) => {
                Err(PartitionError::NotNamed { asset: key(), hint: partitions.keys_hint() })
            }
            (Some(partitions), Some(partition)) if !partitions.contains(partition) => {
                let (partition, hint) = (partition.clone(), partitions.keys_hint());
                Err(PartitionError::Unknown { asset: key(), partition, hint })
            }
            (None, Some(_)) if self.assets()[asset].step.is_some() => {
                Err(PartitionError::NotPartitioned { asset: key() })
            }
            (Some(_), Some(_)) | (None, _) => Ok(()),
        }
    }
}
