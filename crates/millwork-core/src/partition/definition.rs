//! A fixed list of partitions, as definitions of assets have it.

use std::collections::HashSet;
use std::sync::Arc;

use crate::id::PartitionKey;
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
