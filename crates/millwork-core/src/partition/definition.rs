//! Which partitions an asset has.

use std::collections::BTreeSet;

use super::PartitionKey;

/// The partitions of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartitionsDefinition {
    /// A fixed list, in its order.
    Static(Vec<PartitionKey>),
}

impl PartitionsDefinition {
    /// A fixed list of partitions.
    pub fn fixed<K: Into<PartitionKey>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self::Static(keys.into_iter().map(Into::into).collect())
    }

    /// All keys, in order.
    pub fn keys(&self) -> &[PartitionKey] {
        match self {
            Self::Static(keys) => keys,
        }
    }

    /// Whether `key` is one of the partitions.
    pub fn contains(&self, key: &PartitionKey) -> bool {
        match self {
            Self::Static(keys) => keys.contains(key),
        }
    }

    /// What is wrong with the definition, if anything.
    pub fn problem(&self) -> Option<String> {
        let keys = self.keys();
        if keys.is_empty() {
            return Some("it has no partition".into());
        }
        let mut seen = BTreeSet::new();
        keys.iter().find(|key| !seen.insert(*key)).map(|key| format!("it has the partition `{key}` twice"))
    }
}
