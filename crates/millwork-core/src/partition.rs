//! Partitions: one asset, many values, each under a key.
//!
//! A [`PartitionsDefinition`] lists the keys that an asset has. Everything that happens to an asset (a step, an event, a stored value, a
//! request) carries an optional [`PartitionKey`]; an asset without partitions simply never has one. Where both are meant
//! together they are an [`AssetPartition`] or a [`StepPartition`].

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

pub use crate::id::PartitionKey;
use crate::id::{AssetKey, StepKey};
use crate::problem::Problem;

/// The partitions of an asset. Copies share their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionsDefinition {
    /// A fixed list, in its order.
    Static(StaticPartitions),
}

/// A fixed list of partitions, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticPartitions {
    keys: Arc<[PartitionKey]>,
    known: Arc<HashSet<PartitionKey>>,
}

impl PartitionsDefinition {
    /// A fixed list of partitions.
    pub fn fixed<K: Into<PartitionKey>>(keys: impl IntoIterator<Item = K>) -> Self {
        let keys: Arc<[PartitionKey]> = keys.into_iter().map(Into::into).collect();
        let known = Arc::new(keys.iter().cloned().collect());
        Self::Static(StaticPartitions { keys, known })
    }

    /// All keys, in order.
    pub fn keys(&self) -> &[PartitionKey] {
        match self {
            Self::Static(partitions) => &partitions.keys,
        }
    }

    /// Whether `key` is one of the partitions.
    pub fn contains(&self, key: &PartitionKey) -> bool {
        match self {
            Self::Static(partitions) => partitions.known.contains(key),
        }
    }

    /// Some of the keys, for who has named another one.
    pub(crate) fn keys_hint(&self) -> String {
        const SHOWN: usize = 10;
        let keys = self.keys();
        let shown: Vec<String> = keys.iter().take(SHOWN).map(|key| format!("`{key}`")).collect();
        let rest = if keys.len() > SHOWN { ", …" } else { "" };
        format!("it has {}{rest}", shown.join(", "))
    }

    /// Why the definition is invalid; `None` if it is valid.
    pub fn problem(&self) -> Option<Problem> {
        let keys = self.keys();
        if keys.is_empty() {
            return Some(Problem::new("it has no partition"));
        }
        if let Some(problem) = keys.iter().find_map(PartitionKey::problem) {
            return Some(problem);
        }
        let mut seen = HashSet::new();
        let twice = keys.iter().find(|key| !seen.insert(*key));
        twice.map(|key| Problem::new(format!("it has the partition `{key}` twice")))
    }

    /// Whether both have the same keys because they share them.
    pub(crate) fn shares_keys(&self, other: &Self) -> bool {
        let (Self::Static(one), Self::Static(other)) = (self, other);
        Arc::ptr_eq(&one.keys, &other.keys)
    }
}

/// An asset, or one of its partitions. The asset is named by its key, or by its index in a graph.
///
/// ```
/// use millwork_core::AssetPartition;
///
/// let monday: AssetPartition = AssetPartition::new("stories".into(), Some("monday".into()));
/// assert_eq!(monday.to_string(), "stories (monday)");
/// assert_eq!(monday.quoted(), "`stories` (partition `monday`)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetPartition<A = AssetKey> {
    /// The asset, as key or index.
    pub asset: A,
    /// The partition; `None` for an asset without partitions.
    pub partition: Option<PartitionKey>,
}

/// A step, or what it does for one of its partitions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepPartition {
    /// The key of the step.
    pub step: StepKey,
    /// The partition; `None` for a step without partitions.
    pub partition: Option<PartitionKey>,
}

impl<A> AssetPartition<A> {
    /// An asset, or one of its partitions.
    pub fn new(asset: A, partition: Option<PartitionKey>) -> Self {
        Self { asset, partition }
    }
}

impl AssetPartition {
    /// The name within a sentence.
    pub fn quoted(&self) -> String {
        quoted(self.asset.as_str(), self.partition.as_ref())
    }
}

impl StepPartition {
    /// A step, or what it does for one of its partitions.
    pub fn new(step: StepKey, partition: Option<PartitionKey>) -> Self {
        Self { step, partition }
    }

    /// The name within a sentence.
    pub fn quoted(&self) -> String {
        quoted(self.step.as_str(), self.partition.as_ref())
    }
}

impl<A: fmt::Display> fmt::Display for AssetPartition<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, &self.asset, self.partition.as_ref())
    }
}

impl fmt::Display for StepPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, &self.step, self.partition.as_ref())
    }
}

fn write_name(
    f: &mut fmt::Formatter<'_>,
    key: &dyn fmt::Display,
    partition: Option<&PartitionKey>,
) -> fmt::Result {
    match partition {
        Some(partition) => write!(f, "{key} ({partition})"),
        None => write!(f, "{key}"),
    }
}

fn quoted(key: &str, partition: Option<&PartitionKey>) -> String {
    match partition {
        Some(partition) => format!("`{key}` (partition `{partition}`)"),
        None => format!("`{key}`"),
    }
}
