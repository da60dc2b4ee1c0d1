//! One call of a function for many partitions: the keys that it is called for, and what it returns for each.

use std::any::Any;
use std::fmt;
use std::hash::Hash;
use std::ops::Deref;

use super::{FromStep, Requirements, StepContext};
use crate::BoxError;
use crate::id::PartitionKey;
use crate::partition::{FromPartitionKey, TimeWindow};

/// The keys of the partitions that one call makes, in their order, each read as a `K` as by [`Partition<K>`](super::Partition). A function
/// that takes them returns a [`Batch`]: something for each key.
///
/// ```
/// use millwork_core::{Batch, PartitionKeys};
///
/// fn lengths(countries: PartitionKeys<String>) -> Batch<String, usize> {
///     countries.map(|country| country.len())
/// }
/// let made = lengths(["de", "fra"].map(String::from).into());
/// assert_eq!(made.get("fra"), Some(&3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionKeys<K = PartitionKey>(Vec<K>);

/// What one call made, by partition: a value, a `Result` or whatever else a function may return for one partition. Each partition succeeds or
/// fails by itself. A key that was asked for and is not in it fails.
///
/// ```
/// use millwork_core::{BoxError, Batch};
///
/// let batch: Batch<&str, Result<u32, BoxError>> = [("de", Ok(1)), ("fr", Err("no data".into()))].into_iter().collect();
/// assert_eq!(batch.len(), 2);
/// assert!(batch.get("fr").unwrap().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<K, T>(Vec<(K, T)>);

/// A type by which what a [`Batch`] has is matched with the keys that were asked for.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a batch",
    label = "not a key that can be compared",
    note = "the key of a `Batch` is a partition key with `Eq`, `Hash` and `Debug`: add `#[derive(Debug, PartialEq, Eq, Hash, FromPartitionKey)]`"
)]
pub trait BatchKey: FromPartitionKey + Eq + Hash + fmt::Debug + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<K: FromPartitionKey + Eq + Hash + fmt::Debug + Send + Sync + 'static> BatchKey for K {}

impl<K> PartitionKeys<K> {
    /// Makes something for each key, in their order.
    pub fn map<T>(self, mut make: impl FnMut(&K) -> T) -> Batch<K, T> {
        let make = |key| {
            let made = make(&key);
            (key, made)
        };
        self.0.into_iter().map(make).collect()
    }

    /// The keys as a list: `days.into_vec().into_par_iter()` works on them in parallel.
    pub fn into_vec(self) -> Vec<K> {
        self.0
    }
}

impl<K> Deref for PartitionKeys<K> {
    type Target = [K];

    fn deref(&self) -> &[K] {
        &self.0
    }
}

impl<K> IntoIterator for PartitionKeys<K> {
    type Item = K;
    type IntoIter = std::vec::IntoIter<K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K> IntoIterator for &'a PartitionKeys<K> {
    type Item = &'a K;
    type IntoIter = std::slice::Iter<'a, K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<K> FromIterator<K> for PartitionKeys<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl<K, const N: usize> From<[K; N]> for PartitionKeys<K> {
    fn from(keys: [K; N]) -> Self {
        keys.into_iter().collect()
    }
}

impl<K: FromPartitionKey> FromStep for PartitionKeys<K> {
    fn requirements(requirements: &mut Requirements) {
        requirements.partition_keys::<K>();
    }

    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        let keys = context.batch().ok_or("the step is called for one partition at a time")?;
        keys.iter().map(|(_, key)| Ok(K::from_key(key)?)).collect()
    }
}

impl<K, T> Batch<K, T> {
    /// A batch without anything in it.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds what was made for a key.
    pub fn insert(&mut self, key: K, made: T) {
        self.0.push((key, made));
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys, each with what was made for it, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &T)> {
        self.0.iter().map(|(key, made)| (key, made))
    }

    /// What was made for a key; of several, the first.
    pub fn get<Q: PartialEq + ?Sized>(&self, key: &Q) -> Option<&T>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.iter().find(|(other, _)| (*other).borrow() == key).map(|(_, made)| made)
    }
}

impl<K, T> Default for Batch<K, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, T> From<Vec<(K, T)>> for Batch<K, T> {
    fn from(made: Vec<(K, T)>) -> Self {
        Self(made)
    }
}

impl<K, T> FromIterator<(K, T)> for Batch<K, T> {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(made: I) -> Self {
        Self(made.into_iter().collect())
    }
}

impl<K, T> Extend<(K, T)> for Batch<K, T> {
    fn extend<I: IntoIterator<Item = (K, T)>>(&mut self, made: I) {
        self.0.extend(made);
    }
}

impl<K, T> IntoIterator for Batch<K, T> {
    type Item = (K, T);
    type IntoIter = std::vec::IntoIter<(K, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A key in words.
pub(crate) fn text_of_key<K: BatchKey>(key: &K) -> String {
    match (key as &dyn Any).downcast_ref::<TimeWindow>() {
        Some(window) => window.label().to_owned(),
        None => format!("{key:?}").trim_matches('"').to_owned(),
    }
}
