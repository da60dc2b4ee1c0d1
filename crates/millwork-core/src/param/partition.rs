//! The partition a step works on, and the partitions it gathers.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use super::{BatchKey, FromStep, Requirements, StepContext, text_of_key};
use crate::BoxError;
use crate::id::PartitionKey;
use crate::partition::{FromPartitionKey, Key};
use crate::problem::Problem;
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
///
/// A function that is called for many partitions is given those of all of its keys, and finds those of one with [`of`](Self::of) and
/// [`value_of`](Self::value_of).
pub struct Partitions<A: Asset> {
    values: BTreeMap<PartitionKey, Arc<A::Value>>,
    of_keys: Vec<KeyOfCall>,
    /// The places of the keys of a call, by the type as which they are looked up first.
    places: OnceLock<Box<dyn Any + Send + Sync>>,
}

/// One of the keys that a function is called for.
struct KeyOfCall {
    key: Key,
    /// What belongs to it.
    taken: Arc<[Option<PartitionKey>]>,
}

impl<A: Asset> Partitions<A> {
    /// One value for each key, as a function is given them that is called for these keys: for a test of it. The partitions are called as the
    /// keys are.
    pub fn by_key<K: BatchKey>(values: impl IntoIterator<Item = (K, A::Value)>) -> Self {
        let (mut places, mut of_keys, mut by_partition) = (HashMap::new(), Vec::new(), BTreeMap::new());
        for (place, (key, value)) in values.into_iter().enumerate() {
            let text = text_of_key(&key);
            let partition = PartitionKey::from(&*text);
            let (key_of_call, taken) = (Key::texts([text]), Arc::from([Some(partition.clone())]));
            of_keys.push(KeyOfCall { key: key_of_call, taken });
            by_partition.insert(partition, Arc::new(value));
            places.insert(key, place);
        }
        let places: Box<dyn Any + Send + Sync> = Box::new(places);
        Self { values: by_partition, of_keys, places: places.into() }
    }

    /// Of all that were taken, the partitions that belong to one of the keys which the function is called for; none for any other key.
    pub fn of<K: BatchKey>(&self, key: &K) -> impl Iterator<Item = (&PartitionKey, &A::Value)> {
        let taken = self.place(key).map(|place| self.of_keys[place].taken.iter()).into_iter().flatten();
        taken.filter_map(|partition| {
            let (partition, value) = self.values.get_key_value(partition.as_ref()?)?;
            Some((partition, &**value))
        })
    }

    /// The one value that belongs to a key which the function is called for.
    ///
    /// # Errors
    ///
    /// If none or several belong to it, or the function isn't called for it.
    pub fn value_of<K: BatchKey>(&self, key: &K) -> Result<&A::Value, BoxError> {
        let mut values = self.of(key).map(|(_, value)| value);
        let wrong = |count: &str, belong: &str| {
            format!("{count} of `{}` {belong} to the key `{}`", A::KEY, text_of_key(key))
        };
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            (Some(_), Some(_)) => {
                let problem = Problem::new(wrong("several partitions", "belong"));
                Err(problem.with_hint("`of` goes through them").into())
            }
            (None, _) => Err(wrong("no partition", "belongs").into()),
        }
    }

    /// The place of a key among those of the call.
    fn place<K: BatchKey>(&self, key: &K) -> Option<usize> {
        let read = || self.of_keys.iter().map(|of| K::from_key(&of.key).ok());
        let places = self.places.get_or_init(|| {
            let places = read().enumerate().filter_map(|(place, key)| Some((key?, place)));
            Box::new(places.collect::<HashMap<K, usize>>())
        });
        match places.downcast_ref::<HashMap<K, usize>>() {
            Some(places) => places.get(key).copied(),
            None => read().position(|other| other.as_ref() == Some(key)),
        }
    }
}

impl<A: Asset> From<BTreeMap<PartitionKey, Arc<A::Value>>> for Partitions<A> {
    fn from(values: BTreeMap<PartitionKey, Arc<A::Value>>) -> Self {
        Self { values, of_keys: Vec::new(), places: OnceLock::new() }
    }
}

impl<A: Asset> Deref for Partitions<A> {
    type Target = BTreeMap<PartitionKey, Arc<A::Value>>;

    fn deref(&self) -> &Self::Target {
        &self.values
    }
}

impl<A: Asset> FromStep for Partitions<A> {
    fn requirements(requirements: &mut Requirements) {
        requirements.partitions::<A::Value>(A::KEY);
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        let values = context.partitions::<A::Value>(A::KEY)?;
        let keys = context.batch().unwrap_or_default().iter();
        let taken = context.taken(A::KEY).unwrap_or_default().iter();
        let of_keys = keys.zip(taken).map(|((_, key), taken)| {
            let (key, taken) = (key.clone(), taken.clone());
            KeyOfCall { key, taken }
        });
        Ok(Self { of_keys: of_keys.collect(), ..Self::from(values) })
    }
}

impl<A: Asset> fmt::Debug for Partitions<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partitions").field("asset", &A::KEY).field("keys", &self.values.keys()).finish()
    }
}
