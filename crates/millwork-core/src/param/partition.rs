//! The partition a step works on, and the partitions it gathers.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use super::{FromStep, Requirements, StepContext};
use crate::BoxError;
use crate::id::PartitionKey;
use crate::value::Asset;

/// The key of the partition that the step makes, parsed as a `K`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition<K = PartitionKey>(pub K);

impl<K> Deref for Partition<K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.0
    }
}

impl<K> FromStep for Partition<K>
where
    K: FromStr,
    K::Err: fmt::Display,
{
    fn requirements(requirements: &mut Requirements) {
        requirements.partition = true;
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        let key = context.partition().ok_or("the step has no partition")?;
        match key.as_str().parse() {
            Ok(parsed) => Ok(Self(parsed)),
            Err(error) => Err(format!("failed to parse the partition key `{key}`: {error}").into()),
        }
    }
}

/// Every partition of an asset, by key: the fan-in.
pub struct Partitions<A: Asset>(pub BTreeMap<PartitionKey, Arc<A::Value>>);

impl<A: Asset> Deref for Partitions<A> {
    type Target = BTreeMap<PartitionKey, Arc<A::Value>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<A: Asset> FromStep for Partitions<A> {
    fn requirements(requirements: &mut Requirements) {
        requirements.all_partitions::<A::Value>(A::KEY);
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
