//! The partition a step works on, and the partitions it gathers.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{FromStep, Requirements, StepContext};
use crate::BoxError;
use crate::id::PartitionKey;
use crate::partition::FromPartitionKey;
use crate::value::Asset;

/// The key of the partition that the step makes, read as a `K`: a [`TimeWindow`](crate::partition::TimeWindow), a text or what is derived
/// with `#[derive(FromPartitionKey)]`, and a tuple of those for several dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition<K = PartitionKey>(pub K);

impl<K> Deref for Partition<K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.0
    }
}

impl<K: FromPartitionKey> FromStep for Partition<K> {
    fn requirements(requirements: &mut Requirements) {
        requirements.partition_key::<K>();
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        let key = context.partition_values().ok_or("the step has no partition")?;
        Ok(Self(K::from_key(key)?))
    }
}

/// The partitions of an asset that belong to the partition of the step, by key: the fan-in. Which they are follows from the definitions of
/// both, as [`Mapping`](crate::partition::mapping::Mapping) says: the days of a week, the same day, all of an asset for a step without
/// partitions. `#[input(map = …)]` takes others.
pub struct Partitions<A: Asset>(pub BTreeMap<PartitionKey, Arc<A::Value>>);

impl<A: Asset> Deref for Partitions<A> {
    type Target = BTreeMap<PartitionKey, Arc<A::Value>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<A: Asset> FromStep for Partitions<A> {
    fn requirements(requirements: &mut Requirements) {
        requirements.partitions::<A::Value>(A::KEY);
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        context.partitions::<A::Value>(A::KEY).map(Self)
    }
}

impl<A: Asset> fmt::Debug for Partitions<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partitions").field("asset", &A::KEY).field("keys", &self.0.keys()).finish()
    }
}
